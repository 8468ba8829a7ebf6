#include "training/world/draws.h"

#include <cmath>
#include <set>

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

constexpr int kMany = 200'000;

TEST(Draws, GiveTheSameNumbersForTheSameKey) {
  Draws a(1, 2, 3, Purpose::kInterest);
  Draws b(1, 2, 3, Purpose::kInterest);
  for (int k = 0; k < 100; ++k) EXPECT_EQ(a.Next(), b.Next());
}

TEST(Draws, DifferWhenAnyPartOfTheKeyDoes) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (std::uint64_t user = 0; user < 8; ++user) {
      for (std::uint64_t day = 0; day < 8; ++day) {
        firsts.insert(Draws(seed, user, day, Purpose::kTraits).Next());
        firsts.insert(Draws(seed, user, day, Purpose::kTruth).Next());
      }
    }
  }
  EXPECT_EQ(firsts.size(), 8u * 8 * 8 * 2);
}

TEST(Draws, AreTheSameInEveryBuild) {
  // A seed that a report names must give the same world for ever.
  EXPECT_EQ(Draws(1, 1, 0, Purpose::kTraits).Next(),
            8'266'794'939'077'166'565u);
}

TEST(Draws, HaveUniformsWithinAndNeverAtTheEnds) {
  Draws draws(7, 1, 0, Purpose::kTraits);
  double sum = 0;
  for (int k = 0; k < kMany; ++k) {
    const double u = draws.Uniform();
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / kMany, 0.5, 0.005);
}

TEST(Draws, HaveNormalsOfMeanZeroAndVarianceOne) {
  Draws draws(7, 2, 0, Purpose::kTraits);
  double sum = 0;
  double squares = 0;
  for (int k = 0; k < kMany; ++k) {
    const double x = draws.Normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kMany, 0, 0.01);
  EXPECT_NEAR(squares / kMany, 1, 0.02);
}

TEST(Draws, HavePoissonsWhoseMeanIsTheirVariance) {
  for (const double mean : {0.0, 0.3, 4.0, 40.0}) {
    Draws draws(7, 3, 0, Purpose::kTraits);
    double sum = 0;
    double squares = 0;
    for (int k = 0; k < kMany; ++k) {
      const double x = draws.Poisson(mean);
      sum += x;
      squares += x * x;
    }
    const double found = sum / kMany;
    EXPECT_NEAR(found, mean, 0.01 + 0.01 * mean);
    EXPECT_NEAR(squares / kMany - found * found, mean, 0.02 + 0.02 * mean);
  }
}

TEST(Draws, HaveExponentialsOfTheMeanAsked) {
  Draws draws(7, 4, 0, Purpose::kTraits);
  double sum = 0;
  for (int k = 0; k < kMany; ++k) sum += draws.Exponential(5);
  EXPECT_NEAR(sum / kMany, 5, 0.06);
}

TEST(Draws, PickEveryIndexBelowN) {
  Draws draws(7, 5, 0, Purpose::kTraits);
  int counts[7] = {};
  for (int k = 0; k < 70'000; ++k) ++counts[draws.Below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
}

TEST(NormalQuantile, InvertsTheDistributionFunction) {
  for (const double p :
       {1e-9, 1e-4, 0.02, 0.03, 0.5, 0.7, 0.97, 0.98, 0.9999}) {
    const double x = NormalQuantile(p);
    EXPECT_NEAR(0.5 * std::erfc(-x / std::sqrt(2.0)) / p, 1, 1e-7) << p;
  }
}

TEST(SplitSeed, GivesEveryFutureItsOwnLuck) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t n = 0; n < 1000; ++n) seeds.insert(SplitSeed(1, n));
  EXPECT_EQ(seeds.size(), 1000u);
}

TEST(DailyChance, StaysBetweenZeroAndOne) {
  EXPECT_EQ(DailyChance(0), 0);
  EXPECT_NEAR(DailyChance(0.001), 0.001, 1e-6);
  EXPECT_LT(DailyChance(1e6), 1);
}

}  // namespace
}  // namespace tenuto::world
