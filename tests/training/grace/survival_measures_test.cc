#include "training/grace/survival_measures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "gtest/gtest.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

// Six payments: events on days 1, 2, 2 and 4, ends of observation on 2 and 3.
const std::vector<SurvivalOutcome> kSix = {{1, true},  {2, true},  {2, true},
                                           {2, false}, {3, false}, {4, true}};

double Uniform(SplitMix64& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1.0p-53;
}

TEST(SurvivalMeasures, GiveTheCurvesWorkedOutByHand) {
  const Survival open = KaplanMeier(kSix, 5);
  ASSERT_EQ(open.size(), 6u);
  EXPECT_DOUBLE_EQ(open[0], 1);
  EXPECT_DOUBLE_EQ(open[1], 5.0 / 6);
  EXPECT_DOUBLE_EQ(open[2], 5.0 / 6 * 3 / 5);
  EXPECT_DOUBLE_EQ(open[3], 0.5);
  EXPECT_DOUBLE_EQ(open[4], 0);
  EXPECT_DOUBLE_EQ(open[5], 0);
  const Survival observed = CensoringSurvival(kSix, 4);
  EXPECT_DOUBLE_EQ(observed[1], 1);
  // Of the three still open after the events of day 2, one ends.
  EXPECT_DOUBLE_EQ(observed[2], 2.0 / 3);
  EXPECT_DOUBLE_EQ(observed[3], 1.0 / 3);
  EXPECT_DOUBLE_EQ(observed[4], 1.0 / 3);
}

TEST(SurvivalMeasures, GiveTheBrierScoreWorkedOutByHand) {
  // Of two forecasts, the first ends on day 1, the second is seen to day 1.
  const std::vector<SurvivalOutcome> two = {{1, true}, {1, false}};
  const std::vector<Survival> forecasts = {{1, 0.4, 0.2}, {1, 0.7, 0.6}};
  const Survival observed = CensoringSurvival(two, 2);
  EXPECT_DOUBLE_EQ(IntegratedBrier(two, forecasts, observed, 1),
                   (0.16 + 0.09) / 2);
  // On day 2 only the first is known.
  EXPECT_DOUBLE_EQ(IntegratedBrier(two, forecasts, observed, 2),
                   ((0.16 + 0.09) / 2 + 0.04 / 2) / 2);
}

TEST(SurvivalMeasures, GiveTheMeanSquareWhereNothingIsCensored) {
  SplitMix64 random(5);
  std::vector<SurvivalOutcome> outcomes;
  std::vector<Survival> forecasts;
  double sum = 0;
  constexpr int kDays = 12;
  for (int k = 0; k < 300; ++k) {
    outcomes.push_back({1 + static_cast<int>(random.Below(kDays)), true});
    Survival forecast = {1};
    for (int day = 1; day <= kDays; ++day) {
      forecast.push_back(forecast.back() * Uniform(random));
      const double open = outcomes.back().day > day ? 1 : 0;
      sum += (forecast.back() - open) * (forecast.back() - open);
    }
    forecasts.push_back(forecast);
  }
  EXPECT_NEAR(IntegratedBrier(outcomes, forecasts,
                              CensoringSurvival(outcomes, kDays), kDays),
              sum / 300 / kDays, 1e-12);
}

// Lives with a hazard of their own, seen for a time that knows nothing of it.
struct Lives {
  std::vector<SurvivalOutcome> outcomes;
  std::vector<Survival> truth;
  explicit Lives(std::uint64_t seed, int count = 4000) {
    SplitMix64 random(seed);
    for (int k = 0; k < count; ++k) {
      const double hazard = 0.02 + 0.2 * Uniform(random);
      Survival open = {1};
      for (int day = 1; day <= 40; ++day) {
        open.push_back(open.back() * (1 - hazard));
      }
      truth.push_back(open);
      const int seen = 1 + static_cast<int>(random.Below(40));
      SurvivalOutcome outcome = {seen, false};
      for (int day = 1; day <= seen; ++day) {
        if (Uniform(random) < hazard) {
          outcome = {day, true};
          break;
        }
      }
      outcomes.push_back(outcome);
    }
  }
};

