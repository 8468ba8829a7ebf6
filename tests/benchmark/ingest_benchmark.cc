// How fast a real server makes events durable for a producer on the same
// machine, beside the rate at which RocksDB alone commits the same keys and
// values in batches of the same size, in the same run.
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/event_view.h"
#include "features/ledger_log.h"
#include "features/log_record.h"
#include "features/rocks_store.h"
#include "features/signal_fold.h"
#include "features/user_state.h"
#include "gtest/gtest.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tests/benchmark/targets.h"
#include "tests/support/server_process.h"
#include "training/world/world.h"

namespace tenuto {
namespace {

constexpr std::int64_t kUsers = 2'000;
constexpr std::size_t kEvents = 400'000;
constexpr std::size_t kSingleEvents = 20'000;
constexpr int kBatch = 1'000;
constexpr int kInFlight = 64;
constexpr std::size_t kRounds = 8;
// Who come back once: a state of each is read from the store.
constexpr std::int64_t kManyUsers = 200'000;
constexpr std::size_t kEventsOfEach = 6;
constexpr std::size_t kManyMeasured = 200'000;

// A day's events of all users, which a world hands out user by user.
class DayOfEvents final : public world::Receiver {
 public:
  explicit DayOfEvents(std::size_t user_max) : user_max_(user_max) {}

  void Take(int, std::uint64_t user,
            absl::Span<v1::Event* const> events) override {
    for (const v1::Event* event : events.subspan(0, user_max_)) {
      // The server's own are refused from producers.
      if (event->has_decision_made() || event->has_grace_planned()) continue;
      events_.push_back(*event);
      events_.back().set_user_id(absl::StrCat("u", user));
      events_.back().set_event_id(absl::StrCat("u", user, "-", events_.size()));
    }
  }
  std::vector<v1::Event> TakeByTime() {
    std::stable_sort(events_.begin(), events_.end(),
                     [](const v1::Event& a, const v1::Event& b) {
                       return a.event_time().seconds() <
                              b.event_time().seconds();
                     });
    return std::exchange(events_, {});
  }

