// What personal plans are for, on many worlds: they close most of what lies
// between the best policy that is the same for everybody, of every length and
// schedule, and the oracle; also in worlds that differ from the usual one, and
// without a gain from what has no effect there. Seeds come from the commit
// ($TENUTO_COMMIT), so that nobody can tune to them. Long; label nightly.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "features/base/clock.h"
#include "features/base/digest.h"
#include "gtest/gtest.h"
#include "training/simulation/simulate_world.h"
#include "training/world/draws.h"

namespace tenuto {
namespace {

constexpr std::int64_t kFailures = 10'000;
constexpr int kSeeds = 20;

std::uint64_t FirstSeed() {
  const char* const commit = std::getenv("TENUTO_COMMIT");
  const std::string digest =
      Sha256Hex(commit != nullptr ? commit : "no commit");
  std::uint64_t seed = 0;
  EXPECT_TRUE(absl::SimpleHexAtoi(digest.substr(0, 15), &seed));
  return seed;
}

int CountOfSeeds() {
  const char* const count = std::getenv("TENUTO_SEEDS");
  return count != nullptr ? std::atoi(count) : kSeeds;
}

// Every length with every schedule, with and without messages.
std::vector<std::string> EveryFixedPolicy() {
  struct Schedule {
    const char* name;
    const char* field;
  };
  constexpr Schedule kSchedules[] = {
      {"8_8_8", "retry_every { days: 8 times: 3 }"},
      {"4_in_21", "retry_days: [5, 10, 15, 21]"},
      {"7_in_28", "retry_every { days: 4 times: 7 }"},
      {"8_in_14", "retry_days: [1, 2, 4, 6, 8, 10, 12, 14]"},
      {"daily", "retry_every { days: 1 times: 15 }"}};
  std::vector<std::string> policies;
  for (const int days : {0, 3, 7, 14, 16, 28, 30}) {
    for (const Schedule& schedule : kSchedules) {
      for (const bool writes : {true, false}) {
        policies.push_back(
            absl::StrCat("policies { name: \"grace_", days, "_", schedule.name,
                         writes ? "" : "_silent",
                         "\" fixed { full_days: ", days, " ", schedule.field,
                         writes ? " message_days: [1, 7, 14]" : "", " } }\n"));
      }
    }
  }
  return policies;
}

struct Comparison {
  double gap_closed = 0;       // Of best fixed to oracle.
  double share_of_oracle = 0;  // Of its net value.
  double gain_low = 0;         // Paired, beside the best fixed policy.
  double free_days_share = 0;  // Beside what recovers most with grace.
  double recovered_more = 0;   // Than that one.
  double messages = 0;         // Personal's, as the next.
  double free_days = 0;
  double oracle_free_days = 0;
};

SimulationResult Simulate(const std::string& policies, std::uint64_t seed,
                          const std::string& variant) {
  const auto file = PolicyFile::FromText(policies, "every fixed policy");
  EXPECT_TRUE(file.ok()) << file.status();
  SimulateWorldOptions options;
  options.seed = seed;
  options.failures = kFailures;
  options.variant = variant;
  options.threads = 2;
  auto result =
      SimulateWorld(options, *file, Clock::Real(), [](std::int64_t) {});
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

Comparison Compare(std::uint64_t seed, const std::string& variant) {
  const std::vector<std::string> fixed = EveryFixedPolicy();
  const SimulationResult all =
      Simulate("current: \"grace_14_4_in_21\"\n" + absl::StrJoin(fixed, ""),
               seed, variant);
  std::size_t best = 0, fullest = 0;
  for (std::size_t k = 0; k < fixed.size(); ++k) {
    const PolicySums& sums = all.tally.sums(k);
    if (sums.net.total > all.tally.sums(best).net.total) best = k;
    // Those without grace have no free days to cut.
    const bool gives = sums.free_days.total >= kFailures;
    const PolicySums& most = all.tally.sums(fullest);
    if (gives && (most.free_days.total < kFailures ||
                  sums.recovered.total > most.recovered.total)) {
      fullest = k;
    }
  }
  // The same payments on the same luck, paired with the best fixed policy.
  const SimulationResult found = Simulate(
      absl::StrCat("current: \"", all.policies[best], "\"\n", fixed[best],
                   "policies { name: \"personal\" personal {} }\n"
                   "policies { name: \"oracle\" oracle {} }\n"),
      seed, variant);
  const PolicySums& theirs = found.tally.sums(0);
  const PolicySums& mine = found.tally.sums(1);
  const double oracle = found.tally.sums(2).net.total;
  const PolicySums& most = all.tally.sums(fullest);
  EXPECT_EQ(theirs.net.total, all.tally.sums(best).net.total);
  Comparison comparison;
  comparison.gap_closed =
      (mine.net.total - theirs.net.total) / (oracle - theirs.net.total);
  comparison.share_of_oracle = mine.net.total / oracle;
  comparison.gain_low = TotalsOf(found, 1).difference_minor.low;
  comparison.free_days_share = mine.free_days.total / most.free_days.total;
  comparison.recovered_more = mine.recovered.total - most.recovered.total;
  comparison.messages = mine.messages.total;
  comparison.free_days = mine.free_days.total;
  comparison.oracle_free_days = found.tally.sums(2).free_days.total;
  std::printf(
      "%-15s seed %20llu  best fixed %-16s gap closed %3.0f %%, %5.1f %% of "
      "the oracle, gain at least %.2f EUR a payment; free days %3.0f %% of %s, "
      "recovered %+.1f points; %.3f free days (oracle %.3f) and %.2f messages "
      "a payment\n",
      variant.c_str(), static_cast<unsigned long long>(seed),
      all.policies[best].c_str(), 100 * comparison.gap_closed,
      100 * comparison.share_of_oracle, comparison.gain_low / kFailures / 100,
      100 * comparison.free_days_share, all.policies[fullest].c_str(),
      100 * comparison.recovered_more / kFailures,
      comparison.free_days / kFailures, comparison.oracle_free_days / kFailures,
      comparison.messages / kFailures);
  std::fflush(stdout);
  return comparison;
}

void ExpectTheirWorth(const Comparison& comparison) {
  EXPECT_GE(comparison.gap_closed, 0.5);
  EXPECT_GE(comparison.share_of_oracle, 0.9);
  EXPECT_GT(comparison.gain_low, 0);
}

TEST(PersonalPlans, CloseMostOfTheGapOnEverySeed) {
  const std::uint64_t first = FirstSeed();
  for (int k = 0; k < CountOfSeeds(); ++k) {
    const Comparison comparison =
        Compare(world::SplitSeed(first, static_cast<std::uint64_t>(k)), "");
    ExpectTheirWorth(comparison);
    EXPECT_LE(comparison.free_days_share, 0.75);
    EXPECT_GE(comparison.recovered_more, 0);
  }
}

TEST(PersonalPlans, KeepTheirWorthInOtherWorlds) {
  const std::uint64_t seed = FirstSeed();
  for (const char* variant :
       {"weak_engagement", "other_declines", "shifted_paydays"}) {
    ExpectTheirWorth(Compare(seed, variant));
  }
}

// Without an effect of messages a planner that learned so sends hardly any;
// without one of access it gives about what the oracle gives, to whom access
// costs nothing, and less than on the same seed where access has an effect.
TEST(PersonalPlans, SpendNothingOnWhatHasNoEffect) {
  const std::uint64_t seed = FirstSeed();
  const Comparison base = Compare(seed, "");
  EXPECT_GT(base.messages / kFailures, 0.3);
  const Comparison silent = Compare(seed, "no_messages");
  ExpectTheirWorth(silent);
  EXPECT_LE(silent.messages / kFailures, 0.1);
  const Comparison open = Compare(seed, "no_access");
  ExpectTheirWorth(open);
  EXPECT_LE(open.free_days, 1.5 * open.oracle_free_days);
  EXPECT_GT(base.free_days, 1.5 * open.oracle_free_days);
}

}  // namespace
}  // namespace tenuto
