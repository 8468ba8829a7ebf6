// `tenuto simulate grace`: what would policies for failed payments have saved
// and cost?
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "model/decision/payment_rules.h"
#include "training/flag_values.h"
#include "training/progress.h"
#include "training/simulation/policy_file.h"
#include "training/simulation/report_html.h"
#include "training/simulation/segments_csv.h"
#include "training/simulation/simulate_ledger.h"
#include "training/simulation/simulate_world.h"
#include "training/simulation/simulation_result.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr std::int64_t kFailuresMax = 100'000'000;

struct SimulateFlags {
  std::string world;
  LogSource log;
  std::string from;
  std::string variant;
  std::string policies;
  std::string summary;
  std::string segments;
  std::string report;
  std::int64_t practice = 20'000;
  int threads = 0;
};

int ThreadsOf(const SimulateFlags& flags) {
  return flags.threads > 0 ? flags.threads : UsableCores();
}

absl::StatusOr<SimulateWorldOptions> OptionsOf(const SimulateFlags& flags) {
  SimulateWorldOptions options;
  const std::vector<std::string> parts = absl::StrSplit(flags.world, ',');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &options.seed) ||
      !absl::SimpleAtoi(parts[1], &options.failures) || options.failures < 1 ||
      options.failures > kFailuresMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--world \"", flags.world,
                     "\" is not SEED,N such as 1,100000: the world's seed and "
                     "how many failed payments of it, at most 1e8"));
  }
  if (flags.practice < 1'000 || flags.practice > 1'000'000) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--practice ", flags.practice, " is not in 1000 to 1000000"));
  }
  options.variant = flags.variant;
  options.practice_failures = flags.practice;
  options.threads = ThreadsOf(flags);
  return options;
}

absl::StatusOr<LogSource> SourceOf(const SimulateFlags& flags) {
  LogSource source = flags.log;
  if (source.models.empty()) {
    return absl::InvalidArgumentError(
        "--ledger needs --models DIR: the recovery model that `tenuto train "
        "grace` wrote");
  }
  TENUTO_RETURN_IF_ERROR(CheckModelName(source.model));
  if (!flags.from.empty()) {
    TENUTO_ASSIGN_OR_RETURN(source.from, ParseMoment("--from", flags.from));
  }
  source.threads = ThreadsOf(flags);
  return source;
}

// Flags of the one mean nothing to the other.
absl::Status CheckSource(const SimulateFlags& flags) {
  if (flags.world.empty() == flags.log.ledger.empty()) {
    return absl::InvalidArgumentError(
        "give either --world SEED,N for a simulated world or --ledger DIR for "
        "a log");
  }
  const bool of_log = !flags.log.models.empty() || !flags.from.empty();
  if (!flags.world.empty() && of_log) {
    return absl::InvalidArgumentError(
        "--models and --from belong to --ledger, not to --world");
  }
  if (flags.world.empty() && !flags.variant.empty()) {
    return absl::InvalidArgumentError(
        "--variant belongs to --world, not to --ledger");
  }
  return absl::OkStatus();
}

// The work would take the other for what it is not, or overwrite it.
absl::Status CheckOutputs(const SimulateFlags& flags) {
  TENUTO_RETURN_IF_ERROR(CheckSummary(
      flags.summary, {flags.policies, flags.segments, flags.report}));
  TENUTO_RETURN_IF_ERROR(CheckOutput("--segments", flags.segments,
                                     {flags.policies, flags.report}));
  return CheckOutput("--report", flags.report, {flags.policies});
}

// What is not lived as it is written is said before the work.
void WarnOfStruckAttempts(const PolicyFile& policies, absl::Time now) {
  for (const ComparedPolicy& policy : policies.policies()) {
    const absl::Status lawful =
        CheckLawful(policy, PaymentRules::Embedded(), now);
    if (lawful.ok()) continue;
    std::fprintf(stderr, "tenuto: %s\n", std::string(lawful.message()).c_str());
  }
}

absl::StatusOr<SimulationResult> SimulateWorldOf(const SimulateFlags& flags,
                                                 const PolicyFile& policies,
                                                 const Workshop& workshop) {
  TENUTO_ASSIGN_OR_RETURN(const SimulateWorldOptions options, OptionsOf(flags));
  Progress progress(workshop.clock, "simulating", options.failures,
                    "failed payments");
  return SimulateWorld(options, policies, workshop.clock,
                       [&](std::int64_t done) { progress.Update(done); });
}

