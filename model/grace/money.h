// Money as people read it: minor units are for computing.
// Thread-safe.
#ifndef TENUTO_MODEL_GRACE_MONEY_H_
#define TENUTO_MODEL_GRACE_MONEY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tenuto {

// Digits after the point of a currency (ISO 4217): 2 for most, 0 for yen.
int MinorDigits(absl::string_view currency);

// So many minor units make one: 100 for most, 1 for yen.
double MinorPerUnit(absl::string_view currency);

// "17.25 EUR", "1080 JPY"; "less than 0.01 EUR" for what would round to nothing
// and is something.
std::string MoneyText(double minor, absl::string_view currency);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_MONEY_H_
