// Takes the world's events through the gate into a ledger, in the order in
// which they happened to everybody, as if we had been told at that moment:
// known_time is event time.
// Not thread-safe, but for Take(), which several shards may call at once.
#ifndef TENUTO_TRAINING_WORLD_LEDGER_WRITER_H_
#define TENUTO_TRAINING_WORLD_LEDGER_WRITER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "features/event_gate.h"
#include "features/ledger.h"
#include "training/world/world.h"

namespace tenuto::world {

class LedgerWriter final : public Receiver {
 public:
  // `ledger` and `keys` must outlive it.
  LedgerWriter(Ledger& ledger, const UserKeys& keys, std::int64_t users,
               int shards);

  void Take(int shard, std::uint64_t user,
            absl::Span<v1::Event* const> events) override;

  // The day is complete: its events are put in order, and committed with `mark`
  // once enough wait. kInternal when the gate refused one: the world is wrong.
  absl::Status EndDay(const SourceMark& mark);
  // Commits what still waits.
  absl::Status Flush(const SourceMark& mark);

  std::int64_t accepted() const { return accepted_; }
  std::int64_t duplicates() const { return duplicates_; }

 private:
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
  std::vector<UserKey> keys_;  // [user]; hashed once, not for every event.
  std::vector<Shard> shards_;
  std::vector<GatedEvent> waiting_;  // In order of time.
  std::int64_t accepted_ = 0;
  std::int64_t duplicates_ = 0;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_LEDGER_WRITER_H_
