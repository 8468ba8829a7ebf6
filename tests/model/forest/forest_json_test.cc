#include "model/forest/forest_json.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/booster.h"
#include "model/forest/compiled_forest.h"
#include "tests/support/random_forest.h"
#include "tests/support/toy_forest.h"
#include "training/trainer.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr int kColumns = 10;

std::string GoodJson() {
  RandomForestShape shape;
  shape.leaf_share = 0;  // The first node is a split.
  return ForestJson(RandomForest(shape, 1));
}

// GoodJson() with the first `from` replaced.
std::string Altered(const std::string& from, const std::string& to) {
  std::string json = GoodJson();
  const std::size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

std::string Refusal(const std::string& json) {
  const auto forest = ReadForestJson(json, kColumns);
  EXPECT_FALSE(forest.ok());
  EXPECT_EQ(forest.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(forest.status().message());
}

TEST(ForestJson, ReadsEveryFloatBitForBit) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const Forest written = RandomForest({}, seed);
    const auto read = ReadForestJson(ForestJson(written), kColumns);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->trees.size(), written.trees.size());
    for (std::size_t t = 0; t < written.trees.size(); ++t) {
      ASSERT_EQ(read->trees[t].nodes.size(), written.trees[t].nodes.size());
      for (std::size_t n = 0; n < written.trees[t].nodes.size(); ++n) {
        const ForestNode& a = written.trees[t].nodes[n];
        const ForestNode& b = read->trees[t].nodes[n];
        EXPECT_EQ(a.left, b.left);
        EXPECT_EQ(a.right, b.right);
        EXPECT_EQ(a.column, b.column);
        EXPECT_EQ(a.default_left, b.default_left);
        EXPECT_EQ(std::bit_cast<std::uint32_t>(a.value),
                  std::bit_cast<std::uint32_t>(b.value));
      }
    }
  }
}

