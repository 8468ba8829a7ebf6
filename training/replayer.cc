#include "training/replayer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "xxhash.h"

namespace tenuto {
namespace {

// Bytes of events, which stay where they are.
class EventBytes {
 public:
  absl::string_view Keep(absl::string_view bytes) {
    if (chunks_.empty() || left_ < bytes.size()) {
      left_ = std::max(kChunkBytes, bytes.size());
      // Not cleared first, as a vector would be.
      chunks_.emplace_back(new char[left_]);
      next_ = chunks_.back().get();
    }
    char* const kept = next_;
    std::memcpy(kept, bytes.data(), bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    return {kept, bytes.size()};
  }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

// The events of one partition, copied out of the scan, and whose they are.
struct PartitionEvents {
  struct User {
    UserKey key;
    std::size_t events = 0;
  };
  EventBytes bytes;
  std::vector<LoggedEvent> events;     // By position.
  std::vector<std::uint32_t> user_of;  // Of each event, in `users`.
  std::vector<User> users;             // As they were met.
};

absl::Status LoadPartition(const Ledger& ledger, int partition,
                           PartitionEvents& loaded) {
  absl::flat_hash_map<UserKey, std::uint32_t> numbers;
  std::uint32_t user = 0;
  return ledger.Scan(partition, 0, [&](const LoggedEvent& event) {
    // A record is of one user.
    if (loaded.users.empty() || loaded.users[user].key != event.user) {
      const auto next = static_cast<std::uint32_t>(loaded.users.size());
      const auto [at, is_new] = numbers.try_emplace(event.user, next);
      if (is_new) loaded.users.push_back({event.user, 0});
      user = at->second;
    }
    ++loaded.users[user].events;
    loaded.user_of.push_back(user);
    loaded.events.push_back(event);
    loaded.events.back().event = loaded.bytes.Keep(event.event);
    return true;
  });
}

}  // namespace

absl::Status VisitUsers(const Ledger& ledger, int partition,
                        absl::FunctionRef<absl::Status(
                            const UserKey&, absl::Span<const LoggedEvent>)>
                            visit) {
  PartitionEvents loaded;
  TENUTO_RETURN_IF_ERROR(LoadPartition(ledger, partition, loaded));
  std::vector<std::uint32_t> by_key(loaded.users.size());
  std::iota(by_key.begin(), by_key.end(), std::uint32_t{0});
  std::sort(by_key.begin(), by_key.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return loaded.users[a].key < loaded.users[b].key;
            });
  // Where the next event of each user goes: all of them together, in the order
  // of the scan.
  std::vector<std::size_t> next(loaded.users.size());
  std::size_t first = 0;
  for (const std::uint32_t user : by_key) {
    next[user] = first;
    first += loaded.users[user].events;
  }
  std::vector<LoggedEvent> events(loaded.events.size());
  for (std::size_t k = 0; k < events.size(); ++k) {
    events[next[loaded.user_of[k]]++] = loaded.events[k];
  }
  std::size_t from = 0;
  for (const std::uint32_t user : by_key) {
    const auto [key, count] = loaded.users[user];
    TENUTO_RETURN_IF_ERROR(
        visit(key, absl::MakeConstSpan(events).subspan(from, count)));
    from += count;
  }
  return absl::OkStatus();
}

absl::Status ForEachPartition(
    int threads, absl::FunctionRef<absl::Status(int partition)> work) {
  std::array<absl::Status, kPartitions> results;
  std::atomic<int> next{0};
  std::atomic<bool> failed{false};
  const auto run = [&] {
    while (!failed) {
      const int partition = next++;
      if (partition >= kPartitions) return;
      absl::Status& result = results[static_cast<std::size_t>(partition)];
      result = work(partition);
      if (!result.ok()) failed = true;
    }
  };
  std::vector<std::thread> helpers;
  for (int k = 1; k < threads; ++k) helpers.emplace_back(run);
  run();
  for (std::thread& helper : helpers) helper.join();
  for (absl::Status& result : results) {
    if (!result.ok()) return result;
  }
  return absl::OkStatus();
}

std::uint64_t GroupOf(absl::Span<const LoggedEvent> events,
                      absl::Time known_by) {
  const std::int64_t known_by_us = absl::ToUnixMicros(known_by);
  std::uint64_t group = 0;
  for (const LoggedEvent& event : events) {
    if (event.known_time_us > known_by_us) continue;
    group ^= event.event_hash;
    group = XXH3_64bits_withSeed(event.event.data(), event.event.size(), group);
  }
  return group;
}

UserReplay::UserReplay(const SignalFold& fold,
                       absl::Span<const LoggedEvent> events)
    : fold_(fold), state_(fold.layout()) {
  by_known_time_.reserve(events.size());
  for (const LoggedEvent& event : events) by_known_time_.push_back(&event);
  std::stable_sort(by_known_time_.begin(), by_known_time_.end(),
                   [](const LoggedEvent* a, const LoggedEvent* b) {
                     return a->known_time_us < b->known_time_us;
                   });
}

absl::Status UserReplay::Advance(absl::Time known_through) {
  const std::int64_t through_us = absl::ToUnixMicros(known_through);
  EventView view;
  for (; next_ < by_known_time_.size(); ++next_) {
    const LoggedEvent& event = *by_known_time_[next_];
    if (event.known_time_us > through_us) break;
    if (!view.Parse(event.event)) {
      return absl::DataLossError(absl::StrCat(
          "the event at log position ", event.position, " does not parse"));
    }
    fold_.Apply(view, event.position, state_);
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> UserReplay::StateAt(
    absl::Time known_through) {
  TENUTO_RETURN_IF_ERROR(Advance(known_through));
  state_.Encode(bytes_);
  return absl::string_view(bytes_);
}

}  // namespace tenuto
