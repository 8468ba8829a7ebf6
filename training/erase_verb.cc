// `tenuto erase`: a user leaves a ledger that no server holds; or everybody
// whom its list of erased users names, after a checkpoint was restored.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "features/erasure_list.h"
#include "features/record_erasure.h"
#include "features/record_log.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr std::size_t kRequestBytes = 16;

struct Options {
  std::string ledger;
  std::string user;
  std::string summary;
  bool replay = false;
};

absl::Status Check(const Options& options) {
  if (options.replay == !options.user.empty()) {
    return absl::InvalidArgumentError("erase: give --user or --replay");
  }
  // Opening would make what is missing, and a new key fits no ledger.
  std::error_code error;
  const std::filesystem::path directory = options.ledger;
  for (const char* name : {"rocks", "user.key"}) {
    if (!std::filesystem::exists(directory / name, error)) {
      return absl::NotFoundError(absl::StrCat(
          "--ledger: there is no ", (directory / name).string(),
          name == std::string("rocks")
              ? ""
              : "; a checkpoint has none: copy that of its ledger there"));
    }
  }
  return absl::OkStatus();
}

absl::Status Run(const Options& options, const Workshop& workshop) {
  TENUTO_RETURN_IF_ERROR(Check(options));
  const absl::Time start = workshop.clock.Now();
  // Opening erases again whom the list names.
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(options.ledger, LedgerAccess::kWrite));
  Erasure erasure;
  if (!options.replay) {
    TENUTO_ASSIGN_OR_RETURN(
        erasure, opened.ledger->Erase(opened.keys.Of(options.user),
                                      {RandomKey(kRequestBytes), 0}, start));
  }
  TENUTO_ASSIGN_OR_RETURN(const ErasureList erased,
                          ErasureList::Load(options.ledger));
  TENUTO_RETURN_IF_ERROR(
      EraseScoreRecords(std::filesystem::path(options.ledger) / kRecordsFolder,
                        erased, opened.keys));
  const double seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  if (options.replay) {
    std::printf("erased users in the list %zu, none of them in the ledger\n",
                erased.entries().size());
  } else {
    std::printf("erased %llu events, %llu bytes, in %.2f s\n",
                static_cast<unsigned long long>(erasure.events),
                static_cast<unsigned long long>(erasure.bytes), seconds);
  }
  if (options.summary.empty()) return absl::OkStatus();
  return WriteFileAtomically(
      options.summary,
      absl::StrCat("{\"events\":", erasure.events, ",\"bytes\":", erasure.bytes,
                   ",\"through_position\":", erasure.through, ",\"listed\":",
                   erased.entries().size(), ",\"seconds\":", seconds, "}\n"));
}

}  // namespace

void AddEraseVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* verb = app.add_subcommand(
      "erase",
      "Remove every byte of a user from a ledger: log, state, marks, "
      "remembered answers, score records, and the checkpoints in its folder. "
      "Positions of the log stay taken. Beside a running server use "
      "`tenuto call Admin.EraseUser`.");
  const auto options = std::make_shared<Options>();
  verb->add_option("--ledger", options->ledger, "Ledger directory")->required();
  verb->add_option("--user", options->user, "Account id");
  verb->add_flag("--replay", options->replay,
                 "Erase whom the directory's erased_users.txt names; after "
                 "restoring a checkpoint");
  verb->add_option("--summary", options->summary, "Write the receipt as JSON");
  verb->callback([&workshop, &run, options] {
    run = [&workshop, options] { return Run(*options, workshop); };
  });
}

}  // namespace tenuto
