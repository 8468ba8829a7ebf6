// What the recovery model reads beside a user's row: the failed payment, the
// day, and what is done on it. Names, order and reading of these columns stand
// in one table, which trainer, server and simulated world share.
// Thread-safe.
#ifndef TENUTO_MODEL_GRACE_FAILURE_COLUMNS_H_
#define TENUTO_MODEL_GRACE_FAILURE_COLUMNS_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/state_reader.h"
#include "model/grace/hazard_table.h"
#include "model/grace/unpaid_day.h"
#include "model/grace/usual_payday.h"
#include "tenuto/v1/bundle.pb.h"
#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {

inline constexpr int kFailureColumns = 26;
// The last of them: those that only the day tells, then those of the choice.
inline constexpr int kDayColumns = 5;
inline constexpr int kChoiceColumns = 5;

// A failed payment as known when its plan is decided; whoever does not know
// something leaves it as it is, which reads as missing.
struct FailedPayment {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  absl::Time failed;  // The first attempt; its UTC day is day 0.
  // Of the newest attempt that failed.
  v1::DeclineClass decline_class = v1::DECLINE_CLASS_UNSPECIFIED;
  v1::CardNetwork network = v1::CARD_NETWORK_UNSPECIFIED;
  v1::PaymentMethodKind method_kind = v1::PAYMENT_METHOD_KIND_UNSPECIFIED;
  v1::Store store = v1::STORE_UNSPECIFIED;
  // As ReadCode() reads them: a class knows what may be done, not what helps.
  double decline_code = kUnknown;
  double advice_code = kUnknown;
  double amount_minor = kUnknown;
  double card_expiry_s = kUnknown;     // Epoch seconds, as all times below.
  double method_updated_s = kUnknown;  // The newest update.
  double subscribed_s = kUnknown;      // The newest start of a subscription.
  double failed_attempts = kUnknown;   // Ever.
  double payments_made = kUnknown;     // Ever.
  UsualPayday payday = {};
  // The row beside it is of the end of this day; 0: of the moment of failure.
  int decided_day = 0;
};

// A raw code as a number that every ledger shares: letters and digits in base
// 37, all else is one digit. Exact up to four of them; a longer word has a
// place of its own with luck. "" is kUnknown.
double ReadCode(absl::string_view code);

// Fills what a user's state tells: method_updated_s to payday.
void ReadStanding(const StateReader& state, FailedPayment& payment);

// From the newest usual payday to a day; NaN where none is known.
float DaysSincePayday(const FailedPayment& payment, int day);

// What is done on a day, as far as the asked hazard knows it; the other half
// is missing, in training as when served.
struct DayChoice {
  // For by_user and cancels.
  static DayChoice OfAccess(Access access, bool messaged);
  // For by_retry, on a day. Days and counts that a HazardTable does not tell
  // apart are one.
  static DayChoice OfAttempt(const FailedPayment& payment, int day,
                             int attempts_before, int days_since_attempt);
  static DayChoice OfCell(int count_index, int gap_index, float payday_since);
  // Whether a payday lies between the newest attempt and the day: 0 or 1, or
  // missing. An account that was empty after payday is not filled before the
  // next one. By the last of a day's columns, day_since_payday.
  static float PaydaySince(float day_since_payday, int gap_index);

  float payday_since_attempt;
  float attempts_before;
  float days_since_attempt;
  float access;
  float messaged;
};

// One column, as the table declares it.
struct FailureColumn {
  absl::string_view name;
  absl::string_view meaning;
  // Changes with its meaning: a model trained on another one is refused.
  std::string Fingerprint() const;
};
// In order; kFailureColumns of them.
absl::Span<const FailureColumn> FailureColumns();

// Columns of a manifest, to be appended; and whether a manifest ends in them.
// kFailedPrecondition names the column.
void AddFailureColumns(v1::Manifest& manifest);
absl::Status CheckFailureColumns(const v1::Manifest& manifest);

// Writes all kFailureColumns of a day.
void WriteFailureColumns(const FailedPayment& payment, int day,
                         const DayChoice& choice, absl::Span<float> columns);
// Only those of the choice, the last ones, into columns already written.
void WriteChoice(const DayChoice& choice, absl::Span<float> columns);
// Only those of the day, kDayColumns of each from first_day on; the last one is
// day_since_payday.
void WriteDays(const FailedPayment& payment, int first_day,
               absl::Span<float> columns);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_FAILURE_COLUMNS_H_
