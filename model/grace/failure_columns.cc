#include "model/grace/failure_columns.h"

#include <array>
#include <cmath>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "features/base/digest.h"

namespace tenuto {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr double kDaySeconds = 86'400;
constexpr int kFingerprintDigits = 16;

// Everything that a column may be read from.
struct Asked {
  const FailedPayment& payment;
  int day;
  const DayChoice& choice;
  absl::CivilDay failed_day;

  absl::CivilDay this_day() const { return failed_day + day; }
  // Days from a payday to a day; missing where it is not known.
  float DaysFrom(absl::CivilDay (UsualPayday::*which)(absl::CivilDay) const,
                 absl::CivilDay asked, absl::CivilDay to) const {
    if (!payment.payday.is_known()) return kMissing;
    return static_cast<float>(to - (payment.payday.*which)(asked));
  }
  // Days from a moment to the failure.
  float DaysSince(double moment_s) const {
    const auto failed_s =
        static_cast<double>(absl::ToUnixSeconds(payment.failed));
    return static_cast<float>((failed_s - moment_s) / kDaySeconds);
  }
};

// Monday is 0.
float WeekdayOf(absl::CivilDay day) {
  return static_cast<float>(static_cast<int>(absl::GetWeekday(day)));
}

// 0 is what a protobuf enumeration calls unspecified.
float NumberOf(int value) {
  return value == 0 ? kMissing : static_cast<float>(value);
}

struct Declared {
  FailureColumn column;
  float (*read)(const Asked&);
};

constexpr std::array<Declared, kFailureColumns> kTable = {{
    {{"failure_decline_class", "v1.DeclineClass, missing if unknown"},
     [](const Asked& a) { return NumberOf(a.payment.decline_class); }},
    {{"failure_decline_code", "ReadCode of the raw one, missing if none"},
     [](const Asked& a) { return static_cast<float>(a.payment.decline_code); }},
    {{"failure_advice_code", "ReadCode of the raw one, missing if none"},
     [](const Asked& a) { return static_cast<float>(a.payment.advice_code); }},
    {{"failure_network", "v1.CardNetwork, missing if unknown"},
     [](const Asked& a) { return NumberOf(a.payment.network); }},
    {{"failure_method_kind", "v1.PaymentMethodKind, missing if unknown"},
     [](const Asked& a) { return NumberOf(a.payment.method_kind); }},
    {{"failure_store", "v1.Store, missing if none"},
     [](const Asked& a) { return NumberOf(a.payment.store); }},
    {{"failure_amount_minor", "amount, minor units"},
     [](const Asked& a) { return static_cast<float>(a.payment.amount_minor); }},
    {{"failure_days_to_card_expiry", "from the failure; negative: past"},
     [](const Asked& a) { return -a.DaysSince(a.payment.card_expiry_s); }},
    {{"failure_days_since_method_update", "at the failure"},
     [](const Asked& a) { return a.DaysSince(a.payment.method_updated_s); }},
    {{"failure_tenure_days", "since the subscription began, at the failure"},
     [](const Asked& a) { return a.DaysSince(a.payment.subscribed_s); }},
    {{"failure_failed_attempts", "failed attempts ever"},
     [](const Asked& a) {
       return static_cast<float>(a.payment.failed_attempts);
     }},
    {{"failure_payments_made", "approved attempts ever"},
     [](const Asked& a) {
       return static_cast<float>(a.payment.payments_made);
     }},
    {{"failure_weekday", "UTC, of day 0; Monday is 0"},
     [](const Asked& a) { return WeekdayOf(a.failed_day); }},
    {{"failure_day_of_month", "UTC, of day 0"},
     [](const Asked& a) { return static_cast<float>(a.failed_day.day()); }},
    {{"failure_days_since_payday", "from UsualPayday::UpTo day 0"},
     [](const Asked& a) {
       return a.DaysFrom(&UsualPayday::UpTo, a.failed_day, a.failed_day);
     }},
    {{"failure_decided_day", "unpaid days that were over for the row beside"},
     [](const Asked& a) { return static_cast<float>(a.payment.decided_day); }},
    {{"day_elapsed", "UTC days since the failure"},
     [](const Asked& a) { return static_cast<float>(a.day); }},
    {{"day_weekday", "UTC; Monday is 0"},
     [](const Asked& a) { return WeekdayOf(a.this_day()); }},
    {{"day_of_month", "UTC"},
     [](const Asked& a) { return static_cast<float>(a.this_day().day()); }},
    {{"day_after_payday", "from UsualPayday::After day 0; negative: before"},
     [](const Asked& a) {
       return a.DaysFrom(&UsualPayday::After, a.failed_day, a.this_day());
     }},
    {{"day_since_payday", "from UsualPayday::UpTo the day"},
     [](const Asked& a) {
       return a.DaysFrom(&UsualPayday::UpTo, a.this_day(), a.this_day());
     }},
    {{"day_payday_since_attempt",
      "DayChoice::PaydaySince the newest attempt; missing if unknown"},
     [](const Asked& a) { return a.choice.payday_since_attempt; }},
    {{"day_attempts_before", "days with an attempt of ours, 1 to 3 or more"},
     [](const Asked& a) { return a.choice.attempts_before; }},
    {{"day_days_since_attempt", "as HazardTable::GapOf tells them apart"},
     [](const Asked& a) { return a.choice.days_since_attempt; }},
    {{"day_access", "0 none, 1 reduced, 2 full"},
     [](const Asked& a) { return a.choice.access; }},
    {{"day_messaged", "a message within kMessageDays"},
     [](const Asked& a) { return a.choice.messaged; }},
}};

std::optional<double> SecondsOf(std::optional<absl::Time> time) {
  if (!time) return std::nullopt;
  return static_cast<double>(absl::ToUnixSeconds(*time));
}

absl::Status Differs(absl::string_view column, absl::string_view how) {
  return absl::FailedPreconditionError(
      absl::StrCat("column \"", column, "\" ", how, "; train the model again"));
}

}  // namespace