TEST(ForestJson, ReadsWhatXgboostTrains) {
  ForestOptions options;
  options.rounds = 60;
  options.depth = 5;
  options.child_weight_min = 0.1;
  const TrainingMatrix train = ToyRows(1'500, 12, 3);
  const auto trained = TrainForest(train, nullptr, options);
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto forest = ReadForestJson(trained->model_json, 12);
  ASSERT_TRUE(forest.ok()) << forest.status();
  EXPECT_EQ(forest->trees.size(), 60u);
  const auto booster = Booster::Load(trained->model_json, 12);
  ASSERT_TRUE(booster.ok());
  const auto compiled = CompiledForest::Compile({&*forest, 1});
  ASSERT_TRUE(compiled.ok());
  const TrainingMatrix rows = ToyRows(1'000, 12, 4);
  std::vector<float> expected(1'000), margins(1'000);
  std::vector<std::byte> scratch(compiled->ScratchBytes());
  ASSERT_TRUE(
      booster->PredictMargins(rows.values, absl::MakeSpan(expected)).ok());
  ASSERT_TRUE(compiled
                  ->PredictMargins(rows.values, absl::MakeSpan(margins),
                                   absl::MakeSpan(scratch))
                  .ok());
  EXPECT_EQ(margins, expected);
}

TEST(ForestJson, StartsFromXgboostsBaseMargin) {
  Forest leaf;
  leaf.columns = 1;
  leaf.trees.push_back({{ForestNode()}});
  for (const char* objective :
       {"binary:logistic", "reg:logistic", "binary:logitraw", "count:poisson",
        "reg:gamma", "reg:tweedie", "reg:squarederror", "reg:absoluteerror",
        "reg:pseudohubererror"}) {
    for (const char* score : {"5E-1", "3.1415927E-2", "9.999E-1", "1.25E-7"}) {
      SCOPED_TRACE(absl::StrCat(objective, " ", score));
      const std::string json = ForestJson(leaf, score, objective);
      const auto booster = Booster::Load(json, 1);
      ASSERT_TRUE(booster.ok()) << booster.status();
      float expected = 0;
      const float row = 0;
      ASSERT_TRUE(booster
                      ->PredictMargins(absl::MakeConstSpan(&row, 1),
                                       absl::MakeSpan(&expected, 1))
                      .ok());
      const auto forest = ReadForestJson(json, 1);
      ASSERT_TRUE(forest.ok()) << forest.status();
      EXPECT_EQ(forest->base_margin, expected);
    }
  }
}

TEST(ForestJson, ReadsWhatLaterVersionsWrite) {
  const std::string json = absl::StrReplaceAll(
      GoodJson(),
      {{R"("base_score":"5E-1")", R"("base_score":"[5E-1]")"},
       {R"("size_leaf_vector":"0"}})", R"("size_leaf_vector":"1"}})"},
       {R"("version":[1,7,4])", R"("version":[3,0,0])"},
       {R"("name":"gbtree")",
        R"("name":"gbtree","iteration_indptr":[0,1,2])"}});
  const auto later = ReadForestJson(json, kColumns);
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->base_margin,
            ReadForestJson(GoodJson(), kColumns)->base_margin);
}

TEST(ForestJson, RefusesByNameWhatNoEngineComputes) {
  EXPECT_THAT(Refusal(Altered(R"("name":"gbtree")", R"("name":"dart")")),
              HasSubstr("dart is not supported: it weighs each tree"));
  EXPECT_THAT(Refusal(Altered(R"("name":"gbtree")", R"("name":"gblinear")")),
              HasSubstr("\"gblinear\" is not supported"));
  EXPECT_THAT(Refusal(Altered("binary:logistic", "multi:softprob")),
              HasSubstr("multi:softprob is not supported"));
  EXPECT_THAT(Refusal(Altered(R"("num_class":"0")", R"("num_class":"3")")),
              HasSubstr("num_class: 3; only one output"));
  EXPECT_THAT(Refusal(Altered(R"("num_target":"1")", R"("num_target":"2")")),
              HasSubstr("num_target: 2"));
  EXPECT_THAT(Refusal(Altered(R"("tree_info":[0)", R"("tree_info":[1)")),
              HasSubstr("several outputs"));
  EXPECT_THAT(Refusal(Altered(R"("split_type":[0)", R"("split_type":[1)")),
              HasSubstr("tree 0, node 0: a categorical split"));
  EXPECT_THAT(Refusal(Altered(R"("size_leaf_vector":"0"}})",
                              R"("size_leaf_vector":"4"}})")),
              HasSubstr("tree 0: its leaves hold 4 values"));
}

TEST(ForestJson, RefusesParametersThatMakeNoMargin) {
  EXPECT_THAT(Refusal(Altered("5E-1", "1.5E0")), HasSubstr("between 0 and 1"));
  EXPECT_THAT(Refusal(Altered("5E-1", "[5E-1,5E-1]")),
              HasSubstr("is not one number"));
  EXPECT_THAT(Refusal(Altered("5E-1", "NaN")), HasSubstr("base_score"));
  EXPECT_THAT(Refusal(Altered(R"("num_feature":"10","num_target")",
                              R"("num_feature":"11","num_target")")),
              HasSubstr("reads 11 columns, the manifest lists 10"));
}

TEST(ForestJson, NamesTheTreeAndNodeThatIsDamaged) {
  EXPECT_THAT(
      Refusal(Altered(R"("left_children":[1)", R"("left_children":[9999)")),
      HasSubstr("tree 0, node 0: links to node 9999"));
  EXPECT_THAT(
      Refusal(Altered(R"("left_children":[1)", R"("left_children":[-7)")),
      HasSubstr("tree 0, node 0: links to node -7"));
  // A split with one child is no leaf.
  EXPECT_THAT(
      Refusal(Altered(R"("left_children":[1)", R"("left_children":[-1)")),
      HasSubstr("tree 0, node 0: links to node -1"));
  EXPECT_THAT(
      Refusal(Altered(R"("left_children":[1)", R"("left_children":[1e1)")),
      HasSubstr("tree 0, node 0: its left_children is 1e1"));
  EXPECT_THAT(Refusal(Altered(R"("split_indices":[)",
                              R"("split_indices":[4294967295,)")),
              HasSubstr("tree 0, node"));
  EXPECT_THAT(Refusal(Altered(R"("split_conditions":[)",
                              R"("split_conditions":[NaN,)")),
              HasSubstr("split_conditions"));
  EXPECT_THAT(Refusal(Altered(R"("default_left":[)", R"("default_left":[2,)")),
              HasSubstr("its default_left is 2"));
}

// XGBoost would add them in the order of their ids, and floats add up to other
// bits in another order.
TEST(ForestJson, RefusesTreesOutOfTheOrderOfTheirIds) {
  EXPECT_THAT(
      Refusal(absl::StrReplaceAll(GoodJson(), {{R"("id":3,)", R"("id":7,)"},
                                               {R"("id":7,)", R"("id":3,)"}})),
      HasSubstr("tree 3: its id is 7"));
  EXPECT_THAT(Refusal(Altered(R"("id":0,)", R"("id":-1,)")),
              HasSubstr("tree 0: its id is -1"));
  EXPECT_THAT(Refusal(Altered(R"("id":0,)", R"("id":"0",)")),
              HasSubstr("tree 0: its id is \"0\""));
  EXPECT_TRUE(
      ReadForestJson(Altered(R"("id":0,)", R"("other":9,)"), kColumns).ok());
}

TEST(ForestJson, RefusesWhatIsCutShort) {
  RandomForestShape shape;
  shape.trees = 2;
  shape.depth_max = 2;
  const std::string json = ForestJson(RandomForest(shape, 2));
  ASSERT_TRUE(ReadForestJson(json, kColumns).ok());
  for (std::size_t size = 0; size < json.size(); ++size) {
    EXPECT_FALSE(ReadForestJson(json.substr(0, size), kColumns).ok()) << size;
  }
}

TEST(ForestJson, RefusesTextBetweenItsParts) {
  // Found by the fuzzer: a look-up by name would read on behind the damage.
  EXPECT_FALSE(ReadForestJson(Altered(R"(]},"name":"gbtree")",
                                      R"(]______},"name":"gbtree")"),
                              kColumns)
                   .ok());
}

TEST(ForestJson, RefusesAModelWithoutItsFields) {
  EXPECT_THAT(Refusal("{}"), HasSubstr("\"\" is not supported"));
  for (const char* field : {"base_score", "learner_model_param", "objective",
                            "trees", "tree_info"}) {
    EXPECT_THAT(Refusal(Altered(absl::StrCat("\"", field, "\""), "\"other\"")),
                HasSubstr("the model's"))
        << field;
  }
}

TEST(ForestJson, OfAlteredBytesIsAnErrorOrAForestThatScores) {
  RandomForestShape shape;
  shape.trees = 3;
  shape.depth_max = 3;
  const std::string json = ForestJson(RandomForest(shape, 3));
  constexpr char kBytes[] = "0123456789-,.[]{}\":eENa \\\x01\x80";
  for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
    std::mt19937_64 random(seed);
    std::string altered = json;
    for (std::uint64_t k = 0; k <= seed % 3; ++k) {
      altered[random() % altered.size()] = kBytes[random() % (sizeof kBytes)];
    }
    const auto forest = ReadForestJson(altered, kColumns);
    if (!forest.ok()) continue;
    const auto compiled = CompiledForest::Compile({&*forest, 1});
    ASSERT_TRUE(compiled.ok()) << "seed " << seed;
    const auto rows = RandomRows(*forest, 3, 0.1, seed);
    std::vector<float> margins(3);
    std::vector<std::byte> scratch(compiled->ScratchBytes());
    ASSERT_TRUE(compiled
                    ->PredictMargins(rows, absl::MakeSpan(margins),
                                     absl::MakeSpan(scratch))
                    .ok());
    for (const float margin : margins) ASSERT_TRUE(std::isfinite(margin));
  }
}

}  // namespace
}  // namespace tenuto
