// How fast policies are compared: failed payments of a world under eight fixed
// policies on two threads, and what a personal plan adds.
#include <algorithm>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "features/base/clock.h"
#include "gtest/gtest.h"
#include "tests/benchmark/targets.h"
#include "training/peak_memory.h"
#include "training/simulation/simulate_world.h"

namespace tenuto {
namespace {

constexpr std::int64_t kFailures = 200'000;
constexpr int kRounds = 5;
constexpr std::int64_t kMillion = 1'000'000;

std::string EightFixed() {
  std::string text = "current: \"grace_14\"\n";
  const auto add = [&](const std::string& name, int full_days,
                       const char* retries) {
    absl::StrAppend(&text, "policies { name: \"", name,
                    "\" fixed { full_days: ", full_days, " ", retries,
                    " message_days: [1, 7, 14] } }\n");
  };
  for (const int days : {0, 3, 7, 14, 16, 28, 30}) {
    add(absl::StrCat("grace_", days), days, "retry_days: [3, 7, 14, 21]");
  }
  add("seven", 14, "retry_every { days: 4 times: 7 }");
  return text;
}

SimulationResult Simulate(const std::string& policies, std::int64_t failures) {
  const auto file = PolicyFile::FromText(policies, "benchmark");
  SimulateWorldOptions options;
  options.failures = failures;
  options.threads = 2;
  auto result =
      SimulateWorld(options, *file, Clock::Real(), [](std::int64_t) {});
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

TEST(SimulationBenchmark, ComparesFixedPolicies) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const SimulationResult result = Simulate(EightFixed(), kFailures);
    const double rate =
        8.0 * kUnpaidDays * static_cast<double>(kFailures) / result.seconds;
    std::printf("%.1f million policy-days/s\n", rate / 1e6);
    best = std::max(best, rate);
  }
  const double seconds = Simulate(EightFixed(), kMillion).seconds;
  const std::int64_t mebibytes = PeakMemoryBytes() >> 20;
  EXPECT_LE(seconds, 30);
  EXPECT_LE(mebibytes, 256) << "does not grow with the payments";
  ReportFigure("simulate.user_policy_days_per_second",
               {.measured = best,
                .note = absl::StrFormat("the best of %d rounds; a million "
                                        "payments took %.1f s and %d MiB",
                                        kRounds, seconds, mebibytes)});
}

TEST(SimulationBenchmark, PlansEachPayment) {
  constexpr std::int64_t kPlanned = 10'000;
  const SimulationResult result = Simulate(
      "current: \"a\"\npolicies { name: \"a\" fixed { full_days: 7 } }\n"
      "policies { name: \"personal\" personal {} }\n",
      kPlanned);
  const double each = (result.seconds - result.learning_seconds) / kPlanned;
  std::printf(
      "personal: %.0f us a payment on 2 threads, so %.1f minutes a million; "
      "its model was learned in %.0f s\n",
      1e6 * each, 1e6 * each / 60, result.learning_seconds);
}

}  // namespace
}  // namespace tenuto
