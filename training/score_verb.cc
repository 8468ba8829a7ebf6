#include <algorithm>
#include <cstdint>
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
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "training/flag_values.h"
#include "training/score_ledger.h"
#include "training/summary.h"
#include "training/table/csv_reader.h"
#include "training/table/table_encoder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr std::int64_t kUsersBytesMax = 256 << 20;
constexpr int kReasons = 3;
constexpr int kThreads = 2;

struct ScoreOptions {
  std::string model;
  std::filesystem::path models_dir;
  std::filesystem::path table;  // Either this or a ledger with users.
  std::filesystem::path ledger;
  std::filesystem::path users;
  std::string as_of;  // Empty: the end of the ledger.
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

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

absl::StatusOr<Scored> ScoreLedger(const ScoreOptions& options,
                                   const ModelBundle& bundle,
                                   const Workshop& workshop) {
  absl::Time as_of = absl::InfiniteFuture();
  if (!options.as_of.empty()) {
    TENUTO_ASSIGN_OR_RETURN(as_of, ParseMoment("--as-of", options.as_of));
  }
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
  const LedgerFacts facts = opened.ledger->Facts();
  if (as_of < facts.history_start) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--as-of ", options.as_of, " lies before the first event of ",
        options.ledger.string(), ", ",
        absl::FormatTime("%Y-%m-%d", facts.history_start,
                         absl::UTCTimeZone())));
  }
  as_of = std::min(as_of, facts.history_end);
  TENUTO_ASSIGN_OR_RETURN(
      const std::vector<PastScore> scores,
      ScorePast(*opened.ledger, bundle, users, as_of, kReasons, kThreads));
  Scored scored{.csv = "user_id,known,eligible,probability,reasons\n",
                .rows = scores.size()};
  for (std::size_t k = 0; k < scores.size(); ++k) {
    const PastScore& score = scores[k];
    absl::StrAppendFormat(&scored.csv, "%s,%d,%d,%.9g,%s\n", Quoted(ids[k]),
                          score.known, score.eligible, score.probability,
                          Quoted(absl::StrJoin(score.reasons, "; ")));
    scored.sum += score.probability;
  }
  return scored;
}

// One kind of input, whole.
absl::Status CheckInput(const ScoreOptions& options) {
  if (options.table.empty() == options.ledger.empty()) {
    return absl::InvalidArgumentError(
        "give either --table, or --ledger and --users");
  }
  if (options.users.empty() != options.ledger.empty()) {
    return absl::InvalidArgumentError("--ledger and --users need each other");
  }
  if (!options.as_of.empty() && options.ledger.empty()) {
    return absl::InvalidArgumentError("--as-of needs --ledger");
  }
  return absl::OkStatus();
}

absl::Status RunScore(const ScoreOptions& options, const Workshop& workshop) {
  TENUTO_RETURN_IF_ERROR(CheckInput(options));
  TENUTO_RETURN_IF_ERROR(CheckPaths(options));
  const absl::Time start = workshop.clock.Now();
  TENUTO_ASSIGN_OR_RETURN(const std::filesystem::path directory,
                          FindChampion(options.models_dir, options.model));
  TENUTO_ASSIGN_OR_RETURN(const std::shared_ptr<const ModelBundle> bundle,
                          ModelBundle::Open(directory, workshop.catalogue));
  TENUTO_ASSIGN_OR_RETURN(const Scored scored,
                          options.ledger.empty()
                              ? ScoreTable(options, *bundle)
                              : ScoreLedger(options, *bundle, workshop));
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
  CLI::App* verb = app.add_subcommand(
      "score",
      "Score every row of a table, or users of a ledger as of a moment of its\n"
      "past, with the champion of a model. Writes CSV: of a table, row (from\n"
      "1, in its order) and probability; of a ledger, user_id, known, "
      "eligible\n"
      "(on a paid plan), probability and reasons.\n"
      "  tenuto score --model churn --models models --table users.csv.gz "
      "--output scores.csv\n"
      "  tenuto score --model churn_14d --models models --ledger ledger "
      "--users ids.txt --output scores.csv");
  verb->add_option("--model", options->model, "Name of the model")->required();
  verb->add_option("--models", options->models_dir, "Directory of models")
      ->required();
  verb->add_option("--table", options->table,
                   "CSV file with the columns the model learned from, may be "
                   "gzip; further columns are ignored");
  verb->add_option("--ledger", options->ledger,
                   "Ledger directory (reads only; also beside a server)");
  verb->add_option("--users", options->users,
                   "File of user ids of the ledger, one a line");
  verb->add_option("--as-of", options->as_of,
                   "Score what was known then: \"2018-12-20\", RFC 3339; "
                   "default and latest: the end of the ledger");
  verb->add_option("--output", options->output, "CSV file to write")
      ->required();
  verb->add_option("--summary", options->summary,
                   "JSON file to write: model, version, rows, seconds");
  verb->callback([options, &workshop, &run] {
    run = [options, &workshop] { return RunScore(*options, workshop); };
  });
}

}  // namespace tenuto