double ReadCode(absl::string_view code) {
  if (code.empty()) return FailedPayment::kUnknown;
  // Prime, and below the first whole number that a float does not hold.
  constexpr std::int64_t kPlaces = 9'999'991;
  std::int64_t number = 0;
  for (const char letter : code) {
    int digit = 36;
    if (absl::ascii_isdigit(static_cast<unsigned char>(letter))) {
      digit = letter - '0';
    } else if (absl::ascii_isalpha(static_cast<unsigned char>(letter))) {
      digit =
          10 + absl::ascii_tolower(static_cast<unsigned char>(letter)) - 'a';
    }
    number = (37 * number + digit) % kPlaces;
  }
  return static_cast<double>(number);
}

void ReadStanding(const StateReader& state, FailedPayment& payment) {
  payment.method_updated_s = SecondsOf(state.LastTime("last_method_update"))
                                 .value_or(FailedPayment::kUnknown);
  payment.subscribed_s = SecondsOf(state.LastTime("last_subscription_start"))
                             .value_or(FailedPayment::kUnknown);
  payment.payday = UsualPayday::Of(state.LastText("time_zone"));
  payment.failed_attempts =
      static_cast<double>(state.Total("total_payments_failed"));
  payment.payments_made =
      static_cast<double>(state.Total("total_payments_made"));
}

float DaysSincePayday(const FailedPayment& payment, int day) {
  if (!payment.payday.is_known()) return kMissing;
  const absl::CivilDay asked =
      absl::ToCivilDay(payment.failed, absl::UTCTimeZone()) + day;
  return static_cast<float>(asked - payment.payday.UpTo(asked));
}

DayChoice DayChoice::OfAccess(Access access, bool messaged) {
  return {kMissing, kMissing, kMissing, static_cast<float>(access),
          messaged ? 1.0f : 0.0f};
}