 private:
  const std::size_t user_max_;
  std::vector<v1::Event> events_;
};

// As they would reach us: all users at once, in order of time; of each no more
// than `user_max` a day.
std::vector<v1::Event> EventsOfAWorld(std::int64_t users, std::size_t count,
                                      std::size_t user_max) {
  world::WorldOptions options;
  options.users = users;
  options.days = 365;
  options.truth_every_days = 0;
  auto world = world::World::Create(options);
  EXPECT_TRUE(world.ok()) << world.status();
  std::vector<v1::Event> events;
  DayOfEvents day(user_max);
  for (int number = 0; events.size() < count && number < options.days;
       ++number) {
    (*world)->LiveDay(day);
    for (v1::Event& event : day.TakeByTime()) {
      event.set_event_id(absl::StrCat(number, "-", event.event_id()));
      events.push_back(std::move(event));
    }
  }
  events.resize(std::min(count, events.size()));
  return events;
}

double Seconds(absl::Time since) {
  return absl::ToDoubleSeconds(Clock::Real().Now() - since);
}

// Streams the batches and waits for the last answer; events a second.
double Stream(const std::shared_ptr<grpc::Channel>& channel,
              absl::Span<const v1::IngestEventsRequest> batches) {
  const auto stub = v1::Ingest::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->StreamEvents(&context);
  std::int64_t accepted = 0;
  std::thread reader([&] {
    v1::IngestEventsResponse response;
    while (stream->Read(&response)) {
      for (const v1::EventResult& result : response.results()) {
        accepted += result.verdict() == v1::EVENT_VERDICT_ACCEPTED;
      }
    }
  });
  const absl::Time start = Clock::Real().Now();
  for (const v1::IngestEventsRequest& batch : batches) stream->Write(batch);
  stream->WritesDone();
  reader.join();
  const double seconds = Seconds(start);
  EXPECT_TRUE(stream->Finish().ok());
  std::int64_t sent = 0;
  for (const v1::IngestEventsRequest& batch : batches) {
    sent += batch.events_size();
  }
  EXPECT_EQ(accepted, sent);
  return static_cast<double>(sent) / seconds;
}

std::vector<v1::IngestEventsRequest> Batches(
    absl::Span<const v1::Event> events) {
  std::vector<v1::IngestEventsRequest> batches;
  for (std::size_t k = 0; k < events.size(); ++k) {
    if (k % kBatch == 0) {
      batches.emplace_back().set_request_id(absl::StrCat("batch-", k));
    }
    *batches.back().add_events() = events[k];
  }
  return batches;
}

struct Single {
  std::unique_ptr<grpc::ClientContext> context;
  v1::IngestEventsRequest request;
  v1::IngestEventsResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::IngestEventsResponse>>
      call;
  absl::Time begin;
};

// One event a call, kInFlight calls at a time.
void SendSingly(const std::shared_ptr<grpc::Channel>& channel,
                absl::Span<const v1::Event> events) {
  const auto stub = v1::Ingest::NewStub(channel);
  grpc::CompletionQueue queue;
  std::vector<Single> slots(kInFlight);
  std::vector<absl::Duration> latencies;
  std::size_t next = 0;
  const auto send = [&](Single& slot) {
    slot.request.Clear();
    slot.request.set_request_id(absl::StrCat("single-", next));
    *slot.request.add_events() = events[next++];
    slot.context = std::make_unique<grpc::ClientContext>();
    slot.begin = Clock::Real().Now();
    slot.call =
        stub->AsyncIngestEvents(slot.context.get(), slot.request, &queue);
    slot.call->Finish(&slot.response, &slot.status, &slot);
  };
  const absl::Time start = Clock::Real().Now();
  for (Single& slot : slots) send(slot);
  void* tag = nullptr;
  bool ok = false;
  for (int in_flight = kInFlight; in_flight > 0 && queue.Next(&tag, &ok);) {
    Single& slot = *static_cast<Single*>(tag);
    EXPECT_TRUE(slot.status.ok()) << slot.status.error_message();
    latencies.push_back(Clock::Real().Now() - slot.begin);
    if (next < events.size()) {
      send(slot);
    } else {
      --in_flight;
    }
  }
  const double seconds = Seconds(start);
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "one event a call, %d in flight   %9.0f events/s   p50 %.2f ms   "
      "p99 %.2f ms\n",
      kInFlight, static_cast<double>(latencies.size()) / seconds,
      absl::ToDoubleMilliseconds(latencies[latencies.size() / 2]),
      absl::ToDoubleMilliseconds(latencies[latencies.size() * 99 / 100]));
}

struct Write {
  std::string log_key, record, user, state;
  int events = 0;
};

// What the server wrote, in the order of its positions: the records of its log
// and the states that it had folded by then.
std::vector<Write> WritesOf(const std::filesystem::path& data) {
  const auto store = RocksStore::Open({data, true, 1});
  EXPECT_TRUE(store.ok()) << store.status();
  const SignalFold fold(Catalogue::Embedded());
  std::map<Position, Write> writes;
  std::map<std::string, UserState> states;
  StoreCursor log(**store, Family::kLog);
  // By partition and position, and so by time for each user.
  for (log.Seek(""); log.IsIn(""); log.Next()) {
    Write write = {std::string(log.key()), std::string(log.value()), {}, {}, 0};
    Position first = 0;
    for (std::size_t k = 1; k < write.log_key.size(); ++k) {
      first = first << 8 | static_cast<unsigned char>(write.log_key[k]);
    }
    EventView view;
    UserState* state = nullptr;
    VisitLogRecord(log.value(), first, [&](const LoggedEvent& event) {
      write.user = std::string(event.user.view());
      state = &states.try_emplace(write.user, fold.layout()).first->second;
      EXPECT_TRUE(view.Parse(event.event));
      fold.Apply(view, event.position, *state);
      ++write.events;
      return true;
    });
    state->Encode(write.state);
    writes[first] = std::move(write);
  }
  std::vector<Write> in_order;
  for (auto& [position, write] : writes) in_order.push_back(std::move(write));
  return in_order;
}

// The same keys and values, in synced batches of as many events, until as many
// events as a round has are there; events a second. Takes them off `writes`.
double CommitByRocksAlone(RocksStore& store, absl::Span<const Write>& writes,
                          std::size_t events_max) {
  std::size_t events = 0;
  const absl::Time start = Clock::Real().Now();
  auto batch = std::make_unique<StoreBatch>(store);
  int in_batch = 0;
  while (!writes.empty() && events < events_max) {
    const Write& write = writes.front();
    batch->Put(Family::kLog, write.log_key, write.record);
    batch->Put(Family::kState, write.user, write.state);
    batch->Merge(Family::kSeen, write.user,
                 std::string(static_cast<std::size_t>(10 * write.events), 'm'));
    in_batch += write.events;
    events += static_cast<std::size_t>(write.events);
    writes.remove_prefix(1);
    if (in_batch < kBatch && events < events_max) continue;
    EXPECT_TRUE(store.Write(*batch).ok());
    batch = std::make_unique<StoreBatch>(store);
    in_batch = 0;
  }
  return static_cast<double>(events) / Seconds(start);
}

// Microseconds so far.
double CpuOf(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto us = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// Of rounds with equally many events: events over the time of all.
double Overall(absl::Span<const double> rates) {
  double time = 0;
  for (const double rate : rates) time += 1 / rate;
  return static_cast<double>(rates.size()) / time;
}

// One server to learn what it writes; then another one and RocksDB by turns,
// so that what the machine does meanwhile meets both.
TEST(IngestBenchmark, MakesEventsDurableForAProducerThatNeverWaits) {
  const std::vector<v1::Event> events =
      EventsOfAWorld(kUsers, kEvents + kSingleEvents, /*user_max=*/1'000'000);
  ASSERT_EQ(events.size(), kEvents + kSingleEvents);
  const auto batches = Batches(absl::MakeConstSpan(events).subspan(0, kEvents));
  std::vector<Write> writes;
  {
    const ServerFolder first;
    ServerProcess server(first);
    Stream(server.channel(), batches);
    server.Stop();
    writes = WritesOf(first.data);
  }
  const ServerFolder folder;
  ServerProcess server(folder);
  const auto alone =
      RocksStore::Open({folder.folder.path() / "alone", false, 2});
  ASSERT_TRUE(alone.ok()) << alone.status();
  auto left = absl::MakeConstSpan(writes);
  double producer = 0;
  double floor = 0;
  const double before = CpuOf(RUSAGE_CHILDREN);
  std::vector<double> ours, floors, ratios;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const std::size_t share = batches.size() / kRounds;
    const double begin = CpuOf(RUSAGE_SELF);
    ours.push_back(
        Stream(server.channel(),
               absl::MakeConstSpan(batches).subspan(round * share, share)));
    producer += CpuOf(RUSAGE_SELF) - begin;
    const double floor_begin = CpuOf(RUSAGE_SELF);
    floors.push_back(CommitByRocksAlone(**alone, left, kEvents / kRounds));
    floor += CpuOf(RUSAGE_SELF) - floor_begin;
    ratios.push_back(ours.back() / floors.back());
  }
  std::printf("streamed in batches of %d       %9.0f events/s\n", kBatch,
              Overall(ours));
  std::printf(
      "RocksDB alone, the same bytes     %9.0f events/s: we reach %.0f %% "
      "(rounds:",
      Overall(floors), 100 * Overall(ours) / Overall(floors));
  for (const double ratio : ratios) std::printf(" %.0f", 100 * ratio);
  std::printf(")\n");
  SendSingly(server.channel(), absl::MakeConstSpan(events).subspan(kEvents));
  server.Stop();
  std::printf(
      "processor time of an event, us: producer %.2f, server %.2f (the single "
      "ones, too), RocksDB alone %.2f\n",
      producer / kEvents, (CpuOf(RUSAGE_CHILDREN) - before) / kEvents,
      floor / kEvents);
  ReportFigure("ingest.durable_vs_rocksdb",
               {.measured = Overall(ours) / Overall(floors),
                .note = "rounds in turn with RocksDB"});
  ReportFigure("ingest.events_per_second", {.measured = Overall(ours)});
}

// Two thousand listeners are hot all the time; a server that was started anew
// knows nobody of these, each of whom has a past, and reads them one by one.
TEST(IngestBenchmark, MakesEventsDurableOfUsersWhoAreNotHot) {
  const std::vector<v1::Event> events =
      EventsOfAWorld(kManyUsers, kManyUsers * kEventsOfEach, kEventsOfEach);
  ASSERT_EQ(events.size(), kManyUsers * kEventsOfEach);
  const auto all = absl::MakeConstSpan(events);
  const auto past = all.subspan(0, all.size() - kManyMeasured);
  const auto measured = all.subspan(past.size());
  const ServerFolder folder;
  {
    ServerProcess server(folder);
    Stream(server.channel(), Batches(past));
    server.Stop();
  }
  std::set<absl::string_view> users;
  for (const v1::Event& event : measured) users.insert(event.user_id());
  ServerProcess server(folder);
  const double rate = Stream(server.channel(), Batches(measured));
  server.Stop();
  std::printf(
      "the same of %zu users, none hot  %9.0f events/s, %.2f events a user\n",
      users.size(), rate,
      static_cast<double>(measured.size()) / static_cast<double>(users.size()));
}

}  // namespace
}  // namespace tenuto
