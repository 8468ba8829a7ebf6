#include "training/flag_values.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "model/bundle_manifest.h"

namespace tenuto {
namespace {

// The same for every spelling of a path, whether the file is there or not.
std::filesystem::path PlaceOf(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::weakly_canonical(
      std::filesystem::absolute(path, error), error);
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDays(absl::string_view flag,
                                         absl::string_view text) {
  std::int64_t count = 0;
  std::int64_t hours = 0;
  if (!text.empty()) {
    switch (text.back()) {
      case 'w':
        hours = 24 * 7;
        break;
      case 'd':
        hours = 24;
        break;
      case 'h':
        hours = 1;
        break;
      default:
        break;
    }
  }
  constexpr std::int64_t kCountMax = 100'000;
  if (hours == 0 ||
      !absl::SimpleAtoi(text.substr(0, text.size() - 1), &count) ||
      count <= 0 || count > kCountMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        flag, ": \"", text, "\" is no length of time; write for example 14d"));
  }
  return absl::Hours(hours * count);
}

absl::StatusOr<absl::Time> ParseMoment(absl::string_view flag,
                                       absl::string_view text) {
  absl::Time time;
  std::string error;
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%d%ET%H:%M:%S",
                             "%Y-%m-%d %H:%M:%S", absl::RFC3339_full}) {
    // Abseil also reads "infinite-past", from which no calendar gets away.
    if (absl::ParseTime(format, text, absl::UTCTimeZone(), &time, &error) &&
        time > absl::InfinitePast() && time < absl::InfiniteFuture()) {
      return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
    }
  }
  std::int64_t seconds = 0;
  if (absl::SimpleAtoi(text, &seconds) && seconds > 100'000'000 &&
      seconds < 10'000'000'000) {
    return absl::FromUnixSeconds(seconds);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": \"", text,
                   "\" is no moment; write for example 2018-12-20 or "
                   "2018-12-20T18:00:00Z"));
}

absl::Status CheckModelName(absl::string_view model) {
  if (IsModelName(model)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--model \"", model,
                   "\" is no name of a model; write [a-z][a-z0-9_]{0,63}"));
}

absl::Status CheckOutput(
    absl::string_view flag, const std::filesystem::path& output,
    std::initializer_list<std::filesystem::path> other_files) {
  std::error_code error;
  const std::string named = absl::StrCat(flag, " ", output.string());
  for (const std::filesystem::path& other : other_files) {
    if (output.empty() || other.empty()) continue;
    if (std::filesystem::equivalent(output, other, error) ||
        PlaceOf(output) == PlaceOf(other)) {
      return absl::InvalidArgumentError(
          absl::StrCat(named, " is also a file of this command; name another"));
    }
  }
  const std::filesystem::path parent = output.parent_path();
  if (!parent.empty() && !std::filesystem::is_directory(parent, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat(named, ": there is no directory ", parent.string()));
  }
  if (std::filesystem::is_directory(output, error)) {
    return absl::InvalidArgumentError(absl::StrCat(named, " is a directory"));
  }
  return absl::OkStatus();
}

absl::Status CheckSummary(
    const std::filesystem::path& summary,
    std::initializer_list<std::filesystem::path> other_files) {
  return CheckOutput("--summary", summary, other_files);
}

}  // namespace tenuto
