#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "training/summary.h"
#include "training/table/csv_reader.h"
#include "training/table/table_encoder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

struct ScoreOptions {
  std::string model;
  std::filesystem::path models_dir;
  std::filesystem::path table;
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
  if (!options.summary.empty() && options.summary == options.output) {
    return absl::InvalidArgumentError("--summary and --output are one file");
  }
  return absl::OkStatus();
}

absl::Status ScoreTable(const ScoreOptions& options, const Workshop& workshop) {
  TENUTO_RETURN_IF_ERROR(CheckPaths(options));
  const absl::Time start = workshop.clock.Now();
  TENUTO_ASSIGN_OR_RETURN(const std::filesystem::path directory,
                          FindChampion(options.models_dir, options.model));
  TENUTO_ASSIGN_OR_RETURN(const std::shared_ptr<const ModelBundle> bundle,
                          ModelBundle::Open(directory, workshop.catalogue));
  TENUTO_ASSIGN_OR_RETURN(const CsvTable table, CsvTable::Read(options.table));
  TENUTO_ASSIGN_OR_RETURN(const std::vector<Score> scores,
                          ScoreEveryRow(*bundle, table));
  std::string csv = "row,probability\n";
  double sum = 0;
  for (std::size_t r = 0; r < scores.size(); ++r) {
    absl::StrAppendFormat(&csv, "%d,%.9g\n", r + 1, scores[r].probability);
    sum += scores[r].probability;
  }
  TENUTO_RETURN_IF_ERROR(WriteFileAtomically(options.output, csv));
  if (options.summary.empty()) return absl::OkStatus();
  const double seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  return WriteFileAtomically(
      options.summary,
      absl::StrCat("{\"model\":", JsonString(bundle->manifest().model()),
                   ",\"version\":", bundle->manifest().version(),
                   ",\"rows\":", scores.size(), ",\"mean_probability\":",
                   JsonNumber(sum / static_cast<double>(scores.size())),
                   ",\"seconds\":", JsonNumber(seconds), "}\n"));
}

}  // namespace

void AddScoreVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* verb = app.add_subcommand(
      "score",
      "Score every row of a table with the champion of a model.\n"
      "Writes CSV: row (from 1, in the order of the table), probability.\n"
      "  tenuto score --model churn --models models --table users.csv.gz "
      "--output scores.csv");
  verb->add_option("--model", options->model, "Name of the model")->required();
  verb->add_option("--models", options->models_dir, "Directory of models")
      ->required();
  verb->add_option("--table", options->table,
                   "CSV file with the columns the model learned from, may be "
                   "gzip; further columns are ignored")
      ->required();
  verb->add_option("--output", options->output, "CSV file to write")
      ->required();
  verb->add_option("--summary", options->summary,
                   "JSON file to write: model, version, rows, seconds");
  verb->callback([options, &workshop, &run] {
    run = [options, &workshop] { return ScoreTable(*options, workshop); };
  });
}

}  // namespace tenuto
