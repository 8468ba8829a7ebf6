#include "features/base/crash_point.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

TEST(CrashPlan, ReadsAPointItsOddsAndASeed) {
  EXPECT_TRUE(CrashPlan::Parse("a.b:3:4").ok());
  for (const char* bad : {"", "a", "a:1", ":1:1", "a:0:1", "a:x:1", "a:1:y",
                          "a:1:1:1", "a:-1:1"}) {
    EXPECT_THAT(std::string(CrashPlan::Parse(bad).status().message()),
                HasSubstr("name:odds:seed"))
        << bad;
  }
}

TEST(CrashPlan, StrikesAtEveryPassOfItsPointAndAtNoOther) {
  CrashPlan plan("here", 1, 7);
  for (int pass = 0; pass < 5; ++pass) {
    EXPECT_FALSE(plan.Strikes("there"));
    EXPECT_TRUE(plan.Strikes("here"));
  }
}

std::vector<bool> Strikes(std::uint64_t odds, std::uint64_t seed, int passes) {
  CrashPlan plan("here", odds, seed);
  std::vector<bool> strikes;
  for (int pass = 0; pass < passes; ++pass) {
    strikes.push_back(plan.Strikes("here"));
  }
  return strikes;
}

TEST(CrashPlan, StrikesOnceInItsOddsAsItsSeedSays) {
  constexpr int kPasses = 10'000;
  const std::vector<bool> strikes = Strikes(10, 1, kPasses);
  const auto count = std::count(strikes.begin(), strikes.end(), true);
  EXPECT_GT(count, kPasses / 10 - 150);
  EXPECT_LT(count, kPasses / 10 + 150);
  EXPECT_EQ(strikes, Strikes(10, 1, kPasses));
  EXPECT_NE(strikes, Strikes(10, 2, kPasses));
}

TEST(CrashPoint, KillsAtOnceWhereTheEnvironmentSaysSo) {
  ASSERT_EQ(::setenv("TENUTO_CRASH_AT", "here:1:1", 1), 0);
  const auto pass_both = [] {
    TENUTO_CRASH_POINT("there");
    std::fputs("passed there\n", stderr);
    TENUTO_CRASH_POINT("here");
    std::fputs("passed here\n", stderr);
  };
  EXPECT_EXIT(pass_both(), ::testing::KilledBySignal(SIGKILL),
              "passed there\nW tenuto: killed at here\n$");
  ASSERT_EQ(::setenv("TENUTO_CRASH_AT", "here", 1), 0);
  EXPECT_DEATH(pass_both(), "it needs name:odds:seed");
  ASSERT_EQ(::unsetenv("TENUTO_CRASH_AT"), 0);
}

}  // namespace
}  // namespace tenuto
