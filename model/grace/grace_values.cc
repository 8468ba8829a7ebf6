#include "model/grace/grace_values.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "embedded/grace_values.textproto.h"
#include "features/base/digest.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/base/text_places.h"
#include "features/base/textproto.h"

namespace tenuto {
namespace {

constexpr std::size_t kVersionDigits = 16;
constexpr double kMonthDays = 30;
constexpr double kMonthsMax = 240;
constexpr double kMinorMax = 1e9;

// False for NaN.
bool Within(double value, double low, double high) {
  return value >= low && value <= high;
}

absl::Status CheckCurrency(const TextPlaces& places,
                           const v1::CurrencyValues& values) {
  const std::string& code = values.currency();
  if (code.size() != 3 || !std::all_of(code.begin(), code.end(), [](char c) {
        return 'A' <= c && c <= 'Z';
      })) {
    return places.Wrong("currency", absl::StrCat("\"", code, "\""),
                        "an ISO 4217 code such as EUR");
  }
  if (!(values.month_price_minor() > 0) ||
      values.month_price_minor() > kMinorMax) {
    return places.Wrong("month_price_minor", values.month_price_minor(),
                        "above 0 and at most 1e9");
  }
  const std::pair<const char*, double> costs[] = {
      {"attempt_minor", values.attempt_minor()},
      {"message_minor", values.message_minor()},
      {"recovery_fee_minor", values.recovery_fee_minor()},
      {"message_goodwill_minor", values.message_goodwill_minor()},
      {"access_step_goodwill_minor", values.access_step_goodwill_minor()}};
  for (const auto& [field, cost] : costs) {
    if (!Within(cost, 0, kMinorMax)) {
      return places.Wrong(field, cost, "in [0, 1e9]");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCurrencies(const TextPlaces& places,
                             const v1::GraceValues& values) {
  if (values.currencies().empty()) {
    return places.Wrong("currencies", "empty", "given for one at least");
  }
  std::set<std::string> seen;
  for (int i = 0; i < values.currencies_size(); ++i) {
    const v1::CurrencyValues& entry = values.currencies(i);
    const TextPlaces within = places.Within(
        "currencies", i, absl::StrCat("currency \"", entry.currency(), "\""));
    TENUTO_RETURN_IF_ERROR(CheckCurrency(within, entry));
    if (!seen.insert(entry.currency()).second) {
      return within.Wrong("currency", "given twice", "given once");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const TextPlaces& places, const v1::GraceValues& values) {
  if (!(values.margin_share() > 0 && values.margin_share() <= 1)) {
    return places.Wrong("margin_share", values.margin_share(), "in (0, 1]");
  }
  if (!(values.months_after_recovery() > 0) ||
      values.months_after_recovery() > kMonthsMax) {
    return places.Wrong("months_after_recovery", values.months_after_recovery(),
                        "in (0, 240]");
  }
  if (!Within(values.full_day_share(), 0, 1)) {
    return places.Wrong("full_day_share", values.full_day_share(), "in [0, 1]");
  }
  if (!Within(values.reduced_day_share(), 0, values.full_day_share())) {
    return places.Wrong("reduced_day_share", values.reduced_day_share(),
                        "0 or more and at most full_day_share");
  }
  if (!Within(values.least_gain_minor(), 0.001, kMinorMax)) {
    return places.Wrong("least_gain_minor", values.least_gain_minor(),
                        "0.001 or more, which is above rounding");
  }
  if (!Within(values.exploration_share(), 0, 1)) {
    return places.Wrong("exploration_share", values.exploration_share(),
                        "in [0, 1]");
  }
  const auto wrong_count = [&](const std::string& field, std::int64_t value,
                               std::int64_t low, std::int64_t high) {
    if (value >= low && value <= high) return absl::OkStatus();
    return places.Wrong(field, value, absl::StrCat(low, " to ", high));
  };
  TENUTO_RETURN_IF_ERROR(wrong_count("attempts_max", values.attempts_max(), 0,
                                     PlanLimits::kAttemptsMax));
  TENUTO_RETURN_IF_ERROR(wrong_count("messages_max", values.messages_max(), 0,
                                     PlanLimits::kMessagesMax));
  TENUTO_RETURN_IF_ERROR(
      wrong_count("collect_days", values.collect_days(), 1, kUnpaidDays));
  TENUTO_RETURN_IF_ERROR(wrong_count("full_days_max", values.full_days_max(), 0,
                                     values.collect_days()));
  return CheckCurrencies(places, values);
}

}  // namespace

const GraceValues& GraceValues::Embedded() {
  static const absl::StatusOr<GraceValues> values = FromText(
      kEmbeddedGraceValuesTextproto, "model/grace/grace_values.textproto");
  TENUTO_CHECK(values.ok(), values.status().message());
  return *values;
}

absl::StatusOr<GraceValues> GraceValues::FromText(absl::string_view text,
                                                  absl::string_view file) {
  v1::GraceValues values;
  TextPlaces::Tree tree;
  TENUTO_RETURN_IF_ERROR(ParseTextproto(file, text, values, tree));
  TENUTO_RETURN_IF_ERROR(Check(TextPlaces(file, values, tree), values));
  return GraceValues(std::move(values), file);
}

GraceValues::GraceValues(v1::GraceValues values, absl::string_view file)
    : values_(std::move(values)),
      file_(file),
      version_(
          Sha256Hex(values_.SerializeAsString()).substr(0, kVersionDigits)) {}

absl::StatusOr<GraceStakes> GraceValues::StakesOf(
    absl::string_view currency, const SubscriptionWorth& worth) const {
  for (const v1::CurrencyValues& entry : values_.currencies()) {
    if (entry.currency() != std::string(currency)) continue;
    const double price =
        worth.month_price_minor.value_or(entry.month_price_minor());
    const double months =
        worth.months_after_recovery.value_or(values_.months_after_recovery());
    GraceStakes stakes;
    stakes.recovery_minor.fill(price * values_.margin_share() * months -
                               entry.recovery_fee_minor());
    const double day_price = price / kMonthDays;
    stakes.access_day_minor = {0, day_price * values_.reduced_day_share(),
                               day_price * values_.full_day_share()};
    stakes.attempt_minor = entry.attempt_minor();
    stakes.message_minor = entry.message_minor();
    stakes.message_goodwill_minor = entry.message_goodwill_minor();
    stakes.access_step_goodwill_minor = entry.access_step_goodwill_minor();
    stakes.least_gain_minor = values_.least_gain_minor();
    return stakes;
  }
  std::vector<std::string> known;
  for (const auto& entry : values_.currencies()) {
    known.push_back(entry.currency());
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "currency \"", currency, "\" has no values in ", file_, ", which has ",
      absl::StrJoin(known, ", "), "; add a currencies entry for it"));
}

PlanCeilings GraceValues::ceilings() const {
  return {static_cast<int>(values_.attempts_max()),
          static_cast<int>(values_.messages_max()),
          static_cast<int>(values_.full_days_max()),
          static_cast<int>(values_.collect_days())};
}

}  // namespace tenuto
