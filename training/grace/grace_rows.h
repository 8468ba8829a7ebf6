// All failed payments of a log, with the user's row as it was known when a plan
// was, or would have been, decided; and from them the rows of each hazard: one
// for every unpaid day (discrete-time competing risks; Tutz & Schmid 2016).
//
// A plan is decided right after the failure and again every day. The row is
// that of the day of decision, because a server has no other; so a payment
// gives rows as of the failure and, while it is open, as of the end of days 7
// and 21 for the days after them (landmarks; van Houwelingen 2007), told apart
// by the column failure_decided_day.
// Thread-safe.
#ifndef TENUTO_TRAINING_GRACE_GRACE_ROWS_H_
#define TENUTO_TRAINING_GRACE_GRACE_ROWS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/feature_plan.h"
#include "features/ledger.h"
#include "model/decision/payment_rules.h"
#include "model/grace/recovery_model.h"
#include "training/grace/unpaid_days.h"
#include "training/training_matrix.h"

namespace tenuto {

inline constexpr std::array<int, 3> kDecidedDays = {0, 7, 21};

// Value type; not thread-safe.
struct GraceFailure {
  // What was known when it was decided at the end of kDecidedDays[k].
  struct Decision {
    FailedPayment payment;
    std::vector<float> row;
  };
  UnpaidSpell spell;  // As known at the end of the log, or by CutAt().
  std::uint64_t group = 0;
  std::int32_t user = 0;  // In GraceRows::moments.
  std::vector<Decision> decisions;
  // As of the failure: whether we may write, and where the subscriber lives.
  bool messages_permitted = true;
  std::string time_zone;  // IANA; "" for unknown.
};

// Whether a day says something of a hazard, and whether it happened on it.
bool IsAtRisk(Hazard hazard, const UnpaidDay& day);
bool Happens(Hazard hazard, const UnpaidDay& day);

// Value type; not thread-safe. Some 4 width + 300 bytes a decision and 10 a
// day.
struct GraceRows {
  std::vector<std::string> columns;                 // Of a decision's row.
  std::vector<GraceFailure> failures;               // By time.
  std::vector<std::vector<PaymentMoment>> moments;  // Of each user.
  std::int64_t events = 0;
  std::int64_t users = 0;

  // Makes the failures before `time` what was known of them then: later days
  // are cut off, as the end of a log cuts them off, and payments without a day
  // left are taken out. Failures from `time` on stay as they are. Returns how
  // many are before it.
  std::size_t CutAt(absl::Time time);

  // The rows of one hazard from the failures [first, last): columns, then
  // FailureColumns(). 4 (width + 20) + 20 bytes a row. Beyond `rows_max`
  // payments are left out by chance, from their groups.
  TrainingMatrix Expand(Hazard hazard, std::size_t first, std::size_t last,
                        std::int64_t rows_max) const;
};

// Replays the whole log on `threads` threads; the same on any number of them.
// Neither order nor groups depend on the ledger's secret key. Users who have
// withdrawn their consent by the end of the log, and payments of which no whole
// day is known, give nothing.
absl::StatusOr<GraceRows> BuildGraceRows(const Ledger& ledger,
                                         const FeaturePlan& plan,
                                         const PaymentRules& rules,
                                         int threads);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_GRACE_GRACE_ROWS_H_
