#include "training/golden_rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <set>
#include <vector>

#include "model/booster.h"
#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

constexpr int kWidth = 4;

std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(GoldenRows, HoldTheMarginsOfTheForest) {
  const FittedModel model = ToyModel(kWidth, 1);
  const auto golden = MakeGoldenRows(model.forest.model_json, kWidth, 3);
  ASSERT_TRUE(golden.ok()) << golden.status();
  ASSERT_EQ(golden->size(), kGoldenRows * (kWidth + 1) * sizeof(float));
  const std::vector<float> values = Floats(*golden);
  const auto booster = Booster::Load(model.forest.model_json, kWidth);
  ASSERT_TRUE(booster.ok()) << booster.status();
  for (std::size_t r = 0; r < kGoldenRows; ++r) {
    const auto row =
        absl::MakeConstSpan(values).subspan(r * (kWidth + 1), kWidth + 1);
    float margin = 0;
    ASSERT_TRUE(
        booster->PredictMargins(row.first(kWidth), absl::MakeSpan(&margin, 1))
            .ok());
    EXPECT_EQ(std::bit_cast<std::uint32_t>(margin),
              std::bit_cast<std::uint32_t>(row[kWidth]));
  }
}

TEST(GoldenRows, FollowTheSeedAndNothingElse) {
  const FittedModel model = ToyModel(kWidth, 1);
  const std::string& json = model.forest.model_json;
  EXPECT_EQ(*MakeGoldenRows(json, kWidth, 3), *MakeGoldenRows(json, kWidth, 3));
  EXPECT_NE(*MakeGoldenRows(json, kWidth, 3), *MakeGoldenRows(json, kWidth, 4));
}

TEST(GoldenRows, ReachManyLeavesAndEveryDefaultDirection) {
  const FittedModel model = ToyModel(kWidth, 1);
  const auto golden = MakeGoldenRows(model.forest.model_json, kWidth, 3);
  ASSERT_TRUE(golden.ok()) << golden.status();
  const std::vector<float> values = Floats(*golden);
  std::set<float> margins;
  std::vector<int> missing(kWidth);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::size_t column = k % (kWidth + 1);
    if (column == kWidth) {
      margins.insert(values[k]);
    } else {
      missing[column] += std::isnan(values[k]);
      EXPECT_FALSE(std::isinf(values[k]));
    }
  }
  EXPECT_GT(margins.size(), 100u);
  for (const int count : missing) EXPECT_GT(count, 3);
}

// A forest that differs by one threshold, by the least a float can, is found.
TEST(GoldenRows, TellThresholdsApartThatDifferByOneFloat) {
  const FittedModel model = ToyModel(kWidth, 1);
  const auto golden = MakeGoldenRows(model.forest.model_json, kWidth, 3);
  ASSERT_TRUE(golden.ok());
  const std::vector<float> values = Floats(*golden);
  const auto booster = Booster::Load(model.forest.model_json, kWidth);
  ASSERT_TRUE(booster.ok());
  int sensitive = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (k % (kWidth + 1) == kWidth || std::isnan(values[k])) continue;
    const std::size_t start = k / (kWidth + 1) * (kWidth + 1);
    std::vector<float> row(
        values.begin() + static_cast<std::ptrdiff_t>(start),
        values.begin() + static_cast<std::ptrdiff_t>(start + kWidth));
    float& cell = row[k - start];
    cell = std::nextafter(cell, -1e9f);
    float margin = 0;
    ASSERT_TRUE(booster->PredictMargins(row, absl::MakeSpan(&margin, 1)).ok());
    sensitive += margin != values[start + kWidth];
  }
  EXPECT_GT(sensitive, 30);
}

TEST(GoldenRows, RefuseWhatIsNoForestOfThatWidth) {
  const FittedModel model = ToyModel(kWidth, 1);
  const std::string& json = model.forest.model_json;
  for (const std::string& text :
       {std::string(), std::string("{}"), json.substr(0, json.size() / 2)}) {
    EXPECT_EQ(MakeGoldenRows(text, kWidth, 1).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(MakeGoldenRows(json, 1, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeGoldenRows(json, kWidth + 1, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tenuto
