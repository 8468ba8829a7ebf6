#include "model/explainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/random_forest.h"
#include "tests/support/toy_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kWidth = 6;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// In a row of ones column k contributes shares[k]: a stump for each, whose
// leaves mean 0 over as many rows on either side.
FittedModel ModelOfShares(const std::vector<float>& shares) {
  Forest forest;
  forest.columns = static_cast<int>(shares.size());
  for (std::size_t k = 0; k < shares.size(); ++k) {
    ForestTree& tree = forest.trees.emplace_back();
    tree.nodes.resize(3);
    tree.nodes[0].left = 1;
    tree.nodes[0].right = 2;
    tree.nodes[0].column = static_cast<std::int32_t>(k);
    tree.nodes[0].value = 0.5f;
    tree.nodes[1].value = -shares[k];
    tree.nodes[2].value = shares[k];
    tree.nodes[0].cover = 1'000;
    tree.nodes[1].cover = tree.nodes[2].cover = 500;
  }
  FittedModel model;
  model.forest.model_json = ForestJson(forest);
  model.forest.trees = static_cast<int>(shares.size());
  model.calibration.set_slope(1);
  model.calibration.set_probability_min(1e-4);
  model.calibration.set_probability_max(1 - 1e-4);
  return model;
}

class ExplainerTest : public testing::Test {
 protected:
  std::shared_ptr<const ModelBundle> Bundle(const v1::Manifest& manifest) {
    return Bundle(manifest, ToyModel(manifest.columns_size(), 1));
  }
  std::shared_ptr<const ModelBundle> Bundle(const v1::Manifest& manifest,
                                            const FittedModel& model) {
    auto written = WriteBundle(scratch_.path(), manifest, model, 1);
    EXPECT_TRUE(written.ok()) << written.status();
    auto bundle = ModelBundle::Open(written->directory, Catalogue::Embedded());
    EXPECT_TRUE(bundle.ok()) << bundle.status();
    return *std::move(bundle);
  }
  static Explanation Explained(const ModelBundle& bundle,
                               const std::vector<float>& row, int reasons) {
    auto explanation = Explain(bundle, row, reasons);
    EXPECT_TRUE(explanation.ok()) << explanation.status();
    return *std::move(explanation);
  }
  const ScratchDirectory scratch_;
};

// Column 0 drives the toy label up, column 1 down.
TEST_F(ExplainerTest, OrdersColumnsBySizeAndAccountsForTheWholeMargin) {
  const auto bundle = Bundle(ToyManifest("churn", kWidth));
  const std::vector<float> row = {9, 1, 5, kNaN, 2, 7};
  const Explanation explanation = Explained(*bundle, row, 5);
  ASSERT_EQ(explanation.columns.size(), static_cast<std::size_t>(kWidth));
  double sum = explanation.bias;
  float last = std::numeric_limits<float>::infinity();
  for (const ExplainedColumn& column : explanation.columns) {
    EXPECT_LE(std::abs(column.contribution), last);
    last = std::abs(column.contribution);
    sum += column.contribution;
  }
  std::vector<Score> score(1);
  ASSERT_TRUE(bundle->ScoreRows(row, absl::MakeSpan(score)).ok());
  EXPECT_NEAR(sum, score[0].margin, 1e-4);
}

TEST_F(ExplainerTest, SpeaksTheSentenceOfTheSignWithTheValue) {
  const auto bundle = Bundle(ToyManifest("churn", kWidth));
  const Catalogue& catalogue = Catalogue::Embedded();
  for (const bool leaving : {true, false}) {
    const std::vector<float> row = leaving
                                       ? std::vector<float>{9, 1, 5, 5, 5, 5}
                                       : std::vector<float>{1, 9, 5, 5, 5, 5};
    const Explanation explanation = Explained(*bundle, row, 1);
    const ExplainedColumn& top = explanation.columns[0];
    EXPECT_EQ(top.contribution > 0, leaving);
    const Feature* feature = catalogue.FindFeature(top.feature);
    ASSERT_NE(feature, nullptr);
    ASSERT_EQ(explanation.reasons.size(), 1u);
    EXPECT_EQ(
        explanation.reasons[0],
        (leaving ? feature->reason_raises_risk : feature->reason_lowers_risk) +
            " (" + std::to_string(static_cast<int>(top.value)) + ")");
    EXPECT_EQ(top.family, feature->declaration.family());
  }
}

TEST_F(ExplainerTest, LeavesAMissingValueOutOfTheSentence) {
  const auto bundle = Bundle(ToyManifest("churn", kWidth));
  const Explanation explanation =
      Explained(*bundle, std::vector<float>(kWidth, kNaN), 5);
  ASSERT_FALSE(explanation.reasons.empty());
  for (const std::string& reason : explanation.reasons) {
    EXPECT_THAT(reason, Not(EndsWith(")")));
    EXPECT_THAT(reason, Not(HasSubstr("nan")));
  }
}

TEST_F(ExplainerTest, GivesAFamilyOneReason) {
  v1::Manifest manifest = ToyManifest("churn", 30);
  const auto bundle = Bundle(manifest);
  const Explanation explanation =
      Explained(*bundle, std::vector<float>(30, 8.0f), 30);
  std::set<std::string> families;
  for (const ExplainedColumn& column : explanation.columns) {
    if (column.contribution != 0) families.insert(column.family);
  }
  EXPECT_EQ(explanation.reasons.size(), families.size());
  EXPECT_EQ(std::set<std::string>(explanation.reasons.begin(),
                                  explanation.reasons.end())
                .size(),
            explanation.reasons.size());
}

