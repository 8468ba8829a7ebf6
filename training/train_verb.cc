// `tenuto train churn`: a churn model from a ledger or from a table.
#include <map>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "training/champion.h"
#include "training/flag_values.h"
#include "training/train_ledger.h"
#include "training/train_table.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr char kLedgerFlags[] = "From a ledger";

// Flags as typed; what the two modes share stands here once.
struct Flags {
  TrainLedgerOptions ledger;
  TrainTableOptions table;
  std::string eligible = "paid";
  std::string horizon = "14d";
  std::string snapshot_every = "7d";
  std::string first_snapshot;
  std::string train_before;
  std::string test_from;
};

absl::Status ParseOptionalMoment(absl::string_view flag,
                                 const std::string& text,
                                 std::optional<absl::Time>& moment) {
  if (text.empty()) return absl::OkStatus();
  TENUTO_ASSIGN_OR_RETURN(moment, ParseMoment(flag, text));
  return absl::OkStatus();
}

absl::Status RunLedger(Flags& flags, const Workshop& workshop) {
  TrainLedgerOptions& options = flags.ledger;
  const std::map<std::string, Eligible> eligible = {{"paid", Eligible::kPaid},
                                                    {"free", Eligible::kFree},
                                                    {"all", Eligible::kAll}};
  options.eligible = eligible.at(flags.eligible);
  TENUTO_ASSIGN_OR_RETURN(options.horizon,
                          ParseDays("--horizon", flags.horizon));
  if (options.horizon % absl::Hours(24) != absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--horizon: \"", flags.horizon, "\" is no whole number of days"));
  }
  TENUTO_ASSIGN_OR_RETURN(options.snapshot_every,
                          ParseDays("--snapshot-every", flags.snapshot_every));
  TENUTO_RETURN_IF_ERROR(ParseOptionalMoment(
      "--first-snapshot", flags.first_snapshot, options.first_snapshot));
  TENUTO_RETURN_IF_ERROR(ParseOptionalMoment(
      "--train-before", flags.train_before, options.train_before));
  TENUTO_RETURN_IF_ERROR(
      ParseOptionalMoment("--test-from", flags.test_from, options.test_from));
  return TrainLedger(options, workshop);
}

// A flag of the other source would be ignored, and someone misled.
absl::Status RefuseFlagsOf(const char* group, const char* source,
                           const CLI::App& churn) {
  for (const CLI::Option* option : churn.get_options()) {
    if (option->get_group() != group || option->count() == 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        option->get_name(), " has no meaning with ", source,
        ": leave it out (`tenuto train churn --help` says which flags go ",
        "with which source)"));
  }
  return absl::OkStatus();
}

absl::Status Run(const CLI::App& churn, Flags& flags,
                 const Workshop& workshop) {
  const bool from_table = !flags.table.table.empty();
  if (from_table == !flags.ledger.ledger.empty()) {
    return absl::InvalidArgumentError(
        "train churn learns from one source: --ledger DIR or --table FILE");
  }
  TENUTO_RETURN_IF_ERROR(from_table
                             ? RefuseFlagsOf(kLedgerFlags, "--table", churn)
                             : RefuseFlagsOf(kTableFlags, "--ledger", churn));
  if (!from_table) return RunLedger(flags, workshop);
  flags.table.model = flags.ledger.model;
  flags.table.models_dir = flags.ledger.models;
  flags.table.seed = flags.ledger.seed;
  flags.table.threads = flags.ledger.threads;
  flags.table.summary = flags.ledger.summary;
  flags.table.baseline = flags.ledger.baseline;
  flags.table.champion = flags.ledger.champion;
  flags.table.columns.train_before = flags.train_before;
  flags.table.columns.test_from = flags.test_from;
  return TrainTable(flags.table, workshop);
}

void AddLedgerFlags(CLI::App& churn, Flags& flags) {
  const std::string group = kLedgerFlags;
  churn.add_option("--ledger", flags.ledger.ledger, "Ledger directory")
      ->group(group);
  churn
      .add_option("--label", flags.ledger.label,
                  "What counts as leaving (training/labels.textproto)")
      ->capture_default_str()
      ->group(group);
  churn
      .add_option("--eligible", flags.eligible,
                  "Who gets a row: users on this plan at the snapshot")
      ->check(CLI::IsMember({"paid", "free", "all"}))
      ->capture_default_str()
      ->group(group);
  churn
      .add_option("--horizon", flags.horizon,
                  "How far ahead the label looks; also the embargo between "
                  "training and test")
      ->capture_default_str()
      ->group(group);
  churn
      .add_option("--snapshot-every", flags.snapshot_every,
                  "Time between two rows of a user")
      ->capture_default_str()
      ->group(group);
  churn
      .add_option("--first-snapshot", flags.first_snapshot,
                  "First moment of rows (default: 7 days into the log)")
      ->group(group);
  churn
      .add_option("--windows", flags.ledger.windows,
                  "Rolling test windows, each with a model of its own past")
      ->check(CLI::Range(1, 20))
      ->capture_default_str()
      ->group(group);
  churn
      .add_flag("--own-messages", flags.ledger.own_messages,
                "Keep columns that our own messages cause")
      ->group(group);
  churn
      .add_flag("--ablation", flags.ledger.ablation,
                "Print what each family of features is worth")
      ->group(group);
}

}  // namespace

void AddTrainVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* verb = app.add_subcommand("train", "Train a model");
  verb->require_subcommand(1);
  CLI::App* churn = verb->add_subcommand(
      "churn",
      "Who will leave? Rows are always split by time (or by key for a table "
      "without a time); a random split of a log is not offered, because it "
      "lets a model see the future.\n"
      "Example: tenuto train churn --ledger world --models models --baseline\n"
      "or: tenuto train churn --table users.csv --target churn --model churn "
      "--models models");
  const auto flags = std::make_shared<Flags>();
  churn->add_option("--models", flags->ledger.models, "Directory of bundles")
      ->required();
  churn->add_option("--model", flags->ledger.model,
                    "Name of the model (default from a ledger: churn_14d)");
  churn->add_option("--train-before", flags->train_before,
                    "Learn only what was known before this moment");
  churn->add_option("--test-from", flags->test_from,
                    "Test on rows from this moment on");
  churn->add_flag("--baseline", flags->ledger.baseline,
                  "Compare with a constant, a logistic regression and a plain "
                  "XGBoost on the same rows");
  AddChampionFlag(*churn, flags->ledger.champion);
  churn->add_option("--seed", flags->ledger.seed, "Same seed, same bytes")
      ->capture_default_str();
  churn->add_option("--threads", flags->ledger.threads, "0: every core")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  churn->add_option("--summary", flags->ledger.summary,
                    "Write the result as JSON");
  AddLedgerFlags(*churn, *flags);
  AddTableFlags(*churn, flags->table);
  churn->callback([&workshop, &run, churn, flags] {
    run = [&workshop, churn, flags] { return Run(*churn, *flags, workshop); };
  });
  AddTrainGraceVerb(*verb, workshop, run);
}

}  // namespace tenuto
