// A real server is killed again and again while several producers send it
// events of the same users. Whatever it acknowledged must be there, once; what
// it did not may be there or not; nothing else may (promise R1).
// TENUTO_CRASH_KILLS says how often, TENUTO_CRASH_SEED which moments.
#include <algorithm>
#include <cstdio>
#include <string>

#include "absl/time/time.h"
#include "features/base/clock.h"
#include "gtest/gtest.h"
#include "tests/crash/producers.h"
#include "tests/support/child_process.h"
#include "tests/support/random_events.h"
#include "tests/support/server_process.h"

namespace tenuto::testing {
namespace {

class CrashTest : public ::testing::Test {
 protected:
  // Starts the server and producers, who send until a call fails.
  void RunUntilKilled();

  const std::uint64_t seed_ = FromEnvironment("TENUTO_CRASH_SEED", 1);
  const ::testing::ScopedTrace trace_{__FILE__, __LINE__,
                                      "seed " + std::to_string(seed_)};
  Draws draws_{seed_};
  const ServerFolder folder_;
  Producers producers_{folder_, 6};
  int kills_with_pending_ = 0;
  absl::Duration slowest_start_ = absl::ZeroDuration();
};

void CrashTest::RunUntilKilled() {
  const absl::Time start = Clock::Real().Now();
  ServerProcess server(folder_);
  slowest_start_ = std::max(slowest_start_, Clock::Real().Now() - start);
  producers_.Start(server);
  EXPECT_FALSE(
      producers_.OneGivesUpWithin(absl::Milliseconds(draws_.Between(5, 500))))
      << "a call failed before the server was killed";
  kills_with_pending_ += producers_.any_in_flight();
  server.Kill();
  producers_.Join();
}

TEST_F(CrashTest, LosesNothingAcknowledgedAndCountsNothingTwice) {
  const std::uint64_t kills = FromEnvironment("TENUTO_CRASH_KILLS", 25);
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    RunUntilKilled();
    if (HasFailure()) return;
    if (kill % 5 == 4) producers_.CheckLog(false);
  }
  ServerProcess server(folder_);
  const std::size_t pending = producers_.SendUnknown(server);
  server.Stop();
  EXPECT_EQ(producers_.CheckLog(true), 0u) << "events of users nobody has";
  ChildProcess verify({BuiltProgram("tenuto"), "replay", "--verify", "--ledger",
                       folder_.data.string()});
  EXPECT_EQ(verify.Wait(), 0) << verify.errors();
  std::printf(
      "seed %llu: %llu kills, %d with commits pending; %zu events, %zu of "
      "unknown fate sent again; slowest start %.2f s\n",
      static_cast<unsigned long long>(seed_),
      static_cast<unsigned long long>(kills), kills_with_pending_,
      producers_.sent(), pending, absl::ToDoubleSeconds(slowest_start_));
  EXPECT_GE(2 * static_cast<std::uint64_t>(kills_with_pending_), kills);
  EXPECT_LE(slowest_start_, absl::Seconds(3));
}

}  // namespace
}  // namespace tenuto::testing
