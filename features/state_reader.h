// Single values out of an encoded state, for code that decides about one user
// (eligibility, guardrails) and needs no row.
#ifndef TENUTO_FEATURES_STATE_READER_H_
#define TENUTO_FEATURES_STATE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/catalogue.h"
#include "features/pending_signals.h"
#include "features/user_state.h"

namespace tenuto {

// The signal that holds the user's plan.
inline constexpr char kPlanSignal[] = "plan";

// Value type; not thread-safe. Signals are named as in the catalogue; a name it
// does not have is a programming error and ends the process.
class StateReader {
 public:
  // `pending`, if any, is LedgerFacts::pending.
  static absl::StatusOr<StateReader> Open(
      const Catalogue& catalogue, absl::string_view state,
      const PendingSignals* pending = nullptr);

  bool known() const { return known_; }  // Some event was folded.
  // Whether anything was read that misses the past: do not act on it.
  bool read_pending() const { return read_pending_; }
  std::optional<std::int64_t> LastValue(absl::string_view signal) const;
  // When the event that LastValue() comes from happened.
  std::optional<absl::Time> LastValueTime(absl::string_view signal) const;
  std::optional<absl::Time> LastTime(absl::string_view signal) const;
  std::string LastText(absl::string_view signal) const;  // Empty if none.
  // When the event that LastText() comes from happened.
  std::optional<absl::Time> LastTextTime(absl::string_view signal) const;
  std::int64_t Total(absl::string_view signal) const;
  // The newest events of a KEEP_RECENT signal, newest first.
  const std::vector<RecentEntry>& Recent(absl::string_view signal) const;
  // Sum of the tiles of the UTC days [from_day, to_day].
  std::int64_t DailySum(absl::string_view signal, int from_day,
                        int to_day) const;
  // The tile of each day from `from_day` on; in one pass, where many are asked.
  void DailySums(absl::string_view signal, int from_day,
                 absl::Span<std::int64_t> sums) const;

  // Signals kPlanSignal, "consent_behaviour", "consent_messages", "time_zone".
  v1::Plan plan() const;
  bool Granted(v1::ConsentClass consent_class) const;

 private:
  explicit StateReader(const Catalogue& catalogue);
  const Signal& Find(absl::string_view name, v1::Keep keep) const;
  const Catalogue* catalogue_;
  const PendingSignals* pending_ = nullptr;
  bool known_ = false;
  mutable bool read_pending_ = false;
  UserState state_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_READER_H_
