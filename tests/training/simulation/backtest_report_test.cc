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
  result.currency = "EUR";
  result.outcomes.net_minor = {410, 400, -5, 25};
  result.outcomes.free_days = {5, 6, -1.5, -0.5};
  BacktestResult::Segment& soft = result.segments.emplace_back();
  soft.segment = 1;
  soft.failures = 700;
  soft.days = 9;
  soft.recovered_day = 7;
  soft.recovered = {0.5, 0.52, -0.04, 0.01};
  soft.outcomes.net_minor = {800, 850, -90, -10};
  EXPECT_EQ(FidelityLine(result),
            "On 812 later payments the simulation said 68.1 % recovered by day "
            "60, 67.9 % were; largest gap of the curve 2.1 points, by chance "
            "up to 1.6; net value 4.10 EUR a payment by day 60, 4.00 by what "
            "came (gap +0.10, 95 % interval -0.05 to +0.25).");
  EXPECT_THAT(FormatBacktest(result), ::testing::HasSubstr("+0.20"));
  EXPECT_THAT(BacktestJson(result),
              ::testing::HasSubstr("\"largest\":0.021,\"largest_by_chance\""));
  // Every claim of a simulation has its distance.
  EXPECT_THAT(FormatBacktest(result),
              ::testing::ContainsRegex(
                  "free days +5.00 +6.00 +-1.00 \\(-1.50 to -0.50\\)"));
  EXPECT_THAT(BacktestJson(result),
              ::testing::HasSubstr("\"net_value\":{\"simulated\":410,"));
  const std::vector<FidelityClaim> claims = FidelityClaims(result);
  ASSERT_EQ(claims.size(), 7U);
  EXPECT_EQ(claims[0].what, "recovered by day 60, %");
  EXPECT_NEAR(claims[0].value.simulated, 68.1, 1e-9);
  EXPECT_EQ(claims[1].what, "net value, EUR, days 1 to 60");
  EXPECT_NEAR(claims[1].value.low, -0.05, 1e-9);
  EXPECT_THAT(claims[6].whose, ::testing::EndsWith(", 700 payments"));
  EXPECT_EQ(claims[5].what, "recovered by day 7, %");
  EXPECT_EQ(claims[6].what, "net value, EUR, days 1 to 9");
  EXPECT_NEAR(claims[6].value.difference(), -0.5, 1e-9);
}

TEST(BacktestReport, EndsWithWhatFollows) {
  BacktestResult result;
  result.failures = 812;
  result.days = 60;
  result.by_day.push_back({60, {0.681, 0.679, -0.01, 0.014}, {}, {}, {}});
  result.largest_gap = 0.016;
  result.largest_by_chance = 0.018;
  result.mean_by_chance = 0.01;
  EXPECT_EQ(
      BacktestVerdict(result),
      "no gap of the recovery curve beyond chance on 812 payments, days 1 "
      "to 60; one of up to 1.8 points may go unseen; under what was done "
      "in this log");
  EXPECT_THAT(
      FormatBacktest(result),
      ::testing::EndsWith("verdict: " + BacktestVerdict(result) + "\n"));
  EXPECT_THAT(BacktestJson(result),
              ::testing::HasSubstr(
                  "\"verdict\":\"no gap of the recovery curve beyond"));
  // A small gap on all days is one, too.
  BacktestResult steady = result;
  steady.mean_gap = 0.011;
  for (BacktestResult off : {result, steady}) {
    if (off.mean_gap == 0) off.largest_gap = 0.021;
    EXPECT_THAT(BacktestVerdict(off),
                ::testing::StartsWith("the model is off by more than chance, "
                                      "days 1 to 60; "));
  }
  // Also that of net value, where even a wider interval is without zero.
  EXPECT_THAT(BacktestVerdict(result), ::testing::EndsWith("in this log"));
  result.currency = "EUR";
  result.outcomes.net_minor = {410, 400, 2, 18};
  EXPECT_THAT(BacktestVerdict(result), ::testing::EndsWith("in this log"));
  result.outcomes.net_minor = {410, 400, 4, 16};
  EXPECT_THAT(
      BacktestVerdict(result),
      ::testing::EndsWith(
          "in this log; net value is told 0.10 EUR a payment too high"));
  result.failures = 99;
  EXPECT_EQ(BacktestVerdict(result),
            "too few payments to tell: 99, 100 are needed");
}

}  // namespace
}  // namespace tenuto
