#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "training/simulation/backtest.h"

namespace tenuto {
namespace {

TEST(BacktestReport, SaysInOneSentenceHowFarItIsFromWhatHappened) {
  BacktestResult result;
  result.model = "grace/3";
  result.failures = 812;
  result.days = 60;
  result.by_day.push_back({60, {0.681, 0.679, -0.01, 0.014}, {}, {}, {}});
  result.simulated = {0, 0.681};
  result.observed = {0, 0.679};
  result.largest_gap = 0.021;
  result.largest_by_chance = 0.016;
  EXPECT_EQ(FidelityLine(result),
            "on 812 later payments the simulation said 68.1 % recovered by day "
            "60, 67.9 % were; largest gap of the curve 2.1 points, by chance "
            "up to 1.6");
  EXPECT_THAT(FormatBacktest(result), ::testing::HasSubstr("+0.20"));
  EXPECT_THAT(BacktestJson(result),
              ::testing::HasSubstr("\"largest\":0.021,\"largest_by_chance\""));
}

TEST(BacktestReport, EndsWithWhatFollows) {
  BacktestResult result;
  result.failures = 812;
  result.days = 60;
  result.by_day.push_back({60, {0.681, 0.679, -0.01, 0.014}, {}, {}, {}});
  result.largest_gap = 0.016;
  result.largest_by_chance = 0.018;
  result.mean_by_chance = 0.01;
  EXPECT_EQ(BacktestVerdict(result),
            "no gap beyond chance on 812 payments, days 1 to 60; one of up to "
            "1.8 points may go unseen; under what was done in this log");
  EXPECT_THAT(
      FormatBacktest(result),
      ::testing::EndsWith("verdict: " + BacktestVerdict(result) + "\n"));
  EXPECT_THAT(BacktestJson(result),
              ::testing::HasSubstr("\"verdict\":\"no gap beyond chance"));
  // A small gap on all days is one, too.
  BacktestResult steady = result;
  steady.mean_gap = 0.011;
  for (BacktestResult off : {result, steady}) {
    if (off.mean_gap == 0) off.largest_gap = 0.021;
    EXPECT_THAT(BacktestVerdict(off),
                ::testing::StartsWith("the model is off by more than chance, "
                                      "days 1 to 60; "));
  }
  result.failures = 99;
  EXPECT_EQ(BacktestVerdict(result),
            "too few payments to tell: 99, 100 are needed");
}

}  // namespace
}  // namespace tenuto
