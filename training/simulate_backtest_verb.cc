// `tenuto simulate backtest`: would a simulation have been right?
#include <cstdio>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "model/grace/grace_values.h"
#include "training/flag_values.h"
#include "training/progress.h"
#include "training/simulation/backtest.h"
#include "training/simulation/logged_failures.h"
#include "training/verb.h"

namespace tenuto {
namespace {

struct BacktestFlags {
  LogSource source;
  std::string from;
  std::string until;
  std::string currency = "EUR";
  std::string summary;
};

std::string ShowDay(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

absl::Status RunBacktest(const BacktestFlags& flags, const Workshop& workshop) {
  LogSource source = flags.source;
  if (!flags.from.empty()) {
    TENUTO_ASSIGN_OR_RETURN(source.from, ParseMoment("--from", flags.from));
  }
  if (!flags.until.empty()) {
    TENUTO_ASSIGN_OR_RETURN(source.until, ParseMoment("--until", flags.until));
  }
  if (source.from && source.until && *source.until <= *source.from) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--until ", flags.until, " is not after --from ", flags.from));
  }
  if (source.threads == 0) {
    source.threads = UsableCores();
  }
  TENUTO_RETURN_IF_ERROR(CheckModelName(source.model));
  TENUTO_RETURN_IF_ERROR(CheckSummary(flags.summary));
  if (const absl::Status valued =
          GraceValues::Embedded().StakesOf(flags.currency).status();
      !valued.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--currency: ", valued.message()));
  }
  TENUTO_ASSIGN_OR_RETURN(const LoggedFailures log,
                          OpenLoggedFailures(source, workshop));
  const absl::Time learned = LearnedThrough(log);
  if (source.from && *source.from < learned) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--from ", flags.from, " is before ", ShowDay(learned),
        ", up to when model ", source.model,
        " had learned what happened; a backtest needs later failures: --from ",
        ShowDay(learned + absl::Hours(24) - absl::Seconds(1)), " or later"));
  }
  if (source.until && *source.until <= learned) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--until ", flags.until, " is not after ", ShowDay(learned),
        ", up to when model ", source.model, " had learned what happened"));
  }
  const absl::Span<const GraceFailure> later = LaterFailures(log);
  if (later.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no payment of the ledger ", source.ledger, " failed after ",
        ShowDay(learned), ", up to when model ", source.model,
        " had learned what happened; a backtest needs a longer log, or a model "
        "that was trained with an earlier --test-from"));
  }
  Progress progress(workshop.clock, "simulating",
                    static_cast<std::int64_t>(later.size()), "failed payments");
  TENUTO_ASSIGN_OR_RETURN(
      const BacktestResult result,
      Backtest(log, later, flags.currency, source.threads,
               [&](std::int64_t done) { progress.Update(done); }));
  std::fputs(FormatBacktest(result).c_str(), stdout);
  if (flags.summary.empty()) return absl::OkStatus();
  return WriteFileAtomically(flags.summary, BacktestJson(result));
}

constexpr char kHelp[] =
    "Simulates failed payments that came after the model had learned, under "
    "the plans that were really in force, and compares with what happened: by "
    "day, by end and by segment, recovered payments and net value. The last "
    "line says whether the simulation may "
    "be believed, as far as these payments tell.\n\n"
    "Example:\n"
    "  tenuto simulate backtest --ledger ledger --models models";

}  // namespace

void AddBacktestVerb(CLI::App& simulate, const Workshop& workshop,
                     VerbRun& run) {
  CLI::App* const backtest = simulate.add_subcommand("backtest", kHelp);
  const auto flags = std::make_shared<BacktestFlags>();
  flags->source.threads = 0;
  backtest->add_option("--ledger", flags->source.ledger, "Ledger directory")
      ->required();
  backtest->add_option("--models", flags->source.models, "Directory of bundles")
      ->required();
  backtest->add_option("--model", flags->source.model, "Name of the model")
      ->capture_default_str();
  backtest->add_option("--from", flags->from,
                       "Failures from this day on (default: from the day up to "
                       "which the model had learned)");
  backtest->add_option("--until", flags->until,
                       "and before this day (default: all)");
  backtest
      ->add_option("--currency", flags->currency,
                   "of net values, as in a file of policies")
      ->capture_default_str();
  backtest->add_option("--threads", flags->source.threads, "0: one a core")
      ->check(CLI::Range(0, 256));
  backtest->add_option("--summary", flags->summary,
                       "writes the result as JSON");
  backtest->callback([flags, &workshop, &run] {
    run = [flags, &workshop] { return RunBacktest(*flags, workshop); };
  });
}

}  // namespace tenuto
