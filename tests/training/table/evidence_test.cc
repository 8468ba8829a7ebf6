#include "training/table/evidence.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<float> Labels(int rows, int positives) {
  std::vector<float> labels(static_cast<std::size_t>(rows), 0);
  std::fill_n(labels.begin(), positives, 1.0F);
  return labels;
}

std::vector<std::uint64_t> OwnGroups(std::size_t rows) {
  std::vector<std::uint64_t> groups(rows);
  std::iota(groups.begin(), groups.end(), std::uint64_t{0});
  return groups;
}

TEST(Evidence, CountsBitsOfAChoice) {
  EXPECT_NEAR(Log2Choose(5, 2), std::log2(10), 1e-9);
  EXPECT_NEAR(Log2Choose(100, 0), 0, 1e-9);
}

TEST(Evidence, ListsUsersAndNotTheirRows) {
  const std::vector<float> labels = {1, 1, 0, 0, 0, 0};
  EXPECT_NEAR(ListingBits(labels, OwnGroups(6)), std::log2(15), 1e-9);
  EXPECT_NEAR(ListingBits(labels, std::vector<std::uint64_t>{7, 7, 8, 8, 9, 9}),
              std::log2(3), 1e-9);
}

TEST(Evidence, IsCertainOfACopyEvenInASmallTable) {
  const std::vector<float> labels = Labels(40, 10);
  std::vector<int> codes;
  for (const float label : labels) codes.push_back(label > 0 ? 0 : 1);
  const ValueRule rule = FitValueRule(codes, 2, labels);
  EXPECT_EQ(rule.fit.errors, 0);
  EXPECT_TRUE(rule.positive[0]);
  EXPECT_FALSE(rule.positive[1]);
  EXPECT_TRUE(
      rule.fit.IsCertain(20, ListingBits(labels, OwnGroups(labels.size()))));
}

TEST(Evidence, IsNotCertainOfValuesThatNameEveryRow) {
  const std::vector<float> labels = Labels(5000, 900);
  std::vector<int> codes(labels.size());
  std::iota(codes.begin(), codes.end(), 0);
  const ValueRule rule = FitValueRule(codes, 5000, labels);
  EXPECT_TRUE(rule.fit.IsExact());
  EXPECT_FALSE(
      rule.fit.IsCertain(1, ListingBits(labels, OwnGroups(labels.size()))));
}

TEST(Evidence, IsNotCertainOfAHandfulOfRows) {
  const std::vector<float> labels = Labels(8, 2);
  const std::vector<int> codes = {0, 0, 1, 1, 1, 1, 1, 1};
  EXPECT_FALSE(FitValueRule(codes, 2, labels)
                   .fit.IsCertain(5, ListingBits(labels, OwnGroups(8))));
}

TEST(Evidence, ToleratesOneErrorInAThousandOfTheRarerClass) {
  RuleFit fit;
  fit.rows = 10000;
  fit.positives = 2000;
  fit.errors = 2;
  EXPECT_TRUE(fit.IsExact());
  fit.errors = 3;
  EXPECT_FALSE(fit.IsExact());
}

// Every cut tried one by one.
std::int64_t FewestErrors(const std::vector<double>& values,
                          const std::vector<float>& labels) {
  auto fewest = static_cast<std::int64_t>(values.size());
  std::vector<double> cuts = values;
  cuts.push_back(-1e9);
  for (const double cut : cuts) {
    if (std::isnan(cut)) continue;
    for (const bool below : {true, false}) {
      for (const bool missing : {true, false}) {
        std::int64_t errors = 0;
        for (std::size_t r = 0; r < values.size(); ++r) {
          const bool says =
              std::isnan(values[r]) ? missing : (values[r] <= cut) == below;
          errors += says != (labels[r] > 0.5F) ? 1 : 0;
        }
        fewest = std::min(fewest, errors);
      }
    }
  }
  return fewest;
}

TEST(Evidence, FindsTheBestCutThatTryingAllOfThemFinds) {
  constexpr unsigned kSeed = 41;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    std::vector<double> values;
    std::vector<float> labels;
    for (int i = 0; i < 20; ++i) {
      const auto value = static_cast<double>(random() % 9);
      values.push_back(random() % 5 == 0 ? kNan : value);
      labels.push_back(value + static_cast<double>(random() % 4) > 6 ? 1 : 0);
    }
    const CutRule rule = FitCutRule(values, labels);
    EXPECT_EQ(rule.fit.errors, FewestErrors(values, labels));
  }
}

TEST(Evidence, SaysOnWhichSideOfTheCutPositivesAre) {
  const CutRule rule = FitCutRule({1, 2, 3, 10, 11, kNan}, {1, 1, 1, 0, 0, 0});
  EXPECT_EQ(rule.fit.errors, 0);
  EXPECT_EQ(rule.cut, 6.5);
  EXPECT_TRUE(rule.positive_below);
  EXPECT_FALSE(rule.missing_is_positive);
}

TEST(Evidence, CountsTiesHalfInTheAuc) {
  EXPECT_DOUBLE_EQ(AucOfValues({1, 2, 3, 4}, {0, 0, 1, 1}), 1);
  EXPECT_DOUBLE_EQ(AucOfValues({1, 1, 1, 1}, {0, 0, 1, 1}), 0.5);
  EXPECT_DOUBLE_EQ(AucOfValues({1, 2, 2, kNan}, {0, 0, 1, 1}), 0.75);
  EXPECT_DOUBLE_EQ(AucOfValues({1, kNan}, {0, 1}), 0.5);
}

}  // namespace
}  // namespace tenuto
