#include "training/world/ledger_mark.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "features/base/status_macros.h"
#include "xxhash.h"

namespace tenuto::world {
namespace {

constexpr char kSource[] = "world";
constexpr char kEvents[] = " events ";
constexpr char kWhole[] = ", whole";

}  // namespace

std::uint64_t Digest(std::uint64_t before, absl::string_view event) {
  return XXH3_64bits_withSeed(event.data(), event.size(), before);
}

std::string WorldName(const WorldOptions& options) {
  return absl::StrCat("users ", options.users, ", days ", options.days,
                      ", seed ", options.seed, ", start ",
                      absl::FormatCivilTime(options.start));
}

SourceMark ToSourceMark(const LedgerMark& mark) {
  return {kSource, absl::StrCat(mark.world, "; ", mark.events, kEvents,
                                absl::Hex(mark.digest, absl::kZeroPad16),
                                mark.whole ? kWhole : "")};
}

absl::StatusOr<LedgerMark> LoadLedgerMark(const Ledger& ledger) {
  TENUTO_ASSIGN_OR_RETURN(const std::string text, ledger.LoadMark(kSource));
  if (text.empty()) return LedgerMark{};
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(text, absl::MaxSplits("; ", 1));
  LedgerMark mark{.world = parts.first};
  // Before marks counted, a world was taken as whole.
  if (!absl::StrContains(text, "; ")) {
    mark.whole = true;
    return mark;
  }
  absl::string_view rest = parts.second;
  mark.whole = absl::ConsumeSuffix(&rest, kWhole);
  const std::pair<std::string, std::string> numbers =
      absl::StrSplit(rest, absl::MaxSplits(kEvents, 1));
  if (!absl::SimpleAtoi(numbers.first, &mark.events) || mark.events < 0 ||
      !absl::SimpleHexAtoi(numbers.second, &mark.digest)) {
    return absl::DataLossError(absl::StrCat(
        "the ledger's mark of its world, \"", text, "\", cannot be read"));
  }
  return mark;
}

absl::Status CheckWhole(const Ledger& ledger,
                        const std::filesystem::path& directory) {
  TENUTO_ASSIGN_OR_RETURN(const LedgerMark mark, LoadLedgerMark(ledger));
  if (mark.world.empty() || mark.whole) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the ledger ", directory.string(), " holds the first ", mark.events,
      " events of a world (", mark.world,
      ") whose `tenuto world generate` is not over; if it was ended, the same "
      "command goes on where it stopped"));
}

}  // namespace tenuto::world
