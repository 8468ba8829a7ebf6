#include "training/world/interest.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

// Mean level after `days`, over many lives that begin the same.
double MeanAfter(int days, const Traits& traits, const Interest& begin) {
  constexpr int kLives = 2000;
  double sum = 0;
  for (int life = 0; life < kLives; ++life) {
    Interest interest = begin;
    const Luck luck{static_cast<std::uint64_t>(life), 1};
    for (int day = 0; day < days; ++day) {
      AdvanceInterest(traits, day, luck, interest);
    }
    sum += interest.level;
  }
  return sum / kLives;
}

Traits Calm() {
  Traits traits = MakeTraits(1, 1, 180);
  traits.home_interest = 0.5;
  traits.quality_proneness = 0;
  traits.price_sensitivity = 0;
  return traits;
}

TEST(Interest, ReturnsTowardsHomeFromBothSides) {
  Interest low;
  low.home = 0.5;
  low.level = -1.5;
  Interest high = low;
  high.level = 2.5;
  EXPECT_GT(MeanAfter(20, Calm(), low), -0.8);
  EXPECT_LT(MeanAfter(20, Calm(), high), 1.8);
  EXPECT_NEAR(MeanAfter(120, Calm(), low), MeanAfter(120, Calm(), high), 0.1);
}

TEST(Interest, FallsMoreForPeopleWithBadNetworks) {
  Interest begin;
  begin.home = begin.level = 0.5;
  Traits prone = Calm();
  prone.quality_proneness = 6;
  EXPECT_LT(MeanAfter(90, prone, begin), MeanAfter(90, Calm(), begin) - 0.1);
}

TEST(Interest, FallsMoreAtACompetitorForPriceSensitivePeople) {
  Interest begin;
  begin.home = begin.level = 0.5;
  Traits thrifty = Calm();
  thrifty.price_sensitivity = 1;
  EXPECT_LT(MeanAfter(120, thrifty, begin), MeanAfter(120, Calm(), begin));
}

TEST(Interest, ForgivesAnnoyanceWithTime) {
  Interest interest;
  interest.annoyance = 1;
  for (int day = 0; day < 30; ++day) {
    AdvanceInterest(Calm(), day, {1, 1}, interest);
  }
  EXPECT_NEAR(interest.annoyance, std::pow(0.96, 30), 1e-9);
}

TEST(Interest, RemembersWhyItFell) {
  Traits prone = Calm();
  prone.quality_proneness = 200;
  Interest interest;
  AdvanceInterest(prone, 7, {1, 1}, interest);
  EXPECT_EQ(interest.trouble, v1::CANCEL_REASON_QUALITY);
  EXPECT_EQ(interest.trouble_day, 7);
  EXPECT_GT(interest.quality_days, 0);
}

}  // namespace
}  // namespace tenuto::world
