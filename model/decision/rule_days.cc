#include "model/decision/rule_days.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace tenuto {

std::optional<absl::Time> BeginningOfDay(absl::string_view day) {
  absl::CivilDay civil;
  if (!absl::ParseCivilTime(day, &civil)) return std::nullopt;
  // The parser also takes "2025-5-9" and spaces; one day has one form here.
  if (absl::FormatCivilTime(civil) != day) return std::nullopt;
  return absl::FromCivil(civil, absl::UTCTimeZone());
}

std::string NormalCode(absl::string_view raw) {
  std::string code = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(raw));
  if (code.size() == 1 &&
      absl::ascii_isdigit(static_cast<unsigned char>(code[0]))) {
    code.insert(0, "0");
  }
  return code;
}

}  // namespace tenuto