TEST(SurvivalMeasures, PreferTheTruthToOneCurveForAll) {
  const Lives lives(17);
  const Survival observed = CensoringSurvival(lives.outcomes, 30);
  const std::vector<Survival> same(lives.outcomes.size(),
                                   KaplanMeier(lives.outcomes, 40));
  EXPECT_LT(IntegratedBrier(lives.outcomes, lives.truth, observed, 30),
            IntegratedBrier(lives.outcomes, same, observed, 30));
}

// Failed payments as a house tries them: two thirds have attempts of very
// unequal worth on a few days, the others wait for the subscriber; some leave,
// and a few are seen for part of the time only. Forecasts are the hazards by
// which they were drawn, to the power `bent`.
DCalibration CheckLives(std::uint64_t seed, int count, double bent) {
  SplitMix64 random(seed);
  std::vector<SurvivalOutcome> outcomes;
  std::vector<Survival> forecasts;
  for (int k = 0; k < count; ++k) {
    const double by_user = 0.003 + 0.015 * Uniform(random);
    const double by_retry = random.Below(3) == 0 ? 0 : 0.4 * Uniform(random);
    const int seen =
        random.Below(4) == 0 ? 1 + static_cast<int>(random.Below(60)) : 60;
    Survival open = {1};
    SurvivalOutcome outcome;
    bool ended = false;
    for (int day = 1; day <= 60; ++day) {
      const bool tries = day == 3 || day == 9 || day == 15 || day == 21;
      const double stays = (1 - by_user) * (1 - (tries ? by_retry : 0));
      open.push_back(open.back() * std::pow(stays, bent));
      if (ended) continue;
      const bool paid = Uniform(random) >= stays;
      ended = paid || Uniform(random) < 0.005 || day == seen;
      outcome = {day, paid};
    }
    outcomes.push_back(outcome);
    forecasts.push_back(open);
  }
  return CheckDCalibration(outcomes, forecasts);
}

TEST(SurvivalMeasures, GiveUniformPValuesToTrueForecasts) {
  constexpr int kSeeds = 500;
  std::vector<double> sorted, plain;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const DCalibration result = CheckLives(seed, 1000, 1);
    sorted.push_back(result.strict.p);
    plain.push_back(result.published.p);
  }
  std::sort(sorted.begin(), sorted.end());
  std::sort(plain.begin(), plain.end());
  const auto below = [](const std::vector<double>& all) {
    return static_cast<int>(std::lower_bound(all.begin(), all.end(), 0.05) -
                            all.begin());
  };
  std::printf("p below 0.05: %d of %d, median %.2f; published %d, %.2f\n",
              below(sorted), kSeeds, sorted[kSeeds / 2], below(plain),
              plain[kSeeds / 2]);
  EXPECT_LE(below(plain), kSeeds / 20) << "it is the milder one";
  double distance = 0;  // Kolmogorov and Smirnov's.
  for (std::size_t k = 0; k < kSeeds; ++k) {
    const auto before = static_cast<double>(k);
    distance = std::max({distance, sorted[k] - before / kSeeds,
                         (before + 1) / kSeeds - sorted[k]});
  }
  EXPECT_LT(distance, 1.63 / std::sqrt(kSeeds)) << "that of p = 0.01";
}

TEST(SurvivalMeasures, RefuseMoreOftenThanThePublishedTest) {
  int refused = 0, published = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const DCalibration result = CheckLives(seed, 3000, 1.08);
    refused += result.strict.p < 0.05;
    published += result.published.p < 0.05;
  }
  EXPECT_GE(refused, 15);
  std::printf("forecasts bent by 1.08: refused %d of 40, published %d\n",
              refused, published);
  EXPECT_LT(published, refused - 5);
  const Lives lives(41);
  std::vector<Survival> bent = lives.truth;
  for (Survival& forecast : bent) {
    for (double& open : forecast) open = std::pow(open, 1.3);
  }
  EXPECT_LT(CheckDCalibration(lives.outcomes, bent).strict.p, 1e-3);
}

