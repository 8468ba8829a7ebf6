// What every verb of the offline program gets and gives: `tenuto <verb>`.
// Each verb lives in one file and adds itself to the command line.
// Not thread-safe: used by main only.
#ifndef TENUTO_TRAINING_VERB_H_
#define TENUTO_TRAINING_VERB_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/ledger.h"
#include "features/user_key.h"

namespace CLI {
class App;
}  // namespace CLI

namespace tenuto {

enum class LedgerAccess {
  kRead,   // Beside a running server; sees what was durable at opening.
  kWrite,  // Alone; makes the directory when there is none.
};

// A ledger directory, opened: what is in it and the keys of its users.
struct OpenedLedger {
  UserKeys keys;
  std::unique_ptr<Ledger> ledger;
};

// What main composes for the verbs.
struct Workshop {
  const Clock& clock;
  const Catalogue& catalogue;
  // kNotFound, or kFailedPrecondition naming the process that holds it.
  std::function<absl::StatusOr<OpenedLedger>(const std::filesystem::path&,
                                             LedgerAccess)>
      open_ledger;
};

// The verb that the command line chose; main runs it after parsing.
// kInvalidArgument, kNotFound, kFailedPrecondition, kAlreadyExists,
// kPermissionDenied, kDataLoss and kOutOfRange end the process with 2 (bad
// input), every other error with 1.
using VerbRun = std::function<absl::Status()>;

// One function a verb, each in the file named after it. It adds a subcommand
// with a --help that teaches, and sets `run` when that subcommand is chosen.
void AddImportVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddSimulateVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
// Part of the simulate verb: adds itself to that.
void AddBacktestVerb(CLI::App& simulate, const Workshop& workshop,
                     VerbRun& run);
void AddWorldVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddTrainVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
// Part of the train verb: adds itself to that.
void AddTrainGraceVerb(CLI::App& train, const Workshop& workshop, VerbRun& run);
void AddScoreVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddReplayVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddBackfillVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddDoctorVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddDescribeVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddEraseVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddCheckpointVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);
void AddCallVerb(CLI::App& app, const Workshop& workshop, VerbRun& run);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_VERB_H_
