// In which layouts a ledger's states lie, and how to read them by today's
// catalogue. A state's first byte in the store names its layout; a state of an
// older one is moved to the newest when it is loaded. Signals that are new, or
// declared otherwise under an old id, are pending until the log was folded
// again: they miss the past, so features must not read them.
#ifndef TENUTO_FEATURES_STATE_LAYOUTS_H_
#define TENUTO_FEATURES_STATE_LAYOUTS_H_

#include <array>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/base/status_macros.h"
#include "features/catalogue.h"
#include "features/pending_signals.h"
#include "features/rocks_store.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {

// Thread-safe: immutable.
class StateLayouts {
 public:
  // What the store says, brought up to `catalogue`, which must outlive it;
  // nothing is written. `stale` says that the store's states were written by
  // other signals, should it not know which. Errors: kFailedPrecondition (a
  // newer format, or more layouts than a byte can name), kDataLoss.
  static absl::StatusOr<StateLayouts> Load(const RocksStore& store,
                                           const Catalogue& catalogue,
                                           bool stale);
  StateLayouts(StateLayouts&&) noexcept;
  StateLayouts& operator=(StateLayouts&&) noexcept;
  ~StateLayouts();

  // Writes them down, for the next one who opens.
  void Save(StoreBatch& batch) const;
  const v1::StateLayouts& record() const { return record_; }

  const PendingSignals& pending() const { return pending_; }
  // None can be read before all of them are folded again.
  bool unknown_states() const { return record_.unknown_states(); }

  // Turns a state out of the store into one of the catalogue. kDataLoss when it
  // is none.
  absl::Status ToCurrent(std::string& state) const {
    if (state.empty()) return absl::OkStatus();
    if (state.front() == stamp_) {
      state.front() = plain_;
      return absl::OkStatus();
    }
    return Move(state);
  }
  // The same of a state that stays where it is if it is stored as it is read,
  // as all are until the catalogue changes; else it is put into `room`.
  absl::StatusOr<absl::string_view> AsCurrent(absl::string_view stored,
                                              std::string& room) const {
    const bool is_plain = stored.empty() || stored.front() == plain_;
    if (is_plain && stamp_ == plain_) return stored;
    room.assign(stored.data(), stored.size());
    TENUTO_RETURN_IF_ERROR(ToCurrent(room));
    return room;
  }
  // The reverse: makes an encoded state one for the store.
  void Stamp(std::string& state) const {
    if (!state.empty()) state.front() = stamp_;
  }

 private:
  struct Older;
  StateLayouts(const Catalogue& catalogue, v1::StateLayouts record);
  absl::Status Move(std::string& state) const;

  const Catalogue* catalogue_;
  v1::StateLayouts record_;
  PendingSignals pending_;
  char stamp_ = 0;
  char plain_ = 0;
  std::array<std::unique_ptr<const Older>, 256> older_;  // By first byte.
};

// Brings the record of a ledger up to a catalogue.
absl::StatusOr<v1::StateLayouts> AdoptSignals(v1::StateLayouts record,
                                              const Catalogue& catalogue);

inline constexpr char kLayoutsKey[] = "state_layouts";

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_LAYOUTS_H_
