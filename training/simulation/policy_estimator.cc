#include "training/simulation/policy_estimator.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tenuto {
namespace {

// What is missing; `n`: how long the log is. A guess: chance may have been kind
// or unkind to so few payments.
std::string Missing(const Agreement& agreement, double n) {
  const double share = agreement.payments / n;
  // Two standard errors of a count.
  const double at_most =
      (agreement.payments + 2 * std::sqrt(agreement.payments + 1)) / n;
  if (at_most < kEffectiveShareMin) {
    return absl::StrFormat(
        "; a longer log of this kind would hardly do: chance must treat more "
        "payments so, at least %.0f %%",
        100 * kEffectiveShareMin);
  }
  if (share < kEffectiveShareMin) return "; too few to say how many would do";
  if (agreement.payments >= kEffectiveMin) {
    return "; what is missing are unpaid days that were treated so to the end";
  }
  // To two digits.
  const double wanted = kEffectiveMin / share;
  const double digit = std::pow(10, std::floor(std::log10(wanted)) - 1);
  return absl::StrFormat("; about %.0f failed payments might do",
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
                                Missing(agreement, payments))};
}

}  // namespace tenuto