// A manifest of catalogue features, `counts` of each of the first families that
// have so many.
v1::Manifest ManifestOfFamilies(const std::vector<std::size_t>& counts) {
  std::map<std::string, std::vector<const Feature*>> families;
  for (const Feature& feature : Catalogue::Embedded().features()) {
    families[feature.declaration.family()].push_back(&feature);
  }
  v1::Manifest manifest = ToyManifest("families", 0);
  auto family = families.begin();
  for (const std::size_t count : counts) {
    while (family->second.size() < count) ++family;
    for (std::size_t k = 0; k < count; ++k) {
      v1::Column& column = *manifest.add_columns();
      column.set_name(family->second[k]->name);
      column.set_fingerprint(family->second[k]->fingerprint);
    }
    ++family;
  }
  return manifest;
}

std::string SentenceOf(const v1::Manifest& manifest, int column, bool raises) {
  const Feature& feature =
      *Catalogue::Embedded().FindFeature(manifest.columns(column).name());
  return (raises ? feature.reason_raises_risk : feature.reason_lowers_risk) +
         " (1)";
}

TEST_F(ExplainerTest, SpeaksForTheSumOfAFamily) {
  const v1::Manifest manifest = ManifestOfFamilies({3});
  const std::vector<float> row(3, 1.0f);
  const Explanation raised = Explained(
      *Bundle(manifest, ModelOfShares({0.30f, 0.30f, -0.55f})), row, 5);
  EXPECT_THAT(raised.reasons, ElementsAre(SentenceOf(manifest, 0, true)));
  // The columns are still listed one by one, the largest first.
  ASSERT_EQ(raised.columns.size(), 3u);
  EXPECT_EQ(raised.columns[0].feature, manifest.columns(2).name());
  EXPECT_NEAR(raised.columns[0].contribution, -0.55, 1e-6);
  EXPECT_NEAR(raised.columns[2].contribution, 0.30, 1e-6);

  EXPECT_THAT(
      Explained(*Bundle(manifest, ModelOfShares({-0.3f, 0.5f, -0.31f})), row, 5)
          .reasons,
      ElementsAre(SentenceOf(manifest, 2, false)));
  EXPECT_THAT(
      Explained(*Bundle(manifest, ModelOfShares({0.25f, 0, -0.25f})), row, 5)
          .reasons,
      testing::IsEmpty());
}

TEST_F(ExplainerTest, OrdersFamiliesByTheirSums) {
  const v1::Manifest manifest = ManifestOfFamilies({2, 1, 2});
  const auto bundle =
      Bundle(manifest, ModelOfShares({0.5f, -0.45f, -0.4f, 0.25f, 0.3f}));
  const std::vector<float> row(5, 1.0f);
  EXPECT_THAT(
      Explained(*bundle, row, 5).reasons,
      ElementsAre(SentenceOf(manifest, 4, true), SentenceOf(manifest, 2, false),
                  SentenceOf(manifest, 0, true)));
  EXPECT_THAT(Explained(*bundle, row, 1).reasons,
              ElementsAre(SentenceOf(manifest, 4, true)));
}

TEST_F(ExplainerTest, GivesNoMoreReasonsThanAsked) {
  const auto bundle = Bundle(ToyTableManifest("table", kWidth));
  const std::vector<float> row = {9, 1, 5, 5, 5, 5};
  EXPECT_TRUE(Explained(*bundle, row, 0).reasons.empty());
  EXPECT_TRUE(Explained(*bundle, row, -1).reasons.empty());
  EXPECT_EQ(Explained(*bundle, row, 2).reasons.size(), 2u);
}

TEST_F(ExplainerTest, SaysTableCellsAsTheTableHasThem) {
  v1::Manifest manifest = ToyTableManifest("table", 2);
  const auto bundle = Bundle(manifest);
  EXPECT_THAT(Explained(*bundle, {9.25f, 1}, 2).reasons,
              testing::UnorderedElementsAre("column_0 = 9.25 raises the risk",
                                            "column_1 = 1 raises the risk"));
  EXPECT_THAT(Explained(*bundle, {kNaN, 9}, 2).reasons,
              testing::Contains("column_1 = 9 lowers the risk"));

  manifest = ToyTableManifest("coded", 2);
  v1::TableColumn& plan = *manifest.mutable_columns(0)->mutable_table();
  plan.set_type(v1::COLUMN_TYPE_CATEGORY);
  for (int k = 0; k < 9; ++k) plan.add_categories("plan" + std::to_string(k));
  plan.add_categories("family");
  v1::TableColumn& since = *manifest.mutable_columns(1)->mutable_table();
  since.set_type(v1::COLUMN_TYPE_DATE);
  EXPECT_THAT(
      Explained(*Bundle(manifest), {9, 0.5f}, 2).reasons,
      testing::UnorderedElementsAre("column_0 = family raises the risk",
                                    "column_1 = 1970-01-01 raises the risk"));
}

TEST_F(ExplainerTest, CountsOneHotColumnsOfOneSourceAsOneSubject) {
  v1::Manifest manifest = ToyTableManifest("hot", 2);
  for (int k = 0; k < 2; ++k) {
    v1::TableColumn& table = *manifest.mutable_columns(k)->mutable_table();
    table.set_type(v1::COLUMN_TYPE_ONE_HOT);
    table.set_source("plan");
    table.set_equals(k == 0 ? "student" : "duo");
  }
  EXPECT_THAT(Explained(*Bundle(manifest), {9, 9}, 5).reasons.size(), 1u);
  const auto reasons = Explained(*Bundle(manifest), {0, 0}, 5).reasons;
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_THAT(reasons[0], testing::StartsWith("plan other than "));
}

TEST_F(ExplainerTest, RefusesARowOfAnotherWidth) {
  const auto bundle = Bundle(ToyManifest("churn", kWidth));
  EXPECT_EQ(Explain(*bundle, std::vector<float>(kWidth + 1), 3).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tenuto
