// Takes the world's events through the gate into a ledger, in the order in
// which they happened to everybody, as if we had been told at that moment:
// known_time is event time.
// Not thread-safe, but for Take(), which several shards may call at once.
#ifndef TENUTO_TRAINING_WORLD_LEDGER_WRITER_H_
#define TENUTO_TRAINING_WORLD_LEDGER_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "features/event_gate.h"
#include "features/ledger.h"
#include "training/world/ledger_mark.h"
#include "training/world/world.h"

namespace tenuto::world {

// Bounds what waits in memory (about 60 MB). A commit that spans many days
// reads and writes each user's state once, not once a day.
inline constexpr std::size_t kBatchEventsMax = 200'000;

class LedgerWriter final : public Receiver {
 public:
  // `ledger` and `keys` must outlive it. The events that `there` counts are in
  // the ledger already, and are passed over. A commit has at most `batch`
  // events.
  LedgerWriter(Ledger& ledger, const UserKeys& keys, std::int64_t users,
               int shards, LedgerMark there,
               std::size_t batch = kBatchEventsMax);

  void Take(int shard, std::uint64_t user,
            absl::Span<v1::Event* const> events) override;

  // The day is complete: its events are put in order, and committed once
  // enough wait. kInternal when the gate refused one: the world is wrong.
  // kFailedPrecondition when what is there is not what would be passed over.
  absl::Status EndDay();
  // Commits what still waits, and that the world is whole.
  absl::Status End();

  std::int64_t accepted() const { return accepted_; }
  // Passed over, as they were there.
  std::int64_t duplicates() const { return passed_over_; }

 private:
  absl::Status Flush();

  struct Taken {
    std::uint64_t user;
    std::uint32_t sequence;
    GatedEvent gated;
  };
  struct Shard {
    std::vector<Taken> taken;
    absl::Status refused;
  };

  Ledger& ledger_;
  const EventGate gate_;
  const std::size_t batch_;
  std::vector<UserKey> keys_;  // [user]; hashed once, not for every event.
  std::vector<Shard> shards_;
  LedgerMark mark_;                  // Of all events up to now, in order.
  const LedgerMark there_;           // Before this run.
  std::vector<GatedEvent> waiting_;  // In order of time.
  std::int64_t accepted_ = 0;
  std::int64_t passed_over_ = 0;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_LEDGER_WRITER_H_
