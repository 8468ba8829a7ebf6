#include "features/log_record.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tenuto/v1/records.pb.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::RandomEvents;
using testing::TestUser;

std::vector<GatedEvent> Life(std::uint64_t seed, int count) {
  RandomEvents random(seed, 1'700'000'000'000'000, 30);
  return random.Life(TestUser(9), count);
}

std::vector<int> AllOf(const std::vector<GatedEvent>& events) {
  std::vector<int> all;
  for (std::size_t k = 0; k < events.size(); ++k) {
    all.push_back(static_cast<int>(k));
  }
  return all;
}

std::string RecordOf(const std::vector<GatedEvent>& events,
                     const std::vector<int>& accepted) {
  std::string record;
  AppendLogRecord(events, accepted, record);
  return record;
}

v1::LogRecord MessageOf(const std::vector<GatedEvent>& events) {
  v1::LogRecord message;
  message.set_user_key(std::string(events[0].user.view()));
  for (const GatedEvent& event : events) {
    auto& stored = *message.add_events();
    stored.set_event_hash(event.event_hash);
    stored.set_known_time_us(event.known_time_us);
    stored.set_event(event.event);
  }
  return message;
}

TEST(LogRecord, HasTheBytesOfItsMessage) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const auto life = Life(seed, static_cast<int>(seed));
    EXPECT_EQ(RecordOf(life, AllOf(life)), MessageOf(life).SerializeAsString())
        << "seed " << seed;
  }
}

TEST(LogRecord, HoldsOnlyWhatWasAccepted) {
  const auto life = Life(1, 4);
  const std::vector<GatedEvent> accepted = {life[1], life[3]};
  EXPECT_EQ(RecordOf(life, {1, 3}), MessageOf(accepted).SerializeAsString());
}

TEST(LogRecord, VisitsItsEventsAtRisingPositions) {
  const auto life = Life(2, 5);
  const std::string record = RecordOf(life, AllOf(life));
  std::size_t at = 0;
  EXPECT_EQ(
      VisitLogRecord(record, 100,
                     [&](const LoggedEvent& event) {
                       EXPECT_EQ(event.user, TestUser(9));
                       EXPECT_EQ(event.position, 100 + at);
                       EXPECT_EQ(event.event_hash, life[at].event_hash);
                       EXPECT_EQ(event.known_time_us, life[at].known_time_us);
                       EXPECT_EQ(std::string(event.event), life[at].event);
                       ++at;
                       return true;
                     }),
      RecordVisit::kWhole);
  EXPECT_EQ(at, 5u);
}

TEST(LogRecord, StopsWhenTold) {
  const auto life = Life(3, 5);
  int visits = 0;
  EXPECT_EQ(VisitLogRecord(RecordOf(life, AllOf(life)), 1,
                           [&](const LoggedEvent&) { return ++visits < 2; }),
            RecordVisit::kStopped);
  EXPECT_EQ(visits, 2);
}

TEST(LogRecord, TakesAbsentFieldsAsZero) {
  v1::LogRecord message = MessageOf(Life(4, 2));
  message.mutable_events(1)->clear_event_hash();
  message.mutable_events(1)->clear_known_time_us();
  std::vector<LoggedEvent> seen;
  const std::string record = message.SerializeAsString();
  VisitLogRecord(record, 1, [&](const LoggedEvent& event) {
    seen.push_back(event);
    return true;
  });
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].event_hash, 0u);
  EXPECT_EQ(seen[1].known_time_us, 0);
}

TEST(LogRecord, IsDamagedWhenCutInsideAnEventOrWithoutItsUser) {
  const auto ignore = [](const LoggedEvent&) { return true; };
  const auto life = Life(5, 1);
  const std::string record = RecordOf(life, AllOf(life));
  for (std::size_t size = 0; size < record.size(); ++size) {
    const bool keyed_only = size == 18;
    EXPECT_EQ(VisitLogRecord(record.substr(0, size), 1, ignore),
              keyed_only ? RecordVisit::kWhole : RecordVisit::kDamaged)
        << size;
  }
  v1::LogRecord message = MessageOf(life);
  message.set_user_key("short");
  EXPECT_EQ(VisitLogRecord(message.SerializeAsString(), 1, ignore),
            RecordVisit::kDamaged);
  testing::Draws draws(6);
  for (int round = 0; round < 5000; ++round) {
    VisitLogRecord(draws.Bytes(static_cast<int>(draws.Between(0, 60))), 1,
                   ignore);
  }
}

TEST(LogRecord, StandsForErasedEventsWithoutAnyToVisit) {
  const auto events = Life(7, 2);
  EXPECT_EQ(ErasedEventsOf(RecordOf(events, AllOf(events))), 0u);
  EXPECT_EQ(ErasedEventsOf(""), 0u);
  const std::string marker = ErasedLogRecord(300);
  EXPECT_EQ(ErasedEventsOf(marker), 300u);
  int visited = 0;
  EXPECT_EQ(VisitLogRecord(marker, 1,
                           [&](const LoggedEvent&) { return ++visited > 0; }),
            RecordVisit::kWhole);
  EXPECT_EQ(visited, 0);
  // A marker is alone or it is damage.
  const auto none = [](const LoggedEvent&) { return true; };
  EXPECT_EQ(VisitLogRecord("", 1, none), RecordVisit::kDamaged);
  EXPECT_EQ(VisitLogRecord(marker + "\x12", 1, none), RecordVisit::kDamaged);
}

}  // namespace
}  // namespace tenuto
