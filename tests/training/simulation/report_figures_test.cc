#include "training/simulation/report_figures.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/training/simulation/small_simulation.h"

namespace tenuto {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ReportFigures, AreOfOnePaymentInWholeUnits) {
  const SimulationResult result =
      SmallSimulation({{"now", 5, 0, 7, 40}, {"new", 5.5, 1, 4, 60}});
  const PolicyFigures figures = FiguresOf(result, 1);
  EXPECT_EQ(figures.payments, 1'000);
  EXPECT_THAT(figures.recovered_percent.value, DoubleNear(60, 1e-9));
  EXPECT_THAT(figures.net.value, DoubleNear(5.5, 1e-9));
  EXPECT_THAT(figures.difference.value, DoubleNear(0.5, 1e-9));
  // 1.96 times 1 over the root of 1,000.
  EXPECT_THAT(figures.difference.high - 0.5, DoubleNear(0.062, 1e-3));
  EXPECT_THAT(figures.recovered_value.value, DoubleNear(12, 1e-9));
  EXPECT_THAT(figures.free_days.value, DoubleNear(4, 1e-9));
  EXPECT_THAT(figures.attempts.value, DoubleNear(3, 1e-9));
  EXPECT_THAT(figures.messages.value, DoubleNear(1, 1e-9));
  // 20 EUR of six in ten: 1.96 times 20 sqrt(0.24 / 1,000).
  EXPECT_THAT(figures.recovered_value.low, DoubleNear(12 - 0.607, 1e-3));
  EXPECT_THAT(figures.messages.low, DoubleNear(1, 1e-9));
}

TEST(ReportFigures, AreZeroWhereThereAreNoPayments) {
  const SimulationResult result = SmallSimulation({{"now", 5}}, 0);
  EXPECT_EQ(FiguresOf(result, 0).net.value, 0);
  EXPECT_EQ(FiguresOf(result, 0).payments, 0);
}

TEST(ReportFigures, KeepASharesIntervalBetweenNothingAndAll) {
  const SimulationResult result =
      SmallSimulation({{"none", 1, 0, 0, 1}, {"all", 1, 0, 0, 99}}, 100);
  EXPECT_EQ(FiguresOf(result, 0).recovered_percent.low, 0);
  EXPECT_EQ(FiguresOf(result, 1).recovered_percent.high, 100);
}

TEST(PolicyRanking, NeverChoosesTheOracle) {
  SimulationResult result =
      SmallSimulation({{"now", 5}, {"oracle", 9}, {"personal", 7}, {"b", 6}});
  result.oracle = 1;
  const PolicyRanking ranking = RankPolicies(result);
  EXPECT_THAT(ranking.best_first, ElementsAre(1, 2, 3, 0));
  EXPECT_EQ(ranking.best, 2);
  EXPECT_EQ(ranking.best_fixed, 3);
  EXPECT_THAT(ranking.like_best, IsEmpty());
  EXPECT_FALSE(ranking.efficient[1]);
}

TEST(PolicyRanking, PrefersWhatALogBearsOut) {
  SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 6, 1}, {"b", 8, 1}});
  MakeLog(result, 0.01, {"now", "a"});
  EXPECT_EQ(RankPolicies(result).best, 1);
  // With nothing else to compare, what the model believes is best.
  result.estimators.clear();
  MakeLog(result, 0.01, {"now"});
  EXPECT_EQ(RankPolicies(result).best, 2);
}

TEST(PolicyRanking, NamesThoseWhoseIntervalsReachTheBest) {
  const SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 6, 1}, {"b", 5.95, 1}, {"c", 5.2, 1}});
  const PolicyRanking ranking = RankPolicies(result);
  EXPECT_EQ(ranking.best, 1);
  EXPECT_THAT(ranking.like_best, ElementsAre(2));
  EXPECT_TRUE(AreToldApart(result, 1, 3));
  EXPECT_TRUE(AreToldApart(result, 0, 1));
  EXPECT_FALSE(AreToldApart(result, 2, 1));
}

TEST(PolicyRanking, ComparesWithTheCurrentOneByThePairedInterval) {
  const SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 5.05, 1}, {"b", 4, 1}});
  EXPECT_THAT(RankPolicies(result).like_best, ElementsAre(0));
}

// Beside the current one the two swing together, and their intervals overlap.
TEST(PolicyRanking, TellsPersonalApartByThePairedInterval) {
  const SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 6, 1}, {"personal", 6.05, 1.1}});
  const Estimate gain = FiguresOf(result, 1).personal_gain;
  EXPECT_THAT(gain.value, DoubleNear(0.05, 1e-9));
  EXPECT_THAT(gain.high - gain.value, DoubleNear(0.0062, 1e-4));
  EXPECT_TRUE(AreToldApart(result, 1, 2));
  EXPECT_TRUE(AreToldApart(result, 2, 1));
  EXPECT_THAT(RankPolicies(result).like_best, IsEmpty());
}

TEST(PolicyRanking, FindsWhatNobodyBeatsInValueAndFreeDays) {
  SimulationResult result = SmallSimulation({{"now", 5, 0, 7, 50},
                                             {"longer", 5, 0, 14, 60},
                                             {"waste", 5, 0, 8, 50},
                                             {"short", 5, 0, 0, 20},
                                             {"oracle", 9, 0, 0, 90}});
  result.oracle = 4;
  EXPECT_THAT(RankPolicies(result).efficient,
              ElementsAre(true, true, false, true, false));
}

TEST(MoneyDigits, FollowTheNarrowestInterval) {
  EXPECT_EQ(MoneyDigits(SmallSimulation({{"now", 5}, {"a", 6, 1}})), 2);
  EXPECT_EQ(MoneyDigits(SmallSimulation({{"now", 5}, {"a", 6, 0.1}})), 3);
}

}  // namespace
}  // namespace tenuto
