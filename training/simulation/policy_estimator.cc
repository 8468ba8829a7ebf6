#include "training/simulation/policy_estimator.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tenuto {
namespace {

// How long a log of this kind would bear the policy out; `n`: how long it is.
std::string LogWanted(const Agreement& agreement, double n) {
  const double share = agreement.payments / n;
  if (share < kEffectiveShareMin) {
    return absl::StrFormat(
        "; no longer log of this kind would do, since fewer than %.0f %% "
        "agree: "
        "chance must treat more payments so",
        100 * kEffectiveShareMin);
  }
  if (agreement.days < kAgreedDaysMin) return "";
  // To two digits: it is no more than a guess.
  const double wanted = kEffectiveMin / share;
  const double digit = std::pow(10, std::floor(std::log10(wanted)) - 1);
  return absl::StrFormat("; a log of %.0f failed payments would do",
                         std::ceil(wanted / digit) * digit);
}

}  // namespace

PolicyEstimator EstimatorOf(const Agreement& agreement, std::size_t n) {
  const auto payments = static_cast<double>(n);
  const double enough = std::max(kEffectiveMin, kEffectiveShareMin * payments);
  const std::string did = absl::StrFormat(
      "the log did the same for %.0f payments, effectively, and on %.0f %% of "
      "unpaid days",
      agreement.payments, 100 * std::min(1.0, agreement.days));
  if (agreement.payments >= enough && agreement.days >= kAgreedDaysMin) {
    return {false, absl::StrCat("doubly robust: ", did)};
  }
  return {true, absl::StrFormat("model only: %s; %.0f and %.0f %% are needed%s",
                                did, enough, 100 * kAgreedDaysMin,
                                LogWanted(agreement, payments))};
}

}  // namespace tenuto
