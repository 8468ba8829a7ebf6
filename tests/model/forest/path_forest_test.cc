#include "model/forest/path_forest.h"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/booster.h"
#include "model/forest/forest_json.h"
#include "tests/support/random_forest.h"
#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

std::vector<float> Contributions(const PathForest& paths,
                                 absl::Span<const float> row) {
  std::vector<float> contributions(row.size() + 1);
  const absl::Status status =
      paths.Contributions(row, absl::MakeSpan(contributions));
  EXPECT_TRUE(status.ok()) << status;
  return contributions;
}

// What a tree says on average of a row of which only `known` columns are known.
double Expected(const ForestTree& tree, std::int32_t at, const float* row,
                unsigned known) {
  const ForestNode& node = tree.nodes[static_cast<std::size_t>(at)];
  if (node.is_leaf()) return node.value;
  const auto next = [&](std::int32_t child) {
    return Expected(tree, child, row, known);
  };
  if (known >> node.column & 1) {
    const float value = row[node.column];
    const bool left =
        std::isnan(value) ? node.default_left : value < node.value;
    return next(left ? node.left : node.right);
  }
  const double left = tree.nodes[static_cast<std::size_t>(node.left)].cover;
  const double right = tree.nodes[static_cast<std::size_t>(node.right)].cover;
  return (left * next(node.left) + right * next(node.right)) / (left + right);
}

// Shapley's definition: over every subset of the other columns.
std::vector<double> NaiveContributions(const Forest& forest, const float* row) {
  const auto columns = static_cast<unsigned>(forest.columns);
  std::vector<double> value(std::size_t{1} << columns, forest.base_margin);
  for (unsigned known = 0; known < value.size(); ++known) {
    for (const ForestTree& tree : forest.trees) {
      value[known] += Expected(tree, 0, row, known);
    }
  }
  std::vector<double> contributions(columns + 1, 0.0);
  for (unsigned column = 0; column < columns; ++column) {
    for (unsigned known = 0; known < value.size(); ++known) {
      if (known >> column & 1) continue;
      const auto others = static_cast<unsigned>(std::popcount(known));
      const double weight = std::tgamma(others + 1) *
                            std::tgamma(columns - others) /
                            std::tgamma(columns + 1);
      contributions[column] +=
          weight * (value[known | 1u << column] - value[known]);
    }
  }
  contributions[columns] = value[0];
  return contributions;
}

TEST(PathForest, GivesShapleysValuesByDefinition) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RandomForestShape shape;
    shape.trees = 3;
    shape.columns = 8;
    shape.depth_max = 1 + static_cast<int>(seed % 9);
    const Forest forest = RandomForest(shape, seed);
    const PathForest paths = *PathForest::Compile(forest);
    const std::vector<float> rows = RandomRows(forest, 5, 0.2, seed);
    for (int r = 0; r < 5; ++r) {
      const auto row =
          absl::MakeConstSpan(rows).subspan(static_cast<std::size_t>(8 * r), 8);
      const std::vector<double> expected =
          NaiveContributions(forest, row.data());
      const std::vector<float> found = Contributions(paths, row);
      for (std::size_t c = 0; c < expected.size(); ++c) {
        ASSERT_NEAR(found[c], expected[c], 1e-6)
            << "seed " << seed << ", row " << r << ", column " << c;
      }
    }
  }
}

TEST(PathForest, EqualsXGBoostAndAddsUpToTheMargin) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    RandomForestShape shape;
    shape.trees = 60;
    shape.columns = 40;
    shape.odd_thresholds = false;
    shape.depth_max = 2 * static_cast<int>(seed);
    shape.leaf_share = seed > 4 ? 0.35 : 0.1;
    const std::string json = ForestJson(RandomForest(shape, seed));
    const Forest forest = *ReadForestJson(json, shape.columns);
    const Booster booster = *Booster::Load(json, shape.columns);
    const PathForest paths = *PathForest::Compile(forest);
    std::vector<float> rows = RandomRows(forest, 20, 0.2, seed);
    for (float& cell : rows) {  // XGBoost explains no infinities.
      if (std::isinf(cell)) cell = std::copysign(1e30f, cell);
    }
    for (int r = 0; r < 20; ++r) {
      const auto row = absl::MakeConstSpan(rows).subspan(
          static_cast<std::size_t>(40 * r), 40);
      std::vector<float> expected(41);
      ASSERT_TRUE(booster.Contributions(row, absl::MakeSpan(expected)).ok());
      const std::vector<float> found = Contributions(paths, row);
      double sum = 0;
      for (std::size_t c = 0; c < expected.size(); ++c) {
        ASSERT_NEAR(found[c], expected[c], 1e-5)
            << "seed " << seed << ", row " << r << ", column " << c;
        sum += static_cast<double>(found[c]);
      }
      float margin = 0;
      ASSERT_TRUE(booster.PredictMargins(row, absl::MakeSpan(&margin, 1)).ok());
      EXPECT_NEAR(sum, margin, 1e-5);
    }
  }
}

