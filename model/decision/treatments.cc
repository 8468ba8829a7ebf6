#include "model/decision/treatments.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/base/textproto.h"
#include "features/user_state.h"

namespace tenuto {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::int64_t kCoolDownDaysMax = 3650;

template <typename Value>
absl::Status Wrong(absl::string_view where, absl::string_view field,
                   Value value, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": ", field, " is ", value, "; it must be ", wanted));
}

// False for NaN.
bool IsShare(double value) { return value >= 0 && value <= 1; }

bool IsSnakeCase(absl::string_view name) {
  const auto is_lower = [](char c) { return 'a' <= c && c <= 'z'; };
  const auto is_digit = [](char c) { return '0' <= c && c <= '9'; };
  if (name.empty() || !is_lower(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return is_lower(c) || is_digit(c) || c == '_';
  });
}

absl::Status CheckSurfaces(absl::string_view where,
                           const v1::Treatment& treatment) {
  if (treatment.surfaces().empty()) {
    return Wrong(where, "surfaces", "empty", "at least one surface");
  }
  std::set<int> seen;
  for (const int surface : treatment.surfaces()) {
    if (surface == v1::SURFACE_UNSPECIFIED || !v1::Surface_IsValid(surface)) {
      return Wrong(where, "surfaces", surface, "a known surface");
    }
    if (!seen.insert(surface).second) {
      return Wrong(where, "surfaces",
                   v1::Surface_Name(static_cast<v1::Surface>(surface)),
                   "named only once");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBeliefs(absl::string_view where,
                          const v1::Treatment& treatment) {
  if (!IsShare(treatment.saves_mean())) {
    return Wrong(where, "saves_mean", treatment.saves_mean(), "in [0, 1]");
  }
  if (!IsShare(treatment.saves_sd())) {
    return Wrong(where, "saves_sd", treatment.saves_sd(), "in [0, 1]");
  }
  if (!IsShare(treatment.opt_out_mean())) {
    return Wrong(where, "opt_out_mean", treatment.opt_out_mean(), "in [0, 1]");
  }
  return absl::OkStatus();
}

absl::Status CheckTreatment(absl::string_view where,
                            const v1::Treatment& treatment) {
  if (!IsSnakeCase(treatment.name()) ||
      treatment.name().size() > kNameBytesMax) {
    return Wrong(where, "name", absl::StrCat("\"", treatment.name(), "\""),
                 "snake case of at most 64 bytes");
  }
  if (treatment.name() == "none") {
    return Wrong(where, "name", "\"none\"", "another: \"none\" is implied");
  }
  if (treatment.kind() == v1::TREATMENT_KIND_UNSPECIFIED ||
      !v1::TreatmentKind_IsValid(treatment.kind())) {
    return Wrong(where, "kind", static_cast<int>(treatment.kind()),
                 "a known kind");
  }
  TENUTO_RETURN_IF_ERROR(CheckSurfaces(where, treatment));
  TENUTO_RETURN_IF_ERROR(CheckBeliefs(where, treatment));
  if (treatment.cost_minor() < 0) {
    return Wrong(where, "cost_minor", treatment.cost_minor(), "0 or more");
  }
  if (treatment.cool_down_days() < 0 ||
      treatment.cool_down_days() > kCoolDownDaysMax) {
    return Wrong(where, "cool_down_days", treatment.cool_down_days(),
                 "in [0, 3650]");
  }
  if (treatment.explanation().empty()) {
    return Wrong(where, "explanation", "empty", "words for people");
  }
  return absl::OkStatus();
}

absl::Status CheckGuardrails(const v1::Guardrails& limits) {
  constexpr absl::string_view kWhere = "guardrails";
  const auto is_hour = [](std::int64_t hour) { return hour >= 0 && hour < 24; };
  if (limits.contacts_per_day_max() < 1) {
    return Wrong(kWhere, "contacts_per_day_max", limits.contacts_per_day_max(),
                 "1 or more");
  }
  // A state remembers so many contacts; a larger cap could not be kept.
  if (limits.contacts_per_week_max() < limits.contacts_per_day_max() ||
      limits.contacts_per_week_max() > kRecentMax) {
    return Wrong(
        kWhere, "contacts_per_week_max", limits.contacts_per_week_max(),
        absl::StrCat("at least contacts_per_day_max and at most ", kRecentMax));
  }
  if (!is_hour(limits.quiet_from_hour())) {
    return Wrong(kWhere, "quiet_from_hour", limits.quiet_from_hour(),
                 "in [0, 23]");
  }
  if (!is_hour(limits.quiet_until_hour())) {
    return Wrong(kWhere, "quiet_until_hour", limits.quiet_until_hour(),
                 "in [0, 23]");
  }
  if (!(limits.holdout_share() >= 0 && limits.holdout_share() < 1)) {
    return Wrong(kWhere, "holdout_share", limits.holdout_share(), "in [0, 1)");
  }
  if (limits.holdout_salt().empty()) {
    return Wrong(kWhere, "holdout_salt", "empty", "a text that never changes");
  }
  return absl::OkStatus();
}

absl::Status CheckObjectives(const v1::Objectives& objectives) {
  constexpr absl::string_view kWhere = "objectives";
  const std::string& currency = objectives.currency();
  if (currency.size() != 3 ||
      !std::all_of(currency.begin(), currency.end(),
                   [](char c) { return 'A' <= c && c <= 'Z'; })) {
    return Wrong(kWhere, "currency", absl::StrCat("\"", currency, "\""),
                 "an ISO 4217 code such as EUR");
  }
  if (objectives.month_value_minor() < 1) {
    return Wrong(kWhere, "month_value_minor", objectives.month_value_minor(),
                 "1 or more");
  }
  if (!(objectives.kept_months() > 0 && objectives.kept_months() <= 1200)) {
    return Wrong(kWhere, "kept_months", objectives.kept_months(),
                 "in (0, 1200]");
  }
  if (objectives.opt_out_cost_minor() < 0) {
    return Wrong(kWhere, "opt_out_cost_minor", objectives.opt_out_cost_minor(),
                 "0 or more");
  }
  if (objectives.fatigue_cost_minor() < 0) {
    return Wrong(kWhere, "fatigue_cost_minor", objectives.fatigue_cost_minor(),
                 "0 or more");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Treatments> ParseTreatments(absl::string_view textproto) {
  v1::Treatments treatments;
  TENUTO_RETURN_IF_ERROR(
      ParseTextproto("treatments.textproto", textproto, treatments));
  return treatments;
}

absl::Status CheckTreatments(const v1::Treatments& treatments) {
  if (treatments.treatments().empty()) {
    return Wrong("treatments", "the list", "empty", "at least one treatment");
  }
  std::set<std::string> names;
  for (int i = 0; i < treatments.treatments_size(); ++i) {
    const v1::Treatment& treatment = treatments.treatments(i);
    const std::string where =
        treatment.name().empty()
            ? absl::StrCat("treatment number ", i + 1)
            : absl::StrCat("treatment \"", treatment.name(), "\"");
    TENUTO_RETURN_IF_ERROR(CheckTreatment(where, treatment));
    if (!names.insert(treatment.name()).second) {
      return Wrong(where, "name", "used twice", "unique");
    }
  }
  TENUTO_RETURN_IF_ERROR(CheckGuardrails(treatments.guardrails()));
  TENUTO_RETURN_IF_ERROR(CheckObjectives(treatments.objectives()));
  if (!IsShare(treatments.exploration().share())) {
    return Wrong("exploration", "share", treatments.exploration().share(),
                 "in [0, 1]");
  }
  return absl::OkStatus();
}

}  // namespace tenuto
