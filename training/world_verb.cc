// `tenuto world generate`: a ledger to start from where there is no data;
// `tenuto world report`: how near a world's payments come to published ones.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "training/flag_values.h"
#include "training/progress.h"
#include "training/verb.h"
#include "training/world/calibration_report.h"
#include "training/world/generate.h"
#include "training/world/truth_file.h"

namespace tenuto {
namespace {

struct WorldFlags {
  std::int64_t users = 0;
  int days = 0;
  std::uint64_t seed = 1;
  std::string start = "2025-01-01";
  int threads = 0;
  std::string ledger;
  std::string summary;
  std::string kkbox;
};

absl::StatusOr<world::WorldOptions> OptionsOf(const WorldFlags& flags) {
  world::WorldOptions options;
  options.users = flags.users;
  options.days = flags.days;
  options.seed = flags.seed;
  options.threads = flags.threads > 0 ? flags.threads : UsableCores();
  if (!absl::ParseCivilTime(flags.start, &options.start) ||
      options.start < absl::CivilDay(1991, 1, 1) ||
      options.start > absl::CivilDay(2200, 1, 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--start \"", flags.start,
                     "\" is no date like 2025-01-01 between 1991 and 2200"));
  }
  return options;
}

absl::Status Generate(const WorldFlags& flags, const Workshop& workshop) {
  TENUTO_ASSIGN_OR_RETURN(const world::WorldOptions options, OptionsOf(flags));
  // Refuses wrong numbers before it makes a directory.
  TENUTO_RETURN_IF_ERROR(world::CheckOptions(options));
  TENUTO_RETURN_IF_ERROR(CheckSummary(flags.summary));
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(flags.ledger, LedgerAccess::kWrite));
  Progress progress(workshop.clock, "living", options.days, "days");
  TENUTO_ASSIGN_OR_RETURN(
      const world::WorldReport report,
      world::GenerateWorld(options, world::TruthPathOf(flags.ledger),
                           opened.keys, workshop.clock, *opened.ledger,
                           [&](int days) { progress.Update(days); }));
  std::fputs(world::FormatReport(report).c_str(), stdout);
  if (flags.summary.empty()) return absl::OkStatus();
  return WriteFileAtomically(flags.summary, world::ReportJson(report));
}

absl::Status Report(const WorldFlags& flags, const Workshop& workshop) {
  TENUTO_ASSIGN_OR_RETURN(world::WorldOptions options, OptionsOf(flags));
  options.truth_every_days = 0;
  if (!flags.kkbox.empty()) {
    // A wrong directory is told before the work.
    TENUTO_RETURN_IF_ERROR(world::FormatKkbox({}, flags.kkbox).status());
  }
  Progress progress(workshop.clock, "living", options.days, "days");
  TENUTO_ASSIGN_OR_RETURN(const world::PaymentFigures figures,
                          world::MeasurePayments(options, [&](int days) {
                            progress.Update(days);
                          }));
  std::string text = world::FormatCalibration(figures);
  if (!flags.kkbox.empty()) {
    TENUTO_ASSIGN_OR_RETURN(const std::string tables,
                            world::FormatKkbox(figures, flags.kkbox));
    text += tables;
  }
  std::fputs(text.c_str(), stdout);
  return absl::OkStatus();
}

void AddReport(CLI::App& verb, const Workshop& workshop, VerbRun& run) {
  CLI::App* report = verb.add_subcommand(
      "report",
      "Lives a world and prints its payments beside published figures, each "
      "with its grade and source; writes nothing.\n"
      "Example: tenuto world report --users 20000 --seed 1");
  auto flags = std::make_shared<WorldFlags>();
  flags->users = 20'000;
  flags->days = 360;
  report->add_option("--users", flags->users, "How many people")
      ->capture_default_str();
  report->add_option("--days", flags->days, "How many days")
      ->capture_default_str();
  report->add_option("--seed", flags->seed, "What all chance follows from")
      ->capture_default_str();
  report->add_option("--kkbox", flags->kkbox,
                     "Directory of aggregated KKBox tables to compare with");
  report
      ->add_option("--threads", flags->threads,
                   "Changes the speed only; 0: every core")
      ->capture_default_str();
  report->callback([flags, &workshop, &run] {
    run = [flags, &workshop] { return Report(*flags, workshop); };
  });
}

}  // namespace

void AddWorldVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* verb = app.add_subcommand(
      "world", "A simulated world of listeners, for when there is no data");
  verb->require_subcommand(1);
  CLI::App* generate = verb->add_subcommand(
      "generate",
      "Lives a seeded world of listeners, subscriptions, payments and messages "
      "into an empty ledger. True probabilities go to LEDGER.truth.csv, beside "
      "the ledger. The same seed gives the same events.\n"
      "Example: tenuto world generate --users 2000 --days 180 --seed 1 "
      "--ledger world");
  auto flags = std::make_shared<WorldFlags>();
  generate->add_option("--users", flags->users, "How many people")->required();
  generate->add_option("--days", flags->days, "How many days")->required();
  generate->add_option("--seed", flags->seed, "What all chance follows from")
      ->required();
  generate->add_option("--ledger", flags->ledger, "Directory; made if missing")
      ->required();
  generate->add_option("--start", flags->start, "First day, UTC")
      ->capture_default_str();
  generate->add_option("--summary", flags->summary, "Writes JSON to this file");
  generate
      ->add_option("--threads", flags->threads,
                   "Changes the speed only; 0: every core")
      ->capture_default_str();
  generate->callback([flags, &workshop, &run] {
    run = [flags, &workshop] { return Generate(*flags, workshop); };
  });
  AddReport(*verb, workshop, run);
}

}  // namespace tenuto
