#include "training/importers/import_mark.h"

#include <array>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tenuto {
namespace {

constexpr std::array<absl::string_view, 8> kKeys = {"v=",
                                                    "line=",
                                                    "end_bytes=",
                                                    "known_time_us=",
                                                    "earliest_time_us=",
                                                    "latest_time_us=",
                                                    "committed_day=",
                                                    "finished="};
constexpr int kVersion = 3;

}  // namespace

std::string ImportMark::Format() const {
  return absl::StrCat(kKeys[0], kVersion, " ", kKeys[1], line, " ", kKeys[2],
                      end_bytes, " ", kKeys[3], known_time_us, " ", kKeys[4],
                      earliest_time_us, " ", kKeys[5], latest_time_us, " ",
                      kKeys[6], committed_day, " ", kKeys[7], finished ? 1 : 0);
}

absl::StatusOr<ImportMark> ImportMark::Parse(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  std::array<std::int64_t, kKeys.size()> numbers{};
  bool valid = parts.size() == kKeys.size();
  for (std::size_t i = 0; valid && i < kKeys.size(); ++i) {
    absl::string_view part = parts[i];
    valid = absl::ConsumePrefix(&part, kKeys[i]) &&
            absl::SimpleAtoi(part, &numbers[i]);
  }
  if (!valid || numbers[0] != kVersion) {
    return absl::DataLossError(
        absl::StrCat("progress of an earlier import is unreadable (\"", text,
                     "\"); import with --restart"));
  }
  return ImportMark{.line = numbers[1],
                    .end_bytes = numbers[2],
                    .known_time_us = numbers[3],
                    .earliest_time_us = numbers[4],
                    .latest_time_us = numbers[5],
                    .committed_day = numbers[6],
                    .finished = numbers[7] != 0};
}

std::string ImportSource(absl::string_view format, absl::string_view identity) {
  return absl::StrCat("import:", format, ":", identity);
}

}  // namespace tenuto
