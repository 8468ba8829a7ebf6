// The read side of the catalogue, compiled: the columns one model wants, in its
// order, ready to be read from a user's state at any moment in time.
#ifndef TENUTO_FEATURES_FEATURE_PLAN_H_
#define TENUTO_FEATURES_FEATURE_PLAN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/catalogue.h"
#include "features/pending_signals.h"
#include "features/user_state.h"

namespace tenuto {

// The moment a row is read at, and how far back silence means silence.
struct ReadTime {
  absl::Time as_of;
  absl::Time history_start;                 // LedgerFacts::history_start
  const PendingSignals* pending = nullptr;  // LedgerFacts::pending
};

// Whose row it is: what goes with a score though no column may say it.
struct RowOwner {
  bool known = false;  // Some event was folded.
  v1::Plan plan = v1::PLAN_UNSPECIFIED;
};

// Thread-safe: immutable after Compile().
class FeaturePlan {
 public:
  // `columns` are feature names. kInvalidArgument names an unknown one.
  // Keeps a pointer to `catalogue`, which must outlive it.
  static absl::StatusOr<FeaturePlan> Compile(
      const Catalogue& catalogue, absl::Span<const std::string> columns);
  // Every feature of the catalogue, in its order.
  static FeaturePlan CompileAll(const Catalogue& catalogue);

  FeaturePlan(FeaturePlan&&) noexcept;
  FeaturePlan& operator=(FeaturePlan&&) noexcept;
  ~FeaturePlan();

  int width() const;
  const Catalogue& catalogue() const;
  // Index of column k in catalogue().features().
  int feature_index(int column) const;

  // Writes exactly width() floats from an encoded UserState (empty: a user
  // never heard of). Reads no clock, allocates nothing. A column is NaN when
  // its value is unknown, when its window is longer than the history, when the
  // user has not granted the consent it needs, or when a signal it reads is
  // pending; no value is ever infinite.
  // kDataLoss when the bytes are no state. Fills `owner`, if any, from the same
  // reading of the bytes.
  absl::Status Assemble(absl::string_view state, const ReadTime& when,
                        absl::Span<float> row, RowOwner* owner = nullptr) const;
  // The same from a state that was never written down; bit for bit what its
  // bytes would give.
  void Assemble(const UserState& state, const ReadTime& when,
                absl::Span<float> row) const;
  // Whether some column is NaN for everybody because of `pending`.
  bool ReadsAnyOf(const PendingSignals& pending) const;

 private:
  class Program;
  explicit FeaturePlan(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_FEATURE_PLAN_H_
