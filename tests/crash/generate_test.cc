// `tenuto world generate` is killed at more and more CPU seconds, by the kernel
// (RLIMIT_CPU), until it comes to its end: whatever commits the kills fell
// between, the ledger must hold what a world made at once holds, event by
// event.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "features/base/atomic_file.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/ledger.h"
#include "features/rocks_ledger.h"
#include "features/user_key.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"
#include "training/replayer.h"
#include "training/world/ledger_mark.h"
#include "xxhash.h"

namespace tenuto {
namespace {

// Six commits in some ten seconds of CPU: on a machine that needs less than one
// nothing would be killed, and the test says so.
constexpr char kUsers[] = "600";
constexpr char kDays[] = "300";

std::unique_ptr<Ledger> Open(const std::filesystem::path& directory) {
  const auto keys = UserKeys::Open(directory / "user.key");
  EXPECT_TRUE(keys.ok()) << keys.status();
  RocksLedgerOptions options;
  options.directory = directory;
  options.read_only = true;
  options.clock = &Clock::Real();
  auto ledger = OpenRocksLedger(options, Catalogue::Embedded(), *keys);
  EXPECT_TRUE(ledger.ok()) << ledger.status();
  return *std::move(ledger);
}

world::LedgerMark MarkOf(const std::filesystem::path& directory) {
  // Killed before its first commit it may have left no ledger.
  if (!std::filesystem::exists(directory / "rocks" / "CURRENT")) return {};
  const auto mark = world::LoadLedgerMark(*Open(directory));
  EXPECT_TRUE(mark.ok()) << mark.status();
  return mark.value_or(world::LedgerMark{});
}

// Of all events, with their users and the times at which they were learned;
// `count` of them.
std::uint64_t HashOf(const Ledger& ledger, std::int64_t& count) {
  std::uint64_t hash = 0;
  count = 0;
  for (int partition = 0; partition < kPartitions; ++partition) {
    const absl::Status status =
        VisitUsers(ledger, partition,
                   [&](const UserKey&, absl::Span<const LoggedEvent> events) {
                     count += static_cast<std::int64_t>(events.size());
                     for (const LoggedEvent& event : events) {
                       const std::uint64_t parts[] = {
                           hash, event.event_hash,
                           static_cast<std::uint64_t>(event.known_time_us),
                           XXH3_64bits(&event.user, sizeof event.user),
                           XXH3_64bits(event.event.data(), event.event.size())};
                       hash = XXH3_64bits(parts, sizeof parts);
                     }
                     return absl::OkStatus();
                   });
    EXPECT_TRUE(status.ok()) << status;
  }
  return hash;
}

// The exit code of making it, or minus the signal, within `cpu_seconds`.
int Generate(const std::filesystem::path& directory, int cpu_seconds) {
  ChildProcess child(
      {"/bin/sh", "-c",
       absl::StrCat("ulimit -t ", cpu_seconds, " && exec \"$@\""), "sh",
       BuiltProgram("tenuto"), "world", "generate", "--users", kUsers, "--days",
       kDays, "--seed", "9", "--ledger", directory.string()});
  child.ReadAll();
  const int result = child.Wait();
  EXPECT_TRUE(result == 0 || result == -SIGKILL) << child.errors();
  return result;
}

TEST(GenerateKilled, EndsAsAWorldMadeAtOnce) {
  const TempFolder folder;
  const std::filesystem::path whole = folder.path() / "whole";
  const std::filesystem::path pieces = folder.path() / "pieces";
  constexpr int kEnough = 3600;
  ASSERT_EQ(Generate(whole, kEnough), 0);
  const world::LedgerMark end = MarkOf(whole);
  EXPECT_TRUE(end.whole);
  // Keys of users, and so partitions and bytes, hang on it.
  ASSERT_TRUE(MakePrivateDirectory(pieces).ok());
  std::filesystem::copy(whole / "user.key", pieces / "user.key");
  int kills = 0, between_commits = 0;
  std::int64_t events = 0;
  for (int cpu_seconds = 1; cpu_seconds < kEnough; cpu_seconds *= 2) {
    if (Generate(pieces, cpu_seconds) == 0) break;
    ++kills;
    const world::LedgerMark mark = MarkOf(pieces);
    EXPECT_GE(mark.events, events);
    between_commits += mark.events > events;
    events = mark.events;
  }
  std::printf("%d kills, %d after new commits; %lld of %lld events there\n",
              kills, between_commits, static_cast<long long>(events),
              static_cast<long long>(end.events));
  EXPECT_GT(between_commits, 0);
  const world::LedgerMark mark = MarkOf(pieces);
  EXPECT_TRUE(mark.whole);
  EXPECT_EQ(mark.events, end.events);
  EXPECT_EQ(mark.digest, end.digest);
  std::int64_t in_pieces = 0, at_once = 0;
  EXPECT_EQ(HashOf(*Open(pieces), in_pieces), HashOf(*Open(whole), at_once));
  EXPECT_EQ(in_pieces, end.events);
  EXPECT_EQ(at_once, end.events);
  EXPECT_EQ(*ReadFile(pieces.string() + ".truth.csv"),
            *ReadFile(whole.string() + ".truth.csv"));
}

}  // namespace
}  // namespace tenuto