TEST(SurvivalMeasures, SpreadWhatIsKnownOfSurvivalAtTheEvent) {
  const DCalibration open = CheckDCalibration({{1, false}}, {{1, 0.25}}, 10);
  EXPECT_NEAR(open.counts[0], 0.4, 1e-12);
  EXPECT_NEAR(open.counts[1], 0.4, 1e-12);
  EXPECT_NEAR(open.counts[2], 0.2, 1e-12);
  EXPECT_NEAR(open.counts[3], 0, 1e-12);
  const DCalibration paid = CheckDCalibration({{1, true}}, {{1, 0.75}}, 10);
  EXPECT_NEAR(paid.counts[7], 0.2, 1e-12);
  EXPECT_NEAR(paid.counts[8], 0.4, 1e-12);
  EXPECT_NEAR(paid.counts[9], 0.4, 1e-12);
  // Of one payment nothing can be said.
  EXPECT_EQ(paid.strict.degrees, 0);
  EXPECT_EQ(paid.strict.p, 1);
  // Open: in parts of 0.4, 0.4 and 0.2 where 0.1 were expected.
  EXPECT_NEAR(open.published.chi_square, 2.6, 1e-9);
  // Paid: whole, in one bin: nine are 0.1 short, one has 0.9 more.
  EXPECT_NEAR(paid.published.chi_square, 9, 1e-9);
  EXPECT_EQ(paid.published.degrees, 9);
}

TEST(SurvivalMeasures, CountAnEventWhereItsStretchLies) {
  const std::vector<SurvivalOutcome> outcomes = {{1, true}, {2, true}};
  // Both in the bin from 0.9; then one of them in that from 0.5.
  EXPECT_NEAR(CheckDCalibration(outcomes, {{1, 0.95, 0.9}, {1, 0.94, 0.91}}, 10)
                  .published.chi_square,
              (1.8 * 1.8 + 9 * 0.2 * 0.2) / 0.2, 1e-9);
  EXPECT_NEAR(CheckDCalibration(outcomes, {{1, 0.95, 0.9}, {1, 0.58, 0.52}}, 10)
                  .published.chi_square,
              (2 * 0.8 * 0.8 + 8 * 0.2 * 0.2) / 0.2, 1e-9);
}

TEST(SurvivalMeasures, GiveTheTailsOfPrintedTables) {
  EXPECT_NEAR(ChiSquareTail(3.841, 1), 0.05, 1e-4);
  EXPECT_NEAR(ChiSquareTail(16.919, 9), 0.05, 1e-4);
  EXPECT_NEAR(ChiSquareTail(21.666, 9), 0.01, 1e-4);
  EXPECT_NEAR(ChiSquareTail(2.0, 2), std::exp(-1.0), 1e-12);
  EXPECT_EQ(ChiSquareTail(0, 9), 1);
}

TEST(SurvivalMeasures, GroupByForecastAndCompareWhatCame) {
  const std::vector<ExpectedEvents> all = {{0.9, 1, 0.25, 0},
                                           {0.1, 0.5, 0.25, 1},
                                           {0.8, 1, 0.25, 2},
                                           {0.2, 0.5, 0.25, 0}};
  const GroupedCalibration two = CheckGroups(all, 2);
  EXPECT_DOUBLE_EQ(two.error, 0);
  EXPECT_NEAR(two.by_chance, 2 * std::sqrt(1 / 3.14159265358979) / 4, 1e-9);
  EXPECT_DOUBLE_EQ(CheckGroups(all, 4).error, (0.5 + 0.5 + 1 + 1) / 4);
}

}  // namespace
}  // namespace tenuto
