// R48 "deterministic simulation": two hundred seeded worlds, each of two
// thousand steps with faults. The nightly run lives through many more:
// TENUTO_SIMULATION_SEEDS says how many.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/simulation/simulated_service.h"

namespace tenuto::testing {
namespace {

constexpr int kSteps = 2000;

// One seed alone where TENUTO_SIMULATION_SEED is set, to see a failure again.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 200;
};

Seeds SeedsToRun() {
  Seeds seeds;
  if (const char* count = std::getenv("TENUTO_SIMULATION_SEEDS")) {
    EXPECT_TRUE(absl::SimpleAtoi(count, &seeds.last)) << count;
  }
  if (const char* only = std::getenv("TENUTO_SIMULATION_SEED")) {
    EXPECT_TRUE(absl::SimpleAtoi(only, &seeds.first)) << only;
    seeds.last = seeds.first;
  }
  return seeds;
}

TEST(Simulation, KeepsEveryPromiseInEveryWorld) {
  const Seeds seeds = SeedsToRun();
  std::map<std::string, std::int64_t> counts;
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    SimulatedService service(seed);
    service.Run(kSteps);
    ASSERT_THAT(service.Check(), ::testing::IsEmpty())
        << "again: TENUTO_SIMULATION_SEED=" << seed;
    for (const auto& [what, count] : service.counts()) counts[what] += count;
  }
  std::printf("seeds %llu to %llu, %d steps each\n",
              static_cast<unsigned long long>(seeds.first),
              static_cast<unsigned long long>(seeds.last), kSteps);
  for (const auto& [what, count] : counts) {
    std::printf("  %-20s %9lld\n", what.c_str(), static_cast<long long>(count));
  }
  for (const char* what :
       {"events accepted", "events duplicate", "events rejected",
        "batches lost", "decisions", "contacts", "decisions lost",
        "requests repeated", "scores", "erasures", "erasures lost",
        "erasures done before", "erasures repeated"}) {
    EXPECT_GT(counts[what], 0) << what;
  }
}

TEST(Simulation, FindsOutALedgerThatLosesWhatItAcknowledged) {
  SimulatedService service(3);
  service.Run(200);
  service.LoseABatch();
  EXPECT_THAT(service.Check(),
              ::testing::Contains(::testing::HasSubstr("acknowledged event")));
}

TEST(Simulation, FindsOutALedgerThatSaysItErasedAndDidNot) {
  SimulatedService service(3);
  service.Run(200);
  service.ForgetToErase();
  EXPECT_THAT(service.Check(),
              ::testing::Contains(::testing::HasSubstr("after its erasure")));
}

TEST(Simulation, GivesTheSameWorldForTheSameSeed) {
  SimulatedService a(7), b(7), c(8);
  a.Run(500);
  b.Run(500);
  c.Run(500);
  EXPECT_EQ(a.counts(), b.counts());
  EXPECT_NE(a.counts(), c.counts());
}

}  // namespace
}  // namespace tenuto::testing
