#include "training/simulation/simulate_world.h"

#include <cstdio>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr char kPolicies[] = R"(
current: "seven"
policies { name: "seven" fixed { full_days: 7 retry_days: [3, 9, 15, 21] } }
policies { name: "none" fixed { full_days: 0 retry_days: [3, 9, 15, 21] } }
policies {
  name: "both"
  mixture {
    parts { policy: "seven" share: 0.25 }
    parts { policy: "none" share: 0.75 }
  }
}
)";
constexpr char kPlanned[] = R"(
policies { name: "personal" personal {} }
policies { name: "oracle" oracle {} }
)";

absl::StatusOr<SimulationResult> Simulate(const std::string& policies,
                                          SimulateWorldOptions options) {
  const auto file = PolicyFile::FromText(policies, "test");
  EXPECT_TRUE(file.ok()) << file.status();
  const FixedClock clock(absl::UnixEpoch());
  std::int64_t last = 0;
  auto result = SimulateWorld(options, *file, clock, [&](std::int64_t done) {
    EXPECT_GT(done, last);
    last = done;
  });
  if (result.ok()) {
    EXPECT_EQ(last, options.failures);
  }
  return result;
}

TEST(SimulateWorld, GivesTheSameBytesOnOneAndTwoThreads) {
  SimulateWorldOptions options;
  options.failures = 5'000;
  options.practice_failures = 2'000;
  std::string texts[2];
  for (int threads : {1, 2}) {
    options.threads = threads;
    auto result = Simulate(std::string(kPolicies) + kPlanned, options);
    ASSERT_TRUE(result.ok()) << result.status();
    result->threads = 0;
    texts[threads - 1] = SimulationJson(*result) + FormatSimulation(*result);
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(SimulateWorld, ServesEachPaymentOfAMixtureByOneOfItsParts) {
  SimulateWorldOptions options;
  options.failures = 20'000;
  const auto result = Simulate(kPolicies, options);
  ASSERT_TRUE(result.ok()) << result.status();
  const double seven = result->tally.sums(0).free_days;
  const double none = result->tally.sums(1).free_days;
  EXPECT_NEAR(result->tally.sums(2).free_days, 0.25 * seven + 0.75 * none,
              0.02 * seven);
  EXPECT_EQ(result->tally.sums(0).difference, 0);
}

// What the planner gains must come from what it knows, and no policy may beat
// the one that knows the true chances.
TEST(SimulateWorld, PlansBetweenTheBestFixedPolicyAndTheOracle) {
  SimulateWorldOptions options;
  options.failures = 10'000;
  options.practice_failures = 8'000;
  options.threads = 2;
  const auto result = Simulate(std::string(kPolicies) + kPlanned, options);
  ASSERT_TRUE(result.ok()) << result.status();
  const double personal = result->tally.sums(3).net;
  const double oracle = result->tally.sums(4).net;
  EXPECT_GT(TotalsOf(*result, 3).difference_minor.low, 0);
  EXPECT_GT(personal, result->tally.sums(1).net);
  EXPECT_GT(oracle, personal);
  EXPECT_EQ(TotalsOf(*result, 4).regret_minor, 0);
}

TEST(SimulateWorld, SpendsNothingOnWhatHasNoEffect) {
  SimulateWorldOptions options;
  options.failures = 3'000;
  options.practice_failures = 2'000;
  options.variant = "no_messages";
  const auto result = Simulate(std::string(kPolicies) + kPlanned, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->tally.sums(4).messages, 0);
}

TEST(SimulateWorld, NamesTheVariantsThereAre) {
  SimulateWorldOptions options;
  options.failures = 10;
  options.variant = "no_such";
  const auto result = Simulate(kPolicies, options);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr("weak_engagement"));
}

}  // namespace
}  // namespace tenuto
