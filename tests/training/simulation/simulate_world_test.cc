#include "training/simulation/simulate_world.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "training/simulation/segments_csv.h"

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
    texts[threads - 1] = SimulationJson(*result) + FormatSimulation(*result) +
                         SegmentsCsv(*result);
  }
  EXPECT_EQ(texts[0], texts[1]);
}

std::size_t SegmentNamed(absl::string_view name) {
  const auto segments = Segments();
  return static_cast<std::size_t>(
      std::find_if(segments.begin(), segments.end(),
                   [name](const Segment& one) { return one.name == name; }) -
      segments.begin());
}

// One payment after the other, of those that live in Germany.
TEST(SimulateWorld, GivesASegmentWhatItsPaymentsCameToOneByOne) {
  SimulateWorldOptions options;
  options.failures = 2'500;
  options.threads = 2;
  const auto result = Simulate(kPolicies, options);
  ASSERT_TRUE(result.ok()) << result.status();
  const auto file = PolicyFile::FromText(kPolicies, "test");
  const auto world =
      world::FailureWorld::Create(options.seed, world::WorldVariant());
  const auto book = CaseBook::Create(PaymentRules::Embedded(),
                                     GraceValues::Embedded(), "EUR");
  ASSERT_TRUE(file.ok() && world.ok() && book.ok());
  std::vector<std::vector<double>> net(2);
  double recovered = 0, free_days = 0;
  for (std::uint64_t number = 0; number < 2'500; ++number) {
    const world::FailedPayment failure = world->Make(number);
    const world::SeenFailure seen = world->See(failure);
    if (std::string(seen.time_zone) != "Europe/Berlin") continue;
    FailureCase known;
    ASSERT_TRUE(book->Fill(seen,
                           absl::FromUnixSeconds(world->FailedEpochOf(failure)),
                           known)
                    .ok());
    for (std::size_t k = 0; k < 2; ++k) {
      const ComparedPolicy& policy = file->policies()[k];
      const TrialOutcome outcome =
          LiveThrough(*world, failure, world->LuckOf(failure), known.stakes,
                      book->Lawful({policy.actions, policy.last_day}, known));
      net[k].push_back(outcome.net_minor);
      if (k == 1) recovered += outcome.recovered;
      if (k == 0) free_days += outcome.free_days;
    }
  }
  const std::size_t germany = SegmentNamed("Germany");
  const auto n = static_cast<double>(net[0].size());
  ASSERT_GT(n, 200);
  EXPECT_EQ(result->tally.sums(1, germany).size.payments, n);
  EXPECT_EQ(TotalsOf(*result, 1, germany).recovered.value, recovered);
  EXPECT_NEAR(TotalsOf(*result, 0, germany).free_days, free_days, 1e-6);
  double sum = 0, squares = 0;
  for (std::size_t k = 0; k < net[0].size(); ++k) sum += net[1][k] - net[0][k];
  for (std::size_t k = 0; k < net[0].size(); ++k) {
    squares += std::pow(net[1][k] - net[0][k] - sum / n, 2);
  }
  const double half = 1.959964 * std::sqrt(n * squares / (n - 1));
  const Estimate difference = TotalsOf(*result, 1, germany).difference_minor;
  EXPECT_GT(std::abs(sum), 100);
  EXPECT_NEAR(difference.value, sum, 1e-3);
  EXPECT_NEAR(difference.low, sum - half, 1e-3);
  EXPECT_NEAR(difference.high, sum + half, 1e-3);
}

TEST(SimulateWorld, ServesEachPaymentOfAMixtureByOneOfItsParts) {
  SimulateWorldOptions options;
  options.failures = 20'000;
  const auto result = Simulate(kPolicies, options);
  ASSERT_TRUE(result.ok()) << result.status();
  const double seven = result->tally.sums(0).free_days.total;
  const double none = result->tally.sums(1).free_days.total;
  EXPECT_NEAR(result->tally.sums(2).free_days.total, 0.25 * seven + 0.75 * none,
              0.02 * seven);
  EXPECT_EQ(result->tally.sums(0).difference.total, 0);
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
  const double personal = result->tally.sums(3).net.total;
  const double oracle = result->tally.sums(4).net.total;
  EXPECT_GT(TotalsOf(*result, 3).difference_minor.low, 0);
  EXPECT_GT(personal, result->tally.sums(1).net.total);
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
  EXPECT_EQ(result->tally.sums(4).messages.total, 0);
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
