#include "model/grace/money.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace tenuto {
namespace {

// Those of ISO 4217 that do not have two digits.
constexpr absl::string_view kNone =
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
constexpr absl::string_view kThree = "BHD IQD JOD KWD LYD OMR TND";

}  // namespace

int MinorDigits(absl::string_view currency) {
  if (currency.size() != 3) return 2;
  if (absl::StrContains(kNone, currency)) return 0;
  return absl::StrContains(kThree, currency) ? 3 : 2;
}

double MinorPerUnit(absl::string_view currency) {
  return std::pow(10.0, MinorDigits(currency));
}

std::string MoneyText(double minor, absl::string_view currency) {
  constexpr double kRoundsToNothing = 0.5;
  const bool little = minor != 0 && std::abs(minor) < kRoundsToNothing;
  return absl::StrFormat(
      "%s%.*f %s", little ? "less than " : "", MinorDigits(currency),
      (little ? 1 : minor) / MinorPerUnit(currency), currency);
}

}  // namespace tenuto
