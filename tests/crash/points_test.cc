// R2 "kill at the nastiest points": a real server kills itself at one of the
// points of features/base/crash_point.h, under load; the next one must hold
// every promise of R1, and finish or undo what was half done.
// TENUTO_CRASH_KILLS_A_POINT says how often, TENUTO_CRASH_SEED at which passes.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crash/duties.h"
#include "tests/crash/producers.h"
#include "tests/support/child_process.h"
#include "tests/support/server_process.h"

namespace tenuto::testing {
namespace {

using ::testing::HasSubstr;

// Some seeds pass a point by a dozen times, and an erasure of a ledger that has
// lived many lives takes seconds on a slow machine.
constexpr absl::Duration kPatience = absl::Minutes(3);

using MakeDuty = std::unique_ptr<Duty> (*)(const ServerFolder& folder);

template <typename Kind>
std::unique_ptr<Duty> Make(const ServerFolder& folder) {
  return std::make_unique<Kind>(folder);
}

struct Point {
  std::string name;
  MakeDuty duty;
  std::vector<int> odds;  // In turn.
};

const std::vector<Point>& Points() {
  static const auto* const points = new std::vector<Point>{
      {"ingest.after_gate", Make<Decisions>, {300, 40, 5}},
      {"commit.before_write", Make<Decisions>, {100, 20, 3}},
      {"commit.after_write", Make<Decisions>, {100, 20, 3}},
      {"erase.committed", Make<Erasures>, {1, 2}},
      {"erase.before_manifest", Make<Erasures>, {1, 3}},
      {"erase.finished", Make<Erasures>, {1, 2}},
      {"checkpoint.begun", Make<Checkpoints>, {1, 2}},
      {"checkpoint.copying", Make<Checkpoints>, {1, 6}},
      {"store.new_file", Make<Erasures>, {20, 60}},
      {"records.new_file", Make<Scores>, {1, 2}},
      {"models.before_swap", Make<Reloads>, {2, 3}},
  };
  return *points;
}

class PointsTest : public ::testing::TestWithParam<Point> {
 protected:
  // One life of a server, to its end at the point.
  void DieAtThePoint(std::uint64_t kill);
  // The next one, which nothing kills.
  void CheckTheNextOne();

  const std::uint64_t seed_ = FromEnvironment("TENUTO_CRASH_SEED", 1);
  const ::testing::ScopedTrace trace_{__FILE__, __LINE__,
                                      absl::StrCat("seed ", seed_)};
  const ServerFolder folder_{"recorded_row_share: 1"};
  Producers producers_{folder_, 3};
  const std::unique_ptr<Duty> duty_ = GetParam().duty(folder_);
  int at_start_ = 0;  // Kills before the server listened.
};

void PointsTest::DieAtThePoint(std::uint64_t kill) {
  const std::vector<int>& odds = GetParam().odds;
  ServerProcess server(
      folder_, absl::StrCat(GetParam().name, ":", odds[kill % odds.size()], ":",
                            seed_ * 1000 + kill));
  if (server.listens()) {
    producers_.Start(server);
    std::thread duty([&] { duty_->RunUntilAFailure(server); });
    if (!producers_.OneGivesUpWithin(kPatience)) {
      ADD_FAILURE() << "was not hit";
      server.Kill();
    }
    duty.join();
    producers_.Join();
  } else {
    ++at_start_;
  }
  EXPECT_EQ(server.Wait(), -SIGKILL) << server.errors();
  EXPECT_THAT(server.errors(),
              HasSubstr(absl::StrCat("killed at ", GetParam().name)));
}

void PointsTest::CheckTheNextOne() {
  ServerProcess server(folder_);
  ASSERT_TRUE(server.listens());
  duty_->Repeat(server, absl::StartsWith(GetParam().name, "erase."));
  producers_.SendUnknown(server);
  EXPECT_EQ(server.Status().models_size(), 1);
  server.Stop();
  producers_.CheckLog(true);
  duty_->CheckFolder();
}

TEST_P(PointsTest, HoldsEveryPromiseWhenKilledThere) {
  const absl::Time start = Clock::Real().Now();
  const std::uint64_t kills = FromEnvironment("TENUTO_CRASH_KILLS_A_POINT", 3);
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    DieAtThePoint(kill);
    if (HasFailure()) return;
    CheckTheNextOne();
    if (HasFailure()) return;
  }
  ChildProcess verify({BuiltProgram("tenuto"), "replay", "--verify", "--ledger",
                       folder_.data.string(), "--models",
                       folder_.models.string()});
  EXPECT_EQ(verify.Wait(), 0) << verify.errors();
  std::printf(
      "%s, seed %llu: %llu hits, %d of them before it listened; %zu "
      "events; %.1f s\n",
      GetParam().name.c_str(), static_cast<unsigned long long>(seed_),
      static_cast<unsigned long long>(kills), at_start_, producers_.sent(),
      absl::ToDoubleSeconds(Clock::Real().Now() - start));
}

INSTANTIATE_TEST_SUITE_P(
    AllPoints, PointsTest, ::testing::ValuesIn(Points()),
    [](const ::testing::TestParamInfo<Point>& point) {
      return absl::StrReplaceAll(point.param.name, {{".", "_"}});
    });

std::string BytesOf(const std::string& program) {
  std::ifstream file(BuiltProgram(program), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Points, AreInNoProductBinary) {
  EXPECT_THAT(BytesOf("tenuto-server-crashing"), HasSubstr("TENUTO_CRASH_AT"));
  for (const char* product : {"tenuto-server", "tenuto"}) {
    const std::string bytes = BytesOf(product);
    EXPECT_GT(bytes.size(), 1'000'000u);
    EXPECT_FALSE(absl::StrContains(bytes, "TENUTO_CRASH_AT")) << product;
    for (const Point& point : Points()) {
      EXPECT_FALSE(absl::StrContains(bytes, point.name)) << point.name;
    }
  }
}

}  // namespace
}  // namespace tenuto::testing
