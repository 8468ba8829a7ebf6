// `tenuto backfill`: folds a ledger's log into signals that the catalogue won
// since its states were written.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "training/progress.h"
#include "training/verb.h"

namespace tenuto {
namespace {

struct Options {
  std::string ledger;
  std::string summary;
};

constexpr char kDescription[] =
    "Fold a ledger's log into signals that are new in the catalogue.\n"
    "Until then features of them are missing. A server does the same in the "
    "background after its\n"
    "start; this verb does it while no server holds the ledger. When it is "
    "interrupted, the next\n"
    "run, or the server, goes on where it was and says at which of 256 "
    "partitions.";

std::size_t CountPending(const Ledger& ledger) {
  const LedgerFacts facts = ledger.Facts();
  return facts.pending == nullptr ? 0 : facts.pending->ids().size();
}

absl::Status Run(const Options& options, const Workshop& workshop) {
  std::error_code error;
  if (!std::filesystem::exists(options.ledger, error)) {
    return absl::NotFoundError(
        absl::StrCat("there is no ledger in ", options.ledger));
  }
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(options.ledger, LedgerAccess::kWrite));
  const std::size_t pending = CountPending(*opened.ledger);
  Progress progress(workshop.clock, "backfilling", kPartitions, "partitions");
  BackfillProgress last;
  bool begun = false;
  TENUTO_RETURN_IF_ERROR(
      opened.ledger->Backfill([&](const BackfillProgress& now) {
        if (!std::exchange(begun, true) && now.partitions_before > 0) {
          std::printf("going on at partition %d of %d\n", now.partitions_before,
                      kPartitions);
          std::fflush(stdout);
        }
        last = now;
        progress.Update(now.partitions_done);
        return true;
      }));
  std::printf("signals   %12zu were pending, %zu are\n", pending,
              CountPending(*opened.ledger));
  std::printf("users     %12lld folded again from %lld events in %.2f s\n",
              static_cast<long long>(last.users),
              static_cast<long long>(last.events),
              progress.SecondsSinceStart());
  if (options.summary.empty()) return absl::OkStatus();
  return WriteFileAtomically(
      options.summary,
      absl::StrCat("{\"signals\":", pending, ",\"users\":", last.users,
                   ",\"events\":", last.events,
                   ",\"partitions_before\":", last.partitions_before, "}\n"));
}

}  // namespace

void AddBackfillVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* const verb = app.add_subcommand("backfill", kDescription);
  const auto options = std::make_shared<Options>();
  verb->add_option("--ledger", options->ledger, "Ledger directory")->required();
  verb->add_option("--summary", options->summary, "Write the counts as JSON");
  verb->callback([options, &workshop, &run] {
    run = [options, &workshop] { return Run(*options, workshop); };
  });
}

}  // namespace tenuto