absl::StatusOr<SimulationResult> SimulateLogOf(const SimulateFlags& flags,
                                               const PolicyFile& policies,
                                               const Workshop& workshop) {
  TENUTO_ASSIGN_OR_RETURN(const LogSource source, SourceOf(flags));
  std::optional<Progress> progress;
  return SimulateLedger(
      source, policies, workshop, [&](std::int64_t done, std::int64_t all) {
        if (!progress) {
          progress.emplace(workshop.clock, "simulating", all,
                           "failed payments, each looked at twice");
        }
        progress->Update(done);
      });
}

absl::Status Simulate(const SimulateFlags& flags, const Workshop& workshop) {
  TENUTO_RETURN_IF_ERROR(CheckSource(flags));
  TENUTO_RETURN_IF_ERROR(CheckOutputs(flags));
  TENUTO_ASSIGN_OR_RETURN(const PolicyFile policies,
                          PolicyFile::Read(flags.policies));
  WarnOfStruckAttempts(policies, workshop.clock.Now());
  TENUTO_ASSIGN_OR_RETURN(const SimulationResult result,
                          flags.world.empty()
                              ? SimulateLogOf(flags, policies, workshop)
                              : SimulateWorldOf(flags, policies, workshop));
  std::fputs(FormatSimulation(result).c_str(), stdout);
  if (!flags.report.empty()) {
    TENUTO_RETURN_IF_ERROR(
        WriteFileAtomically(flags.report, ReportHtml(result)));
  }
  if (!flags.segments.empty()) {
    TENUTO_RETURN_IF_ERROR(
        WriteFileAtomically(flags.segments, SegmentsCsv(result)));
  }
  if (flags.summary.empty()) return absl::OkStatus();
  return WriteFileAtomically(flags.summary, SimulationJson(result));
}

constexpr char kHelp[] =
    "Tries policies for failed payments: how long to keep access, when to try "
    "again, when to write.\n\n"
    "--world SEED,N lets every policy of the file live the same N failed "
    "payments of a simulated world, on the same luck, so that differences are "
    "paired. A policy named personal plans each payment by a recovery model "
    "that is learned on the way, from payments of another seed; oracle knows "
    "the world's true chances; regret is by how much it is worth more.\n\n"
    "--ledger DIR takes the failed payments of a log and the recovery model of "
    "--models. Policies are expected by the model and, where the log chose its "
    "plans by chance, put right by what happened; what the log never did the "
    "like of is refused.\n\n"
    "Example:\n"
    "  tenuto simulate grace --world 1,100000 --policies "
    "deploy/policies.textproto --report result.html";

}  // namespace

void AddSimulateVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* const simulate =
      app.add_subcommand("simulate", "What policies would have saved and cost");
  simulate->require_subcommand(1);
  CLI::App* const grace = simulate->add_subcommand("grace", kHelp);
  const auto flags = std::make_shared<SimulateFlags>();
  grace->add_option("--world", flags->world, "SEED,N: a simulated world");
  grace->add_option("--ledger", flags->log.ledger, "or a ledger directory");
  grace->add_option("--models", flags->log.models,
                    "of a ledger: directory of bundles");
  grace->add_option("--model", flags->log.model, "of a ledger: which model")
      ->capture_default_str();
  grace->add_option("--from", flags->from,
                    "of a ledger: failures from this day on (default: all)");
  grace
      ->add_option("--policies", flags->policies,
                   "what to compare, as in deploy/policies.textproto")
      ->required();
  grace->add_option("--variant", flags->variant,
                    "another world: weak_engagement, other_declines, "
                    "no_messages, no_access or shifted_paydays");
  grace->add_option("--practice", flags->practice,
                    "failed payments that the recovery model learns from");
  grace->add_option("--threads", flags->threads, "0: one a core")
      ->check(CLI::Range(0, 256));
  grace->add_option("--summary", flags->summary,
                    "writes the result as JSON: totals, money in minor units "
                    "of the currency (cents)");
  grace->add_option("--segments", flags->segments,
                    "writes every policy by decline class, tenure, listening "
                    "and country as CSV, in the same units; intervals of small "
                    "segments claim too "
                    "much, and those of one payment are empty");
  grace->add_option("--report", flags->report,
                    "writes one HTML page with charts, for phones too");
  grace->callback([flags, &workshop, &run] {
    run = [flags, &workshop] { return Simulate(*flags, workshop); };
  });
  AddBacktestVerb(*simulate, workshop, run);
}

}  // namespace tenuto
