#include "training/world/ledger_writer.h"

#include <memory>
#include <string>
#include <vector>

#include "features/base/status_macros.h"
#include "features/catalogue.h"
#include "features/event_view.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/failing_ledger.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

WorldOptions Options(int threads) {
  WorldOptions options;
  options.users = 40;
  options.days = 30;
  options.threads = threads;
  options.truth_every_days = 0;
  return options;
}

struct Log {
  std::vector<std::string> events;  // By position.
  std::int64_t accepted = 0;
  std::int64_t duplicates = 0;
};

// In commits of at most 700 events.
absl::Status Commit(const WorldOptions& options, const UserKeys& keys,
                    Ledger& ledger, Log& log) {
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<World> world,
                          World::Create(options));
  TENUTO_ASSIGN_OR_RETURN(LedgerMark there, LoadLedgerMark(ledger));
  there.world = WorldName(options);
  LedgerWriter writer(ledger, keys, options.users, options.threads, there, 700);
  while (world->day() < options.days) {
    world->LiveDay(writer);
    TENUTO_RETURN_IF_ERROR(writer.EndDay());
  }
  TENUTO_RETURN_IF_ERROR(writer.End());
  log.accepted = writer.accepted();
  log.duplicates = writer.duplicates();
  return absl::OkStatus();
}

void Write(const WorldOptions& options, const UserKeys& keys, Ledger& ledger,
           Log& log) {
  const absl::Status committed = Commit(options, keys, ledger, log);
  ASSERT_TRUE(committed.ok()) << committed;
  log.events.assign(ledger.Facts().last_position + 1, "");
  for (int partition = 0; partition < kPartitions; ++partition) {
    ASSERT_TRUE(ledger
                    .Scan(partition, 1,
                          [&](const LoggedEvent& event) {
                            log.events[event.position] = std::string(
                                event.event.data(), event.event.size());
                            return true;
                          })
                    .ok());
  }
}

TEST(LedgerWriter, GetsEveryEventThroughTheGateOnce) {
  const UserKeys keys = UserKeys::FromSecret("secret");
  MemoryLedger ledger(Catalogue::Embedded());
  Log first;
  Write(Options(1), keys, ledger, first);
  EXPECT_EQ(first.accepted,
            static_cast<std::int64_t>(Live(Options(1)).events.size()));
  EXPECT_EQ(first.duplicates, 0);
  Log again;
  Write(Options(1), keys, ledger, again);
  EXPECT_EQ(again.accepted, 0);
  EXPECT_EQ(again.duplicates, first.accepted);
}

TEST(LedgerWriter, WritesTheSameLogOnAnyNumberOfThreads) {
  const UserKeys keys = UserKeys::FromSecret("secret");
  MemoryLedger one(Catalogue::Embedded());
  MemoryLedger three(Catalogue::Embedded());
  Log log_of_one;
  Log log_of_three;
  Write(Options(1), keys, one, log_of_one);
  Write(Options(3), keys, three, log_of_three);
  EXPECT_EQ(log_of_one.events, log_of_three.events);
}

// Events of more than kMarkDays ago are not known again by their ids.
TEST(LedgerWriter, GoesOnWhereItWasEnded) {
  const UserKeys keys = UserKeys::FromSecret("secret");
  WorldOptions options = Options(2);
  options.days = 90;
  MemoryLedger at_once(Catalogue::Embedded());
  Log whole;
  Write(options, keys, at_once, whole);
  ASSERT_GT(whole.accepted, 5 * 700);
  EXPECT_TRUE(CheckWhole(at_once, "world").ok());

  MemoryLedger ended(Catalogue::Embedded());
  Log part;
  for (const int commits : {2, 1, 0}) {
    FailingLedger full(ended, commits);
    EXPECT_EQ(Commit(options, keys, full, part).code(),
              absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(ended.Facts().last_position, 3 * 700u);
  const absl::Status asked = CheckWhole(ended, "some/world");
  EXPECT_EQ(asked.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(asked.message().find("some/world holds the first 2100 events"),
            absl::string_view::npos)
      << asked;

  Log rest;
  Write(options, keys, ended, rest);
  EXPECT_EQ(rest.duplicates, 2100);
  EXPECT_EQ(rest.accepted, whole.accepted - 2100);
  EXPECT_EQ(rest.events, whole.events);
  EXPECT_TRUE(CheckWhole(ended, "world").ok());
}

TEST(LedgerWriter, AddsNothingToAWorldOfBeforeMarksCounted) {
  const UserKeys keys = UserKeys::FromSecret("secret");
  MemoryLedger ledger(Catalogue::Embedded());
  const SourceMark old{"world", WorldName(Options(1))};
  ASSERT_TRUE(ledger.Commit({}, &old).ok());
  Log log;
  Write(Options(1), keys, ledger, log);
  EXPECT_EQ(log.accepted, 0);
  EXPECT_GT(log.duplicates, 1'000);
  EXPECT_EQ(ledger.Facts().last_position, 0u);
}

TEST(LedgerWriter, GoesOnWithNoOtherWorld) {
  const UserKeys keys = UserKeys::FromSecret("secret");
  MemoryLedger ledger(Catalogue::Embedded());
  Log log;
  FailingLedger full(ledger, 1);
  EXPECT_FALSE(Commit(Options(1), keys, full, log).ok());
  auto mark = LoadLedgerMark(ledger);
  ASSERT_TRUE(mark.ok());
  EXPECT_EQ(mark->events, 700);
  mark->digest ^= 1;  // As if one of them had been lived otherwise.
  const SourceMark other = ToSourceMark(*mark);
  ASSERT_TRUE(ledger.Commit({}, &other).ok());
  EXPECT_EQ(Commit(Options(1), keys, ledger, log).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ledger.Facts().last_position, 700u);
  EXPECT_FALSE(CheckWhole(ledger, "w").ok());
}

TEST(LedgerWriter, KnowsEventsWhenTheyHappen) {
  const UserKeys keys = UserKeys::FromSecret("secret");
  MemoryLedger ledger(Catalogue::Embedded());
  Log log;
  Write(Options(2), keys, ledger, log);
  int scanned = 0;
  for (int partition = 0; partition < kPartitions; ++partition) {
    ASSERT_TRUE(ledger
                    .Scan(partition, 1,
                          [&](const LoggedEvent& logged) {
                            EventView view;
                            EXPECT_TRUE(view.Parse(logged.event));
                            EXPECT_EQ(view.time_us(), logged.known_time_us);
                            ++scanned;
                            return true;
                          })
                    .ok());
  }
  EXPECT_EQ(scanned, log.accepted);
}

TEST(LedgerWriter, StopsAtAnEventThatTheGateRefuses) {
  const UserKeys keys = UserKeys::FromSecret("secret");
  MemoryLedger ledger(Catalogue::Embedded());
  LedgerWriter writer(ledger, keys, 1, 1, {.world = "test"});
  v1::Event event;
  event.set_event_id("x");
  event.set_user_id("u0000001");
  event.mutable_event_time()->set_seconds(1'735'689'600);
  event.mutable_playback()->set_ms_played(-1);
  v1::Event* const events[] = {&event};
  writer.Take(0, 1, events);
  const absl::Status status = writer.EndDay();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("BAD_NUMBER"), absl::string_view::npos);
  EXPECT_EQ(ledger.Facts().last_position, 0u);
}

}  // namespace
}  // namespace tenuto::world
