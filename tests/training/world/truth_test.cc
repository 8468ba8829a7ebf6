#include "training/world/truth.h"

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

class TruthTest : public testing::Test {
 protected:
  TruthTest() : calendar_(TestCalendar()), person_(Subscriber(calendar_)) {
    person_.traits.education_lift = person_.traits.retention_lift = 0;
    person_.traits.irritation = 0;
    person_.hidden.interest = {};
    person_.hidden.interest.home = person_.traits.home_interest = 0;
  }

  Truth Compute(const TruthOptions& options = {64, 32}) const {
    return ComputeTruth(person_, 5, 1, calendar_, House(), options);
  }

  Calendar calendar_;
  Person person_;
};

TEST_F(TruthTest, IsWhatHappensToManyCopiesOfThePerson) {
  // The step-by-step world on independent luck, against the truth.
  person_.hidden.interest.level = -1;
  const Truth truth = Compute({400, 1});
  constexpr int kLives = 20'000;
  int left_14 = 0;
  int left_30 = 0;
  int lost = 0;
  for (std::uint64_t life = 0; life < kLives; ++life) {
    Hidden hidden = person_.hidden;
    const Luck luck{1'000'000 + life, person_.traits.user};
    for (int day = 5; day < 35; ++day) {
      const PayingDay today = AdvancePaying(
          person_.traits, day, luck, calendar_, {}, std::nullopt, hidden);
      if (today.charge.gave_up) {
        ++lost;
        break;
      }
      hidden.intention = AdvanceIntention(
          ChancesOn(person_.traits, day, hidden), day, luck, hidden.intention);
      if (hidden.intention == Intention::kLeaves) {
        left_14 += day < 19;
        ++left_30;
        break;
      }
    }
  }
  EXPECT_NEAR(left_14 / double{kLives}, truth.churn_14d, 0.008);
  EXPECT_NEAR(left_30 / double{kLives}, truth.churn_30d, 0.012);
  EXPECT_NEAR(lost / double{kLives}, truth.involuntary_30d, 0.008);
}

TEST_F(TruthTest, IsHigherForThoseWhoCareLessOrConsiderLeaving) {
  const double base = Compute().churn_14d;
  person_.hidden.interest.level = -2;
  EXPECT_GT(Compute().churn_14d, 2 * base);
  person_.hidden.interest.level = 0;
  person_.hidden.intention = Intention::kConsidering;
  EXPECT_GT(Compute().churn_14d, 5 * base);
}

TEST_F(TruthTest, GrowsWithTheHorizon) {
  const Truth truth = Compute();
  EXPECT_GT(truth.churn_14d, 0);
  EXPECT_GT(truth.churn_30d, truth.churn_14d);
  EXPECT_LT(truth.churn_30d + truth.involuntary_30d, 1);
}

TEST_F(TruthTest, HasNoEffectOfMessagesOnTheUnmoved) {
  person_.hidden.messages.is_permitted = false;  // Nothing else is sent.
  const Truth truth = Compute();
  EXPECT_EQ(truth.education_effect_30d, 0);
  EXPECT_EQ(truth.retention_effect_30d, 0);
}

TEST_F(TruthTest, HasMessagesKeepThePersuadableAndLoseTheIrritable) {
  person_.traits.retention_lift = 0.8;
  EXPECT_LT(Compute().retention_effect_30d, 0);
  EXPECT_NEAR(Compute().education_effect_30d, 0, 0.01);
  person_.traits.retention_lift = 0;
  person_.traits.irritation = 0.5;
  EXPECT_GT(Compute().retention_effect_30d, 0);
  EXPECT_GT(Compute().education_effect_30d, 0);
}

TEST_F(TruthTest, WritesAsManyFieldsAsItsHeaderNames) {
  const std::vector<std::string> header = absl::StrSplit(TruthHeader(), '\n');
  ASSERT_EQ(header.size(), 3u);
  EXPECT_EQ(header[0][0], '#');
  const std::vector<std::string> names = absl::StrSplit(header[1], ',');
  const std::vector<std::string> fields =
      absl::StrSplit(TruthLine(person_, 5, calendar_, Truth()), ',');
  EXPECT_EQ(names.size(), fields.size());
  EXPECT_EQ(names[0], "user_id");
  EXPECT_EQ(fields[0], "u0000001");
  EXPECT_EQ(fields[1], std::to_string(calendar_.StartOf(5)));
}

}  // namespace
}  // namespace tenuto::world
