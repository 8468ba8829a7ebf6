#include "training/baselines.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kSeed = 12;

double Uniform(SplitMix64& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

// Outcomes of one linear signal and one that says nothing.
struct Rows {
  TrainingMatrix matrix;
  std::vector<double> truth;
};
Rows MakeRows(int rows, SplitMix64& random) {
  Rows made;
  made.matrix.columns = {"signal", "noise"};
  for (int r = 0; r < rows; ++r) {
    const double signal = 2 * Uniform(random) - 1;
    const double truth = 1 / (1 + std::exp(1 - 3 * signal));
    made.matrix.values.push_back(static_cast<float>(signal));
    made.matrix.values.push_back(static_cast<float>(Uniform(random)));
    made.matrix.labels.push_back(Uniform(random) < truth ? 1 : 0);
    made.matrix.groups.push_back(static_cast<std::uint64_t>(r));
    made.matrix.times_s.push_back(0);
    made.truth.push_back(truth);
  }
  return made;
}

class Baselines : public ::testing::Test {
 protected:
  SplitMix64 random_{kSeed};
  Rows train_ = MakeRows(1500, random_);
  Rows calibrate_ = MakeRows(500, random_);
  Rows test_ = MakeRows(1500, random_);

  absl::StatusOr<std::vector<BaselineLine>> Compare() const {
    return CompareBaselines(
        {{&train_.matrix, &calibrate_.matrix, &test_.matrix, test_.truth}},
        kSeed);
  }
};

TEST_F(Baselines, AreWorseThanTheTruthAndInTheExpectedOrder) {
  const auto lines = Compare();
  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_EQ((*lines)[0].name, "constant");
  EXPECT_EQ((*lines)[0].auc, 0.5);
  EXPECT_GT((*lines)[0].difference.auc.low, 0.1);
  EXPECT_LT((*lines)[0].difference.log_loss.high, 0);
  EXPECT_EQ((*lines)[1].name, "logistic regression");
  EXPECT_NEAR((*lines)[1].difference.auc.value, 0, 0.01)
      << "the truth is a logistic regression";
  EXPECT_EQ((*lines)[2].name, "plain xgboost");
  EXPECT_GT((*lines)[2].log_loss, (*lines)[1].log_loss);
}

TEST_F(Baselines, ShareTheConstantOfTheEvaluation) {
  Rows late = MakeRows(700, random_);
  for (std::size_t r = 0; r < 500; ++r) late.matrix.labels[r] = 1;
  const auto lines = CompareBaselines(
      {{&train_.matrix, &calibrate_.matrix, &test_.matrix, test_.truth},
       {&late.matrix, &calibrate_.matrix, &test_.matrix, test_.truth}},
      kSeed);
  ASSERT_TRUE(lines.ok()) << lines.status();
  std::vector<double> truth, constants;
  std::vector<float> labels;
  std::vector<std::uint64_t> groups;
  for (const TrainingMatrix* learned : {&train_.matrix, &late.matrix}) {
    const auto append = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(truth, test_.truth);
    append(labels, test_.matrix.labels);
    append(groups, test_.matrix.groups);
    constants.resize(labels.size(), BaseRate(*learned, calibrate_.matrix));
  }
  const auto evaluation = Evaluate({truth, labels, groups}, constants, 1, 0);
  ASSERT_TRUE(evaluation.ok()) << evaluation.status();
  EXPECT_NEAR((*lines)[0].log_loss, evaluation->log_loss_constant.value, 1e-9);
  EXPECT_NEAR((*lines)[0].difference.log_loss.value,
              evaluation->log_loss.value - evaluation->log_loss_constant.value,
              1e-9);
}

TEST_F(Baselines, AreTheSameForTheSameSeed) {
  const auto one = Compare();
  const auto two = Compare();
  EXPECT_EQ(BaselinesJson(*one), BaselinesJson(*two));
}

TEST(BaselineText, ShowsEachDifferenceWithItsInterval) {
  const BaselineLine line{
      "constant", 0.5, 0.7, {{0.25, 0.2, 0.3}, {-0.1, -0.2, 0.05}}};
  EXPECT_THAT(FormatBaselines({line}), HasSubstr("+0.2500 [+0.2000, +0.3000]"));
  EXPECT_THAT(FormatBaselines({line}), HasSubstr("-0.1000 [-0.2000, +0.0500]"));
  EXPECT_EQ(BaselinesJson({line}),
            "[{\"name\":\"constant\",\"auc\":0.5,\"log_loss\":0.7,"
            "\"auc_difference\":{\"value\":0.25,\"low\":0.2,\"high\":0.3},"
            "\"log_loss_difference\":{\"value\":-0.1,\"low\":-0.2,\"high\":"
            "0.05}}]");
}

}  // namespace
}  // namespace tenuto
