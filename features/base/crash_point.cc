#include "features/base/crash_point.h"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/log.h"
#include "xxhash.h"

namespace tenuto {
namespace {

// A plan that nobody can read would be a test that kills nobody.
std::optional<CrashPlan> PlanOfTheEnvironment() {
  const char* const text = std::getenv("TENUTO_CRASH_AT");
  if (text == nullptr) return std::nullopt;
  absl::StatusOr<CrashPlan> plan = CrashPlan::Parse(text);
  TENUTO_CHECK(plan.ok(), plan.status().message());
  return *std::move(plan);
}

}  // namespace

absl::StatusOr<CrashPlan> CrashPlan::Parse(absl::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(text, ':');
  std::uint64_t odds = 0;
  std::uint64_t seed = 0;
  if (words.size() != 3 || words[0].empty() ||
      !absl::SimpleAtoi(words[1], &odds) || odds == 0 ||
      !absl::SimpleAtoi(words[2], &seed)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "TENUTO_CRASH_AT is \"", text, "\"; it needs name:odds:seed"));
  }
  return CrashPlan(words[0], odds, seed);
}

bool CrashPlan::Strikes(absl::string_view point) {
  if (point != point_) return false;
  const std::uint64_t pass = passes_++;
  return XXH3_64bits_withSeed(&pass, sizeof pass, seed_) % odds_ == 0;
}

void PassCrashPoint(absl::string_view point) {
  // Of the process, because points are passed where nothing can be handed in.
  static auto* const plan =
      new std::optional<CrashPlan>(PlanOfTheEnvironment());
  if (!*plan || !(*plan)->Strikes(point)) return;
  LogWarning(absl::StrCat("killed at ", point));
  std::raise(SIGKILL);
}

}  // namespace tenuto
