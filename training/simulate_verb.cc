// `tenuto simulate grace`: what would policies for failed payments have saved
// and cost?
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "training/flag_values.h"
#include "training/progress.h"
#include "training/simulation/policy_file.h"
#include "training/simulation/report_html.h"
#include "training/simulation/simulate_world.h"
#include "training/simulation/simulation_result.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr std::int64_t kFailuresMax = 100'000'000;

struct SimulateFlags {
  std::string world;
  std::string variant;
  std::string policies;
  std::string summary;
  std::string report;
  std::int64_t practice = 20'000;
  int threads = 0;
};

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
  options.threads =
      flags.threads > 0
          ? flags.threads
          : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return options;
}

// A report that cannot be written is told before the work.
absl::Status CheckReport(const SimulateFlags& flags) {
  const std::filesystem::path report = flags.report;
  if (flags.report.empty()) return absl::OkStatus();
  std::error_code ignored;
  const std::filesystem::path folder =
      std::filesystem::absolute(report).parent_path();
  if (std::filesystem::is_directory(report, ignored) ||
      !std::filesystem::is_directory(folder, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--report ", flags.report, " cannot be written: ", folder.string(),
        " is no directory, or it is one"));
  }
  return absl::OkStatus();
}

absl::Status Simulate(const SimulateFlags& flags, const Workshop& workshop) {
  TENUTO_ASSIGN_OR_RETURN(const SimulateWorldOptions options, OptionsOf(flags));
  TENUTO_RETURN_IF_ERROR(
      CheckSummary(flags.summary, {flags.policies, flags.report}));
  TENUTO_RETURN_IF_ERROR(CheckReport(flags));
  TENUTO_ASSIGN_OR_RETURN(const PolicyFile policies,
                          PolicyFile::Read(flags.policies));
  Progress progress(workshop.clock, "simulating", options.failures,
                    "failed payments");
  TENUTO_ASSIGN_OR_RETURN(
      const SimulationResult result,
      SimulateWorld(options, policies, workshop.clock,
                    [&](std::int64_t done) { progress.Update(done); }));
  std::fputs(FormatSimulation(result).c_str(), stdout);
  if (!flags.report.empty()) {
    TENUTO_RETURN_IF_ERROR(
        WriteFileAtomically(flags.report, ReportHtml(result)));
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
    "the world's true chances.\n\n"
    "Example:\n"
    "  tenuto simulate grace --world 1,100000 --policies "
    "deploy/policies.textproto --report result.html";

}  // namespace

void AddSimulateVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* const simulate =
      app.add_subcommand("simulate", "what policies would have saved and cost");
  simulate->require_subcommand(1);
  CLI::App* const grace = simulate->add_subcommand("grace", kHelp);
  const auto flags = std::make_shared<SimulateFlags>();
  grace->add_option("--world", flags->world, "SEED,N: a simulated world")
      ->required();
  grace
      ->add_option("--policies", flags->policies,
                   "what to compare, as in deploy/policies.textproto")
      ->required();
  grace->add_option("--variant", flags->variant,
                    "another world: weak_engagement, other_declines, "
                    "no_messages, no_access or shifted_paydays");
  grace->add_option("--practice", flags->practice,
                    "failed payments that the recovery model learns from");
  grace->add_option("--threads", flags->threads, "0: one a core");
  grace->add_option("--summary", flags->summary, "writes the result as JSON");
  grace->add_option("--report", flags->report,
                    "writes one HTML page with charts, for phones too");
  grace->callback([flags, &workshop, &run] {
    run = [flags, &workshop] { return Simulate(*flags, workshop); };
  });
}

}  // namespace tenuto
