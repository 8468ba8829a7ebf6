#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "features/erasure_list.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "training/csv_cell.h"
#include "training/flag_values.h"
#include "training/score_file.h"
#include "training/score_ledger.h"
#include "training/summary.h"
#include "training/table/csv_reader.h"
#include "training/table/table_encoder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr std::int64_t kUsersBytesMax = 256 << 20;
constexpr int kReasons = 3;

constexpr char kDescription[] =
    "Score a table, or a ledger's users, with the champion of a model.\n"
    "Users as they stood at the end of the ledger, or --as-of a moment before. "
    "Writes CSV:\n"
    "  of a table   row (from 1, in its order), probability\n"
    "  of --users   user_id, known, eligible (on a paid plan), probability, "
    "reasons\n"
    "  of a ledger  user_key, eligible, probability (and reasons, if asked "
    "for): everybody who was\n"
    "               known then, by rising key\n"
    "A ledger holds no user ids. The key of an id is the first 32 digits of "
    "its HMAC-SHA-256 under\n"
    "the secret in LEDGER/user.key; whoever may read that maps ids by it, "
    "one id a line:\n"
    "  python3 -c 'import hmac, sys; "
    "k = bytes.fromhex(open(\"ledger/user.key\").read())\n"
    "for i in sys.stdin.read().splitlines(): "
    "print(hmac.new(k, i.encode(), \"sha256\").hexdigest()[:32], i)' "
    "< ids.txt\n"
    "To score everybody takes up where an earlier run of the same command was "
    "interrupted: until it\n"
    "is whole, the file is OUTPUT.partial.\n"
    "  tenuto score --model churn --models models --table users.csv.gz "
    "--output scores.csv\n"
    "  tenuto score --model churn_14d --models models --ledger ledger "
    "--output scores.csv\n"
    "  tenuto score --model churn_14d --models models --ledger ledger "
    "--users ids.txt --output some.csv";

struct ScoreOptions {
  std::string model;
  std::filesystem::path models_dir;
  std::filesystem::path table;  // Either this or a ledger.
  std::filesystem::path ledger;
  std::filesystem::path users;  // Empty: everybody.
  std::string as_of;            // Empty: the end of the ledger.
  bool reasons = false;  // Of everybody; users of a list always get them.
  int threads = 0;       // 0: every core.
  std::filesystem::path output;
  std::filesystem::path summary;  // Empty: none.
};

absl::StatusOr<std::vector<Score>> ScoreEveryRow(const ModelBundle& bundle,
                                                 const CsvTable& table) {
  if (bundle.plan() != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("model ", bundle.manifest().model(),
                     " was trained on a ledger and cannot score a table"));
  }
  const std::vector<v1::Column> columns(bundle.manifest().columns().begin(),
                                        bundle.manifest().columns().end());
  std::vector<int> rows(static_cast<std::size_t>(table.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  TENUTO_ASSIGN_OR_RETURN(const std::vector<float> values,
                          EncodeTable(table, columns, rows));
  std::vector<Score> scores(rows.size());
  TENUTO_RETURN_IF_ERROR(bundle.ScoreRows(values, absl::MakeSpan(scores)));
  return scores;
}

// Writing over what is read, or one result over the other, loses data.
absl::Status CheckPaths(const ScoreOptions& options) {
  std::error_code ignored;
  if (std::filesystem::equivalent(options.table, options.output, ignored)) {
    return absl::InvalidArgumentError("--output is the --table itself");
  }
  if (std::filesystem::equivalent(options.users, options.output, ignored)) {
    return absl::InvalidArgumentError("--output is the --users file itself");
  }
  if (std::filesystem::is_directory(options.output, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--output ", options.output.string(), " is a directory"));
  }
  const std::filesystem::path parent = options.output.parent_path();
  if (!parent.empty() && !std::filesystem::is_directory(parent, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--output ", options.output.string(),
                     ": there is no directory ", parent.string()));
  }
  return CheckSummary(options.summary,
                      {options.table, options.users, options.output});
}

// A file of scores and what its summary says of it.
struct Scored {
  std::string csv;
  std::size_t rows = 0;
  double sum = 0;
};

absl::StatusOr<Scored> ScoreTable(const ScoreOptions& options,
                                  const ModelBundle& bundle) {
  TENUTO_ASSIGN_OR_RETURN(const CsvTable table, CsvTable::Read(options.table));
  TENUTO_ASSIGN_OR_RETURN(const std::vector<Score> scores,
                          ScoreEveryRow(bundle, table));
  Scored scored{.csv = "row,probability\n", .rows = scores.size()};
  for (std::size_t r = 0; r < scores.size(); ++r) {
    absl::StrAppendFormat(&scored.csv, "%d,%.9g\n", r + 1,
                          scores[r].probability);
    scored.sum += scores[r].probability;
  }
  return scored;
}

// The moment to score at: the one asked for, or the end of the ledger.
absl::StatusOr<absl::Time> MomentOf(const ScoreOptions& options,
                                    const LedgerFacts& facts) {
  if (facts.last_position == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ledger ", options.ledger.string(), " has no event yet"));
  }
  if (options.as_of.empty()) return facts.history_end;
  TENUTO_ASSIGN_OR_RETURN(const absl::Time as_of,
                          ParseMoment("--as-of", options.as_of));
  if (as_of < facts.history_start) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--as-of ", options.as_of, " lies before the first event of ",
        options.ledger.string(), ", ",
        absl::FormatTime("%Y-%m-%d", facts.history_start,
                         absl::UTCTimeZone())));
  }
  return std::min(as_of, facts.history_end);
}

