#include "training/world/generate.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "features/base/status_macros.h"
#include "training/world/ledger_writer.h"
#include "training/world/truth_file.h"

namespace tenuto::world {
namespace {

constexpr char kSource[] = "world";

absl::Status CheckLedger(const Ledger& ledger, const std::string& name) {
  TENUTO_ASSIGN_OR_RETURN(const std::string before, ledger.LoadMark(kSource));
  if (before == name) return absl::OkStatus();
  if (!before.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger holds another world (", before,
                     "); give an empty directory as --ledger"));
  }
  if (ledger.Facts().last_position > 0) {
    return absl::FailedPreconditionError(
        "the ledger holds events that are of no world; give an empty "
        "directory as --ledger");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WorldReport> GenerateWorld(
    const WorldOptions& options, const std::filesystem::path& truth_path,
    const UserKeys& keys, const Clock& clock, Ledger& ledger,
    const std::function<void(int)>& progress) {
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<World> world,
                          World::Create(options));
  const SourceMark mark = {
      kSource, absl::StrCat("users ", options.users, ", days ", options.days,
                            ", seed ", options.seed, ", start ",
                            absl::FormatCivilTime(options.start))};
  TENUTO_RETURN_IF_ERROR(CheckLedger(ledger, mark.progress));
  TENUTO_ASSIGN_OR_RETURN(TruthFile truth, TruthFile::Create(truth_path));
  TENUTO_RETURN_IF_ERROR(truth.Append(TruthHeader()));

  LedgerWriter writer(ledger, keys, options.users, options.threads);
  absl::Duration living;
  absl::Duration committing;
  while (world->day() < world->days()) {
    const absl::Time begin = clock.Now();
    TENUTO_RETURN_IF_ERROR(truth.Append(world->LiveDay(writer)));
    const absl::Time lived = clock.Now();
    TENUTO_RETURN_IF_ERROR(writer.EndDay(mark));
    living += lived - begin;
    committing += clock.Now() - lived;
    progress(world->day());
  }
  const absl::Time ended = clock.Now();
  TENUTO_RETURN_IF_ERROR(writer.Flush(mark));
  committing += clock.Now() - ended;
  TENUTO_RETURN_IF_ERROR(truth.Finish());
  return WorldReport{options,
                     world->tally(),
                     world->paid_users(),
                     writer.accepted(),
                     writer.duplicates(),
                     truth_path,
                     absl::ToDoubleSeconds(living),
                     absl::ToDoubleSeconds(committing)};
}

}  // namespace tenuto::world
