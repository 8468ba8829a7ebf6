#include "training/replayer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

// The events of one partition, copied out of the scan into one buffer.
struct PartitionEvents {
  struct Entry {
    LoggedEvent event;
    std::size_t offset;
    std::size_t size;
  };
  std::string bytes;
  std::vector<Entry> entries;
};

// Into its last place: a string that moves may leave its bytes behind.
absl::Status LoadPartition(const Ledger& ledger, int partition,
                           PartitionEvents& loaded) {
  TENUTO_RETURN_IF_ERROR(
      ledger.Scan(partition, 0, [&](const LoggedEvent& event) {
        loaded.entries.push_back(
            {event, loaded.bytes.size(), event.event.size()});
        loaded.bytes.append(event.event.data(), event.event.size());
        return true;
      }));
  for (PartitionEvents::Entry& entry : loaded.entries) {
    entry.event.event =
        absl::string_view(loaded.bytes).substr(entry.offset, entry.size);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status VisitUsers(const Ledger& ledger, int partition,
                        absl::FunctionRef<absl::Status(
                            const UserKey&, absl::Span<const LoggedEvent>)>
                            visit) {
  PartitionEvents loaded;
  TENUTO_RETURN_IF_ERROR(LoadPartition(ledger, partition, loaded));
  std::vector<LoggedEvent> events;
  events.reserve(loaded.entries.size());
  for (const auto& entry : loaded.entries) events.push_back(entry.event);
  // Views into `loaded.bytes` survive the sort.
  std::sort(events.begin(), events.end(),
            [](const LoggedEvent& a, const LoggedEvent& b) {
              if (a.user != b.user) return a.user < b.user;
              return a.position < b.position;
            });
  for (std::size_t from = 0; from < events.size();) {
    std::size_t to = from + 1;
    while (to < events.size() && events[to].user == events[from].user) ++to;
    TENUTO_RETURN_IF_ERROR(
        visit(events[from].user,
              absl::MakeConstSpan(events).subspan(from, to - from)));
    from = to;
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

absl::StatusOr<absl::string_view> UserReplay::StateAt(
    absl::Time known_through) {
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
  state_.Encode(bytes_);
  return absl::string_view(bytes_);
}

}  // namespace tenuto
