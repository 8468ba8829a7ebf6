#include "training/world/generate.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/status_macros.h"
#include "training/world/ledger_mark.h"
#include "training/world/ledger_writer.h"
#include "training/world/truth_file.h"

namespace tenuto::world {
namespace {

// What of the world the ledger holds already.
absl::StatusOr<LedgerMark> CheckLedger(const Ledger& ledger,
                                       const std::string& name) {
  TENUTO_ASSIGN_OR_RETURN(LedgerMark before, LoadLedgerMark(ledger));
  if (before.world == name) return before;
  if (!before.world.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger holds another world (", before.world,
                     "); give an empty directory as --ledger"));
  }
  if (ledger.Facts().last_position > 0) {
    return absl::FailedPreconditionError(
        "the ledger holds events that are of no world; give an empty "
        "directory as --ledger");
  }
  return LedgerMark{.world = name};
}

}  // namespace

absl::StatusOr<WorldReport> GenerateWorld(
    const WorldOptions& options, const std::filesystem::path& truth_path,
    const UserKeys& keys, const Clock& clock, Ledger& ledger,
    const std::function<void(int)>& progress) {
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<World> world,
                          World::Create(options));
  TENUTO_ASSIGN_OR_RETURN(LedgerMark there,
                          CheckLedger(ledger, WorldName(options)));
  TENUTO_ASSIGN_OR_RETURN(TruthFile truth, TruthFile::Create(truth_path));
  TENUTO_RETURN_IF_ERROR(truth.Append(TruthHeader()));

  LedgerWriter writer(ledger, keys, options.users, options.threads,
                      std::move(there));
  absl::Duration living;
  absl::Duration committing;
  while (world->day() < world->days()) {
    const absl::Time begin = clock.Now();
    TENUTO_RETURN_IF_ERROR(truth.Append(world->LiveDay(writer)));
    const absl::Time lived = clock.Now();
    TENUTO_RETURN_IF_ERROR(writer.EndDay());
    living += lived - begin;
    committing += clock.Now() - lived;
    progress(world->day());
  }
  const absl::Time ended = clock.Now();
  TENUTO_RETURN_IF_ERROR(writer.End());
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
