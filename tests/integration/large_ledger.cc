#include "tests/integration/large_ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/event_gate.h"
#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tests/support/random_events.h"
#include "tests/support/test_events.h"

namespace tenuto::testing {
namespace {

constexpr std::int64_t kUsersABatch = 500;
constexpr int kMakers = 2;
constexpr int kEventsACall = 100;

// One of the first three events: consent to both, then a subscription.
void FillBeginning(int number, v1::Event& event) {
  if (number == 2) {
    event.set_plan(v1::PLAN_PREMIUM);
    event.mutable_subscription_started()->set_price_minor(999);
    event.mutable_subscription_started()->set_currency("SEK");
    return;
  }
  event.mutable_consent_changed()->set_consent_class(
      number == 0 ? v1::CONSENT_CLASS_BEHAVIOUR : v1::CONSENT_CLASS_MESSAGES);
  event.mutable_consent_changed()->set_consent(v1::CONSENT_GRANTED);
}

void FillPlayback(Draws& draws, v1::Event& event) {
  v1::Playback& playback = *event.mutable_playback();
  playback.set_track_id(absl::StrCat("track-", draws.Between(0, 99'999)));
  playback.set_artist_id(absl::StrCat("artist-", draws.Between(0, 9'999)));
  playback.set_ms_played(draws.Between(1'000, 240'000));
}

void AddLife(std::int64_t user, absl::Time now, const UserKeys& keys,
             Draws& draws, std::vector<GatedEvent>& batch) {
  const EventGate gate(keys);
  const std::string id = IdOf(user);
  const UserKey key = keys.Of(id);
  const int count = static_cast<int>(draws.Between(3, 10));
  absl::Time time = now - absl::Hours(24 * 30);
  for (int k = 0; k < count; ++k) {
    v1::Event event = MakeEvent(id, absl::StrCat(id, "-", k), time);
    if (k < 3) {
      FillBeginning(k, event);
    } else {
      FillPlayback(draws, event);
    }
    GatedEvent gated;
    const auto wrong = gate.Admit(event, key, now, gated);
    ASSERT_FALSE(wrong) << wrong->message;
    gated.known_time_us = absl::ToUnixMicros(time);
    batch.push_back(std::move(gated));
    time += absl::Seconds(draws.Between(3'600, 4 * 86'400));
    time = std::min(time, now - absl::Minutes(1));
  }
}

}  // namespace

std::string IdOf(std::int64_t user) { return absl::StrCat("listener-", user); }

LargeLedger MakeLargeLedger(const std::filesystem::path& data,
                            std::int64_t users, absl::Time now,
                            std::uint64_t seed) {
  const absl::Time start = Clock::Real().Now();
  std::filesystem::create_directories(data);
  const auto keys = UserKeys::OpenOrCreate(data / "user.key");
  EXPECT_TRUE(keys.ok()) << keys.status();
  const auto ledger =
      OpenRocksLedger({.directory = data, .clock = &Clock::Real()},
                      Catalogue::Embedded(), *keys);
  EXPECT_TRUE(ledger.ok()) << ledger.status();
  std::atomic<std::int64_t> next{0};
  std::vector<std::thread> makers;
  for (int m = 0; m < kMakers; ++m) {
    makers.emplace_back([&] {
      std::vector<GatedEvent> batch;
      for (std::int64_t first;
           (first = next.fetch_add(kUsersABatch)) < users;) {
        Draws draws(seed + static_cast<std::uint64_t>(first));
        batch.clear();
        const std::int64_t end = std::min(users, first + kUsersABatch);
        for (std::int64_t user = first; user < end; ++user) {
          AddLife(user, now, *keys, draws, batch);
        }
        EXPECT_TRUE((*ledger)->Commit(batch).ok());
      }
    });
  }
  for (std::thread& maker : makers) maker.join();
  return {users, static_cast<std::int64_t>((*ledger)->Facts().last_position),
          Clock::Real().Now() - start};
}

Producers::Producers(const ServerProcess& server, std::int64_t users,
                     std::uint64_t seed) {
  for (int p = 0; p < kProducers; ++p) {
    threads_.emplace_back([this, channel = server.NewChannel(p), users,
                           of_producer = seed + static_cast<std::uint64_t>(p)] {
      Send(channel, users, of_producer);
    });
  }
}

Producers::~Producers() { Stop(); }

void Producers::Send(const std::shared_ptr<grpc::Channel>& channel,
                     std::int64_t users, std::uint64_t seed) {
  const auto stub = v1::Ingest::NewStub(channel);
  Draws draws(seed);
  while (!stop_) {
    v1::IngestEventsRequest request;
    const absl::Time now = Clock::Real().Now();
    for (int k = 0; k < kEventsACall; ++k) {
      v1::Event& event = *request.add_events();
      event = MakeEvent(IdOf(draws.Between(0, users - 1)),
                        absl::StrCat("live-", draws.Next()), now);
      FillPlayback(draws, event);
    }
    grpc::ClientContext context;
    v1::IngestEventsResponse response;
    if (!stub->IngestEvents(&context, request, &response).ok()) {
      ++failed_;
      return;
    }
    acknowledged_ += response.results_size();
  }
}

bool Producers::WaitFor(std::int64_t events) const {
  const std::int64_t wanted = acknowledged_ + events;
  while (acknowledged_ < wanted && failed_ == 0) std::this_thread::yield();
  return failed_ == 0;
}

int Producers::Stop() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return failed_;
}

LogPrefix ReadLogPrefix(const std::filesystem::path& ledger,
                        const std::filesystem::path& key_file,
                        std::uint64_t through) {
  const auto keys = UserKeys::Open(key_file);
  EXPECT_TRUE(keys.ok()) << keys.status();
  const auto opened = OpenRocksLedger(
      {.directory = ledger, .read_only = true, .clock = &Clock::Real()},
      Catalogue::Embedded(), *keys);
  EXPECT_TRUE(opened.ok()) << opened.status();
  LogPrefix prefix;
  for (int partition = 0; partition < kPartitions; ++partition) {
    XXH64_hash_t hash = 0;
    const auto add = [&](const void* bytes, std::size_t size) {
      hash = XXH3_64bits_withSeed(bytes, size, hash);
    };
    EXPECT_TRUE(
        (*opened)
            ->Scan(partition, 0,
                   [&](const LoggedEvent& event) {
                     if (event.position > through) return false;
                     add(&event.position, sizeof event.position);
                     add(&event.known_time_us, sizeof event.known_time_us);
                     add(event.user.bytes.data(), event.user.bytes.size());
                     add(event.event.data(), event.event.size());
                     ++prefix.events;
                     return true;
                   })
            .ok());
    prefix.hashes.push_back(hash);
  }
  return prefix;
}

}  // namespace tenuto::testing
