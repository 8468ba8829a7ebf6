#include "tests/crash/producers.h"

#include <cstdlib>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "xxhash.h"

namespace tenuto::testing {
namespace {

constexpr std::size_t kEventsMax = 40'000'000;
constexpr std::size_t kUsers = 300;
constexpr std::size_t kBatch = 25;

std::string IdOf(std::size_t event) { return absl::StrCat("e", event); }
std::string UserOf(std::size_t event) {
  return absl::StrCat("user-", event % kUsers);
}

}  // namespace

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  std::uint64_t number = otherwise;
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << name;
  }
  return number;
}

Producers::Producers(const ServerFolder& folder, int count)
    : folder_(folder),
      expected_(folder.folder.path() / "expected", kEventsMax),
      unknown_(static_cast<std::size_t>(count)) {}

bool Producers::Send(v1::Ingest::Stub& stub, const Events& events) {
  v1::IngestEventsRequest request;
  request.set_request_id("crash");
  for (const std::size_t number : events) {
    expected_.Set(number, Fate::kPending);
    v1::Event& event = *request.add_events();
    event.set_event_id(IdOf(number));
    event.set_user_id(UserOf(number));
    event.mutable_event_time()->set_seconds(
        1'760'000'000 + static_cast<std::int64_t>(number % 5'000'000));
    event.mutable_playback()->set_track_id(absl::StrCat("t", number % 97));
    event.mutable_playback()->set_ms_played(1000);
  }
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  ++in_flight_;
  const grpc::Status status = stub.IngestEvents(&context, request, &response);
  --in_flight_;
  if (!status.ok()) return false;
  for (std::size_t k = 0; k < events.size(); ++k) {
    EXPECT_NE(response.results(static_cast<int>(k)).verdict(),
              v1::EVENT_VERDICT_REJECTED)
        << response.results(static_cast<int>(k)).message();
    expected_.Set(events[k], Fate::kCommitted);
  }
  return true;
}

void Producers::SendUntilAFailure(v1::Ingest::Stub& stub, Events& unknown) {
  if (!unknown.empty() && !Send(stub, unknown)) return;
  unknown.clear();
  while (next_ + kBatch * unknown_.size() < kEventsMax) {
    const std::size_t first = next_.fetch_add(kBatch);
    for (std::size_t k = 0; k < kBatch; ++k) unknown.push_back(first + k);
    if (!Send(stub, unknown)) return;
    unknown.clear();
  }
}

void Producers::Start(const ServerProcess& server) {
  {
    const absl::MutexLock lock(&mutex_);
    gave_up_ = false;
  }
  for (std::size_t p = 0; p < unknown_.size(); ++p) {
    threads_.emplace_back([this, p, &server] {
      const auto stub =
          v1::Ingest::NewStub(server.NewChannel(static_cast<int>(p)));
      SendUntilAFailure(*stub, unknown_[p]);
      const absl::MutexLock lock(&mutex_);
      gave_up_ = true;
    });
  }
}

bool Producers::OneGivesUpWithin(absl::Duration wait) {
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&gave_up_), wait);
}

void Producers::Join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::size_t Producers::SendUnknown(const ServerProcess& server) {
  const auto stub = v1::Ingest::NewStub(server.channel());
  std::size_t count = 0;
  for (Events& unknown : unknown_) {
    if (unknown.empty()) continue;
    count += unknown.size();
    EXPECT_TRUE(Send(*stub, unknown));
    unknown.clear();
  }
  return count;
}

std::size_t Producers::CheckLog(bool all_committed) const {
  const auto keys = UserKeys::Open(folder_.data / "user.key");
  EXPECT_TRUE(keys.ok()) << keys.status();
  if (!keys.ok()) return 0;
  const auto ledger = OpenRocksLedger(
      {.directory = folder_.data, .read_only = true, .clock = &Clock::Real()},
      Catalogue::Embedded(), *keys);
  EXPECT_TRUE(ledger.ok()) << ledger.status();
  if (!ledger.ok()) return 0;
  absl::flat_hash_set<UserKey> users;
  for (std::size_t k = 0; k < kUsers; ++k) users.insert(keys->Of(UserOf(k)));
  absl::flat_hash_map<std::uint64_t, int> logged;
  std::size_t others = 0;
  for (int partition = 0; partition < kPartitions; ++partition) {
    EXPECT_EQ((*ledger)->Scan(partition, 0,
                              [&](const LoggedEvent& event) {
                                if (users.contains(event.user)) {
                                  ++logged[event.event_hash];
                                } else {
                                  ++others;
                                }
                                return true;
                              }),
              absl::OkStatus());
  }
  std::size_t lost = 0, twice = 0, found = 0;
  const std::size_t sent = next_;
  for (std::size_t k = 0; k < sent; ++k) {
    const std::string id = IdOf(k);
    const auto at = logged.find(XXH3_64bits(id.data(), id.size()));
    const int times = at == logged.end() ? 0 : at->second;
    found += times > 0;
    twice += times > 1;
    lost += times == 0 && (all_committed ? expected_.of(k) != Fate::kUnsent
                                         : expected_.of(k) == Fate::kCommitted);
  }
  EXPECT_EQ(lost, 0u);
  EXPECT_EQ(twice, 0u);
  EXPECT_EQ(found, logged.size()) << "events that nobody sent";
  return others;
}

}  // namespace tenuto::testing