TEST(PathForest, ExplainsAForestThatWasFitted) {
  const FittedModel model = ToyModel(5, 7);
  const TrainingMatrix rows = ToyRows(60, 5, 99);
  const PathForest paths =
      *PathForest::Compile(*ReadForestJson(model.forest.model_json, 5));
  const Booster booster = *Booster::Load(model.forest.model_json, 5);
  for (int r = 0; r < 60; ++r) {
    std::vector<float> expected(6);
    ASSERT_TRUE(
        booster.Contributions(rows.row(r), absl::MakeSpan(expected)).ok());
    const std::vector<float> found = Contributions(paths, rows.row(r));
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_NEAR(found[c], expected[c], 1e-5) << "row " << r;
    }
  }
}

TEST(PathForest, GivesTheSameBitsOnEveryProcessor) {
  RandomForestShape shape;
  shape.depth_max = 9;
  const Forest forest = RandomForest(shape, 3);
  const std::vector<float> rows = RandomRows(forest, 50, 0.1, 4);
  const PathForest portable = *PathForest::Compile(forest, CpuLevel::kPortable);
  for (const CpuLevel cpu : {CpuLevel::kAvx2, CpuLevel::kAvx512}) {
    const PathForest paths = *PathForest::Compile(forest, cpu);
    for (std::size_t r = 0; r < 50; ++r) {
      const auto row = absl::MakeConstSpan(rows).subspan(10 * r, 10);
      const std::vector<float> a = Contributions(portable, row);
      const std::vector<float> b = Contributions(paths, row);
      for (std::size_t c = 0; c < a.size(); ++c) {
        EXPECT_EQ(std::bit_cast<std::uint32_t>(a[c]),
                  std::bit_cast<std::uint32_t>(b[c]));
      }
    }
  }
}

TEST(PathForest, StaysFiniteWhereNoTrainingRowWent) {
  RandomForestShape shape;
  shape.leaf_share = 0;
  Forest forest = RandomForest(shape, 5);
  for (ForestTree& tree : forest.trees) {
    for (std::size_t n = 1; n < tree.nodes.size(); n += 3) {
      tree.nodes[n].cover = 0;
    }
  }
  const PathForest paths = *PathForest::Compile(forest);
  const std::vector<float> rows = RandomRows(forest, 20, 0.1, 6);
  for (std::size_t r = 0; r < 20; ++r) {
    for (const float one :
         Contributions(paths, absl::MakeConstSpan(rows).subspan(10 * r, 10))) {
      EXPECT_TRUE(std::isfinite(one));
    }
  }
}

TEST(PathForest, NamesTheNodeWhoseCoverIsNoNumber) {
  for (const float cover : {-1.0f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
    for (const std::size_t node : {0u, 2u}) {
      RandomForestShape shape;
      shape.leaf_share = 0;
      Forest forest = RandomForest(shape, 5);
      forest.trees[4].nodes[node].cover = cover;
      const absl::Status status = PathForest::Compile(forest).status();
      EXPECT_TRUE(absl::IsInvalidArgument(status));
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr(absl::StrCat("tree 4, node ", node,
                                         ": its sum_hessian is ")));
    }
  }
}

TEST(PathForest, RefusesARowOfAnotherWidth) {
  const PathForest paths = *PathForest::Compile(RandomForest({}, 1));
  std::vector<float> row(9), out(11), bias(2);
  EXPECT_TRUE(
      absl::IsInvalidArgument(paths.Contributions(row, absl::MakeSpan(out))));
  Forest empty;
  empty.base_margin = 0.25f;
  const PathForest nothing = *PathForest::Compile(empty);
  EXPECT_TRUE(nothing.Contributions({}, absl::MakeSpan(bias).first(1)).ok());
  EXPECT_EQ(bias[0], 0.25f);
}

}  // namespace
}  // namespace tenuto
