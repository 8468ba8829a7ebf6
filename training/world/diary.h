// The events of one person on one day, gathered in any order and handed out in
// the order in which they happened, with their envelopes filled.
// Not thread-safe: one a worker.
#ifndef TENUTO_TRAINING_WORLD_DIARY_H_
#define TENUTO_TRAINING_WORLD_DIARY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/arena.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto::world {

inline constexpr std::int64_t kDayMs = 86'400'000;

class Diary {
 public:
  explicit Diary(std::uint64_t seed) : seed_(seed) {}

  struct Page {
    std::uint64_t user = 0;
    int day = 0;
    std::int64_t day_start_s = 0;
    std::int64_t registered_s = 0;
    v1::Plan plan = v1::PLAN_FREE;  // Before the first event.
  };
  // Forgets the last page; its events are gone.
  void Begin(const Page& page);

  // An event at this time of the day, kept within it. Lives until Begin().
  v1::Event& Add(std::int64_t ms);
  // One after which the plan is another.
  v1::Event& AddChange(std::int64_t ms, v1::Plan plan_after);

  int size() const { return static_cast<int>(entries_.size()); }
  // Time of the latest event so far, at least `ms`.
  std::int64_t LatestMs(std::int64_t ms) const;

  // Ordered by time, then by when they were added. Fills event id, user, time,
  // sequence, plan and registration.
  absl::Span<v1::Event* const> Finish();

 private:
  struct Entry {
    std::int64_t ms;
    v1::Plan plan_after;  // PLAN_UNSPECIFIED: as before.
    v1::Event* event;
  };

  const std::uint64_t seed_;
  Page page_;
  google::protobuf::Arena arena_;
  std::vector<Entry> entries_;
  std::vector<v1::Event*> ordered_;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_DIARY_H_