int ThreadsOf(const ScoreOptions& options) {
  if (options.threads > 0) return options.threads;
  return UsableCores();
}

absl::StatusOr<Scored> ScoreUsers(const ScoreOptions& options,
                                  const ModelBundle& bundle,
                                  const Workshop& workshop) {
  TENUTO_ASSIGN_OR_RETURN(const std::string text,
                          ReadFile(options.users, kUsersBytesMax));
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(options.ledger, LedgerAccess::kRead));
  const std::vector<std::string> ids =
      absl::StrSplit(text, absl::ByAnyChar("\r\n"), absl::SkipEmpty());
  if (ids.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.users.string(), " holds no user id; write one a line"));
  }
  std::vector<UserKey> users;
  for (const std::string& id : ids) users.push_back(opened.keys.Of(id));
  TENUTO_ASSIGN_OR_RETURN(const absl::Time as_of,
                          MomentOf(options, opened.ledger->Facts()));
  TENUTO_ASSIGN_OR_RETURN(const std::vector<PastScore> scores,
                          ScorePast(*opened.ledger, bundle, users, as_of,
                                    kReasons, ThreadsOf(options)));
  Scored scored{.csv = "user_id,known,eligible,probability,reasons\n",
                .rows = scores.size()};
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const PastScore& score = scores[k];
    absl::StrAppendFormat(&scored.csv, "%s,%d,%d,%.9g,%s\n", QuotedCell(ids[k]),
                          score.known, score.eligible, score.probability,
                          QuotedCell(absl::StrJoin(score.reasons, "; ")));
    scored.sum += score.probability;
  }
  return scored;
}

// Changes when somebody is erased: their line must not come back.
absl::StatusOr<std::string> ErasedWord(const ScoreOptions& options) {
  TENUTO_ASSIGN_OR_RETURN(const ErasureList list,
                          ErasureList::Load(options.ledger));
  std::string text;
  for (const auto& [name, entry] : list.entries()) {
    absl::StrAppend(&text, name, " ", entry.time_us, "\n");
  }
  return Sha256Hex(text).substr(0, 16);
}

// `seconds` are those of the whole verb; the speed is that of scoring.
std::string SummaryOfEveryone(const ModelBundle& bundle, absl::Time as_of,
                              const ScoreFileReport& report, double seconds) {
  const auto users = static_cast<double>(report.users);
  const double speed = report.users_per_second();
  return absl::StrCat(
      "{\"model\":", JsonString(bundle.manifest().model()),
      ",\"version\":", bundle.manifest().version(), ",\"as_of\":",
      JsonString(
          absl::FormatTime(absl::RFC3339_full, as_of, absl::UTCTimeZone())),
      ",\"users\":", report.users, ",\"eligible\":", report.eligible,
      ",\"mean_probability\":", JsonNumber(report.probability_sum / users),
      ",\"rows_from\":",
      report.source == RowSource::kStates ? "\"states\"" : "\"log\"",
      ",\"users_of_earlier_runs\":", report.users_found,
      ",\"threads\":", report.threads, ",\"seconds\":", JsonNumber(seconds),
      ",\"seconds_scoring\":", JsonNumber(report.seconds),
      ",\"users_per_second\":", JsonNumber(speed),
      ",\"users_per_second_per_core\":", JsonNumber(speed / report.threads),
      "}\n");
}

