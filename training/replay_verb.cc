// `tenuto replay --verify`: folds the log again and compares every state and
// every recorded row with what is stored, bit for bit.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "training/verb.h"
#include "training/verify_replay.h"

namespace tenuto {
namespace {

struct Options {
  std::string ledger;
  std::string models;
  std::string summary;
  int threads = 0;
  bool verify = false;
};

absl::Status Run(const Options& options, const Workshop& workshop) {
  if (!options.verify) {
    return absl::InvalidArgumentError("replay: --verify is what it can do");
  }
  TENUTO_ASSIGN_OR_RETURN(
      RecordedScores records,
      ReadRecordedScores(std::filesystem::path(options.ledger) / "records"));
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(options.ledger, LedgerAccess::kRead));
  const int threads = options.threads > 0 ? options.threads : UsableCores();
  const absl::Time start = workshop.clock.Now();
  TENUTO_ASSIGN_OR_RETURN(
      const VerifyResult result,
      VerifyReplay(*opened.ledger, workshop.catalogue, std::move(records),
                   options.models, threads));
  const double seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  std::printf("events    %12lld replayed in %.2f s\n",
              static_cast<long long>(result.events), seconds);
  std::printf("states    %12lld compared, %lld differ\n",
              static_cast<long long>(result.states),
              static_cast<long long>(result.states_differing));
  std::printf(
      "rows      %12lld compared (%lld with every value), %lld differ\n",
      static_cast<long long>(result.rows),
      static_cast<long long>(result.rows_with_values),
      static_cast<long long>(result.rows_differing));
  if (!options.summary.empty()) {
    TENUTO_RETURN_IF_ERROR(WriteFileAtomically(
        options.summary,
        absl::StrCat("{\"events\":", result.events,
                     ",\"states\":", result.states, ",\"states_differing\":",
                     result.states_differing, ",\"rows\":", result.rows,
                     ",\"rows_with_values\":", result.rows_with_values,
                     ",\"rows_differing\":", result.rows_differing,
                     ",\"seconds\":", seconds, "}\n")));
  }
  if (result.states_differing + result.rows_differing == 0) {
    return absl::OkStatus();
  }
  std::string text = "what was served and what the log gives differ:";
  for (const std::string& difference : result.first_differences) {
    absl::StrAppend(&text, "\n  ", difference);
  }
  return absl::InternalError(text);
}

}  // namespace

void AddReplayVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* verb = app.add_subcommand(
      "replay",
      "Fold the log again and compare with what was stored and served "
      "(reads only; works beside a running server). Exit status 1 when "
      "anything differs.");
  const auto options = std::make_shared<Options>();
  verb->add_option("--ledger", options->ledger, "Ledger directory")->required();
  verb->add_option("--models", options->models,
                   "Directory of bundles, for the recorded rows; needed when "
                   "the ledger has score records");
  verb->add_flag("--verify", options->verify,
                 "Compare every state and every recorded row");
  verb->add_option("--threads", options->threads, "0: every core")
      ->check(CLI::Range(0, 256));
  verb->add_option("--summary", options->summary, "Write the counts as JSON");
  verb->callback([&workshop, &run, options] {
    run = [&workshop, options] { return Run(*options, workshop); };
  });
}

}  // namespace tenuto
