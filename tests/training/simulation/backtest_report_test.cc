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
  result.by_day.push_back({60, {0.681, 0.679, -0.01, 0.014}, {}, {}, {}});
  result.largest_gap = 0.021;
  result.largest_by_chance = 0.016;
  EXPECT_THAT(
      FormatBacktest(result),
      ::testing::HasSubstr("\nverdict: the model does not hold: its gap "
                           "is larger than chance; take what a "
                           "simulation says of recovered payments as "
                           "right to 2.1 points, "));
  result.largest_by_chance = 0.021;
  EXPECT_THAT(FormatBacktest(result),
              ::testing::HasSubstr("\nverdict: the model holds: "));
  EXPECT_THAT(BacktestJson(result),
              ::testing::HasSubstr("\"verdict\":\"the model holds: "));
}

}  // namespace
}  // namespace tenuto
