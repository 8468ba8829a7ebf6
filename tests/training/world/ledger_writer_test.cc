#include "training/world/ledger_writer.h"

#include <string>
#include <vector>

#include "features/catalogue.h"
#include "features/event_view.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
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

void Write(const WorldOptions& options, const UserKeys& keys, Ledger& ledger,
           Log& log) {
  auto world = World::Create(options);
  ASSERT_TRUE(world.ok());
  LedgerWriter writer(ledger, keys, options.users, options.threads);
  while ((*world)->day() < options.days) {
    (*world)->LiveDay(writer);
    ASSERT_TRUE(writer.EndDay({"world", "test"}).ok());
  }
  ASSERT_TRUE(writer.Flush({"world", "test"}).ok());
  log.accepted = writer.accepted();
  log.duplicates = writer.duplicates();
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
  LedgerWriter writer(ledger, keys, 1, 1);
  v1::Event event;
  event.set_event_id("x");
  event.set_user_id("u0000001");
  event.mutable_event_time()->set_seconds(1'735'689'600);
  event.mutable_playback()->set_ms_played(-1);
  v1::Event* const events[] = {&event};
  writer.Take(0, 1, events);
  const absl::Status status = writer.EndDay({"world", "test"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("BAD_NUMBER"), absl::string_view::npos);
  EXPECT_EQ(ledger.Facts().last_position, 0u);
}

}  // namespace
}  // namespace tenuto::world