absl::Status ScoreEveryone(const ScoreOptions& options,
                           const ModelBundle& bundle, const Workshop& workshop,
                           absl::Time start) {
  // Before the ledger is opened: an erasure in between changes the word.
  TENUTO_ASSIGN_OR_RETURN(const std::string erased, ErasedWord(options));
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(options.ledger, LedgerAccess::kRead));
  const LedgerFacts facts = opened.ledger->Facts();
  TENUTO_ASSIGN_OR_RETURN(const absl::Time as_of, MomentOf(options, facts));
  if (facts.pending != nullptr && as_of == facts.history_end) {
    std::fprintf(stderr,
                 "tenuto: some signals are not folded from the log yet; "
                 "reading the log, which takes longer (`tenuto backfill` "
                 "mends it)\n");
  }
  TENUTO_ASSIGN_OR_RETURN(
      const ScoreFileReport report,
      WriteScoreFile(*opened.ledger, bundle,
                     {.output = options.output,
                      .as_of = as_of,
                      .erased = erased,
                      .reason_count_max = options.reasons ? kReasons : 0,
                      .threads = ThreadsOf(options)},
                     workshop.clock));
  std::printf("users     %12lld scored, %lld of them eligible\n",
              static_cast<long long>(report.users),
              static_cast<long long>(report.eligible));
  std::printf("speed     %12.0f users/s on %d threads, %.2f s\n",
              report.users_per_second(), report.threads, report.seconds);
  if (options.summary.empty()) return absl::OkStatus();
  const double seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  return WriteFileAtomically(options.summary,
                             SummaryOfEveryone(bundle, as_of, report, seconds));
}

// One kind of input, whole.
absl::Status CheckInput(const ScoreOptions& options) {
  if (options.table.empty() == options.ledger.empty()) {
    return absl::InvalidArgumentError("give either --table or --ledger");
  }
  if (!options.ledger.empty()) return absl::OkStatus();
  if (!options.users.empty()) {
    return absl::InvalidArgumentError("--users needs --ledger");
  }
  if (!options.as_of.empty()) {
    return absl::InvalidArgumentError("--as-of needs --ledger");
  }
  if (options.reasons) {
    return absl::InvalidArgumentError("--reasons needs --ledger");
  }
  return absl::OkStatus();
}

// Before anything is opened that takes long.
absl::Status CheckModel(const ScoreOptions& options,
                        const ModelBundle& bundle) {
  if (options.ledger.empty() || bundle.plan() != nullptr) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("model ", bundle.manifest().model(),
                   " was trained on a table and cannot score a ledger"));
}

absl::Status RunScore(const ScoreOptions& options, const Workshop& workshop) {
  TENUTO_RETURN_IF_ERROR(CheckInput(options));
  TENUTO_RETURN_IF_ERROR(CheckPaths(options));
  const absl::Time start = workshop.clock.Now();
  TENUTO_ASSIGN_OR_RETURN(const std::filesystem::path directory,
                          FindChampion(options.models_dir, options.model));
  TENUTO_ASSIGN_OR_RETURN(const std::shared_ptr<const ModelBundle> bundle,
                          ModelBundle::Open(directory, workshop.catalogue));
  TENUTO_RETURN_IF_ERROR(CheckModel(options, *bundle));
  if (!options.ledger.empty() && options.users.empty()) {
    return ScoreEveryone(options, *bundle, workshop, start);
  }
  TENUTO_ASSIGN_OR_RETURN(const Scored scored,
                          options.ledger.empty()
                              ? ScoreTable(options, *bundle)
                              : ScoreUsers(options, *bundle, workshop));
  TENUTO_RETURN_IF_ERROR(WriteFileAtomically(options.output, scored.csv));
  if (options.summary.empty()) return absl::OkStatus();
  const double seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  return WriteFileAtomically(
      options.summary,
      absl::StrCat("{\"model\":", JsonString(bundle->manifest().model()),
                   ",\"version\":", bundle->manifest().version(),
                   ",\"rows\":", scored.rows, ",\"mean_probability\":",
                   JsonNumber(scored.sum / static_cast<double>(scored.rows)),
                   ",\"seconds\":", JsonNumber(seconds), "}\n"));
}

}  // namespace

void AddScoreVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* verb = app.add_subcommand("score", kDescription);
  verb->add_option("--model", options->model, "Name of the model")->required();
  verb->add_option("--models", options->models_dir, "Directory of models")
      ->required();
  verb->add_option("--table", options->table,
                   "CSV file with the columns the model learned from, may be "
                   "gzip; further columns are ignored");
  verb->add_option("--ledger", options->ledger,
                   "Ledger directory (reads only; also beside a server)");
  verb->add_option("--users", options->users,
                   "File of user ids of the ledger, one a line; default: "
                   "everybody in it");
  verb->add_option("--as-of", options->as_of,
                   "Score what was known then: \"2018-12-20\", RFC 3339; "
                   "default and latest: the end of the ledger");
  verb->add_flag("--reasons", options->reasons,
                 "Reasons of everybody too (takes many times longer)");
  verb->add_option("--threads", options->threads, "Of a ledger; 0: every core")
      ->check(CLI::Range(0, 256));
  verb->add_option("--output", options->output, "CSV file to write")
      ->required();
  verb->add_option("--summary", options->summary,
                   "JSON file to write: model, version, rows or users, "
                   "seconds, speed");
  verb->callback([options, &workshop, &run] {
    run = [options, &workshop] { return RunScore(*options, workshop); };
  });
}

}  // namespace tenuto