DayChoice DayChoice::OfAttempt(const FailedPayment& payment, int day,
                               int attempts_before, int days_since_attempt) {
  const int gap_index = HazardTable::GapIndex(days_since_attempt);
  return OfCell(HazardTable::CountIndex(attempts_before), gap_index,
                PaydaySince(DaysSincePayday(payment, day), gap_index));
}

float DayChoice::PaydaySince(float day_since_payday, int gap_index) {
  if (std::isnan(day_since_payday)) return kMissing;
  const auto gap = static_cast<float>(HazardTable::GapOf(gap_index));
  return day_since_payday < gap ? 1.0f : 0.0f;
}

DayChoice DayChoice::OfCell(int count_index, int gap_index,
                            float payday_since) {
  return {payday_since, static_cast<float>(count_index + 1),
          static_cast<float>(HazardTable::GapOf(gap_index)), kMissing,
          kMissing};
}

std::string FailureColumn::Fingerprint() const {
  return Sha256Hex(absl::StrCat(name, "\n", meaning))
      .substr(0, kFingerprintDigits);
}

absl::Span<const FailureColumn> FailureColumns() {
  static const auto* const columns = [] {
    auto* all = new std::array<FailureColumn, kFailureColumns>;
    for (std::size_t k = 0; k < all->size(); ++k) (*all)[k] = kTable[k].column;
    return all;
  }();
  return *columns;
}

void AddFailureColumns(v1::Manifest& manifest) {
  for (const FailureColumn& declared : FailureColumns()) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(std::string(declared.name));
    column.set_fingerprint(declared.Fingerprint());
    column.set_failure(true);
  }
}

absl::Status CheckFailureColumns(const v1::Manifest& manifest) {
  const int first = manifest.columns_size() - kFailureColumns;
  for (int k = 0; k < manifest.columns_size(); ++k) {
    const v1::Column& column = manifest.columns(k);
    if (k < first) {
      if (!column.failure()) continue;
      return Differs(column.name(), "is one too many of a failed payment");
    }
  }
  for (int k = 0; k < kFailureColumns; ++k) {
    const FailureColumn& declared =
        FailureColumns()[static_cast<std::size_t>(k)];
    if (first < 0 || !manifest.columns(first + k).failure() ||
        manifest.columns(first + k).name() != declared.name) {
      return Differs(declared.name, "is not where this program reads it");
    }
    if (manifest.columns(first + k).fingerprint() != declared.Fingerprint()) {
      return Differs(declared.name, "is read otherwise by this program");
    }
  }
  return absl::OkStatus();
}

void WriteFailureColumns(const FailedPayment& payment, int day,
                         const DayChoice& choice, absl::Span<float> columns) {
  const Asked asked = {payment, day, choice,
                       absl::ToCivilDay(payment.failed, absl::UTCTimeZone())};
  for (std::size_t k = 0; k < kTable.size(); ++k) {
    columns[k] = kTable[k].read(asked);
  }
}

void WriteDays(const FailedPayment& payment, int first_day,
               absl::Span<float> columns) {
  const DayChoice any = DayChoice::OfAccess(Access::kNone, false);
  Asked asked = {payment, first_day, any,
                 absl::ToCivilDay(payment.failed, absl::UTCTimeZone())};
  constexpr std::size_t kFirst = kFailureColumns - kChoiceColumns - kDayColumns;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (k > 0 && k % kDayColumns == 0) ++asked.day;
    columns[k] = kTable[kFirst + k % kDayColumns].read(asked);
  }
}

void WriteChoice(const DayChoice& choice, absl::Span<float> columns) {
  const auto last = columns.last(kChoiceColumns);
  last[0] = choice.payday_since_attempt;
  last[1] = choice.attempts_before;
  last[2] = choice.days_since_attempt;
  last[3] = choice.access;
  last[4] = choice.messaged;
}

}  // namespace tenuto
