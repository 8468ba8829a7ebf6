#include "training/train_table.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "training/baselines.h"
#include "training/bundle_writer.h"
#include "training/champion.h"
#include "training/evaluator.h"
#include "training/flag_values.h"
#include "training/model_fit.h"
#include "training/summary.h"
#include "training/table/column_names.h"
#include "training/table/csv_reader.h"
#include "training/table/leak_report.h"
#include "training/table/table_encoder.h"
#include "training/table/table_split.h"
#include "training/training_matrix.h"

namespace tenuto {
namespace {

// Seconds of each stage, one after the other.
class StageClock {
 public:
  explicit StageClock(const Clock& clock)
      : clock_(clock), start_(clock.Now()), last_(start_) {}

  void End(std::string stage) {
    const absl::Time now = clock_.Now();
    seconds_.emplace_back(std::move(stage), absl::ToDoubleSeconds(now - last_));
    last_ = now;
  }

  std::vector<std::pair<std::string, double>> Total() const {
    auto all = seconds_;
    all.emplace_back("total", absl::ToDoubleSeconds(last_ - start_));
    return all;
  }

 private:
  const Clock& clock_;
  const absl::Time start_;
  absl::Time last_;
  std::vector<std::pair<std::string, double>> seconds_;
};

// Rows of the three parts, encoded by what the first of them taught.
struct TableMatrices {
  TrainingMatrix train, calibrate, test;
};

absl::StatusOr<TrainingMatrix> MakeMatrix(const CsvTable& table,
                                          const TableRoles& roles,
                                          const TableSchema& schema,
                                          absl::Span<const int> rows) {
  TrainingMatrix matrix;
  for (const v1::Column& column : schema.columns) {
    matrix.columns.push_back(column.name());
  }
  TENUTO_ASSIGN_OR_RETURN(matrix.values,
                          EncodeTable(table, schema.columns, rows));
  const double second = roles.times_are_dates ? 86400 : 1;
  for (const int row : rows) {
    const auto r = static_cast<std::size_t>(row);
    matrix.labels.push_back(roles.target.labels[r]);
    matrix.groups.push_back(roles.groups[r]);
    matrix.times_s.push_back(
        roles.times.empty()
            ? 0
            : static_cast<std::int64_t>(std::floor(roles.times[r] * second)));
  }
  return matrix;
}

// Fewer say nothing of how probabilities should be scaled.
constexpr int kCalibrateRowsMin = 20;

absl::Status CheckClasses(const TrainingMatrix& rows, absl::string_view part) {
  const std::int64_t positives = rows.positives();
  if (positives > 0 && positives < rows.rows()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "all ", rows.rows(), " ", part, " rows have the same outcome, ",
      positives > 0 ? "1" : "0",
      ": divide the table otherwise, by --test-share, --seed or --time"));
}

absl::StatusOr<TableMatrices> MakeMatrices(const CsvTable& table,
                                           const TableRoles& roles,
                                           const TableSchema& schema,
                                           const TableParts& parts) {
  TableMatrices matrices;
  TENUTO_ASSIGN_OR_RETURN(matrices.train,
                          MakeMatrix(table, roles, schema, parts.train));
  TENUTO_ASSIGN_OR_RETURN(matrices.calibrate,
                          MakeMatrix(table, roles, schema, parts.calibrate));
  TENUTO_ASSIGN_OR_RETURN(matrices.test,
                          MakeMatrix(table, roles, schema, parts.test));
  if (matrices.calibrate.rows() < kCalibrateRowsMin) {
    return absl::InvalidArgumentError(absl::StrCat(
        "only ", matrices.calibrate.rows(), " of ", table.rows(),
        " rows are left to calibrate on, and at least ", kCalibrateRowsMin,
        " of both outcomes are needed (left out between the parts: ",
        parts.left_out_embargo, ", because their --key is in another part: ",
        parts.left_out_key, "); give more rows or divide them otherwise"));
  }
  TENUTO_RETURN_IF_ERROR(CheckClasses(matrices.train, "training"));
  TENUTO_RETURN_IF_ERROR(CheckClasses(matrices.calibrate, "calibration"));
  TENUTO_RETURN_IF_ERROR(CheckClasses(matrices.test, "test"));
  return matrices;
}

// Takes refused columns out of the candidates; the others become warnings.
std::vector<DroppedColumn> ApplyFindings(
    const std::vector<LeakFinding>& findings, TableRoles& roles) {
  std::vector<DroppedColumn> warnings;
  for (const LeakFinding& finding : findings) {
    if (!finding.refused) {
      warnings.push_back({finding.column, finding.reason});
      continue;
    }
    roles.dropped.push_back({finding.column, finding.reason});
    roles.candidates.erase(
        std::remove_if(roles.candidates.begin(), roles.candidates.end(),
                       [&](const TypedColumn& column) {
                         return column.name == finding.column;
                       }),
        roles.candidates.end());
  }
  return warnings;
}

// What the columns themselves make doubtful, leaks aside.
void AddColumnWarnings(const TableRoles& roles, bool has_key,
                       std::vector<DroppedColumn>& warnings) {
  for (const TypedColumn& column : roles.candidates) {
    if (!column.odd_cell.empty()) {
      warnings.push_back(
          {column.name,
           absl::StrCat("read as texts because of \"", column.odd_cell,
                        "\" on line ", column.odd_line)});
    }
    const auto rows = static_cast<std::int64_t>(column.values.size());
    if (!has_key && IsIdentifierName(column.name) && column.distinct < rows &&
        column.distinct * 3 > rows) {
      warnings.push_back(
          {column.name,
           absl::StrCat("looks like the key of users with several rows: "
                        "--key ",
                        column.name, " keeps them on one side")});
    }
  }
}

// Everything that is known before the fit.
struct PreparedTable {
  TableRoles roles;
  TableSchema schema;
  TableMatrices rows;
  std::vector<DroppedColumn> warnings;
};

v1::Manifest MakeManifest(const TrainTableOptions& options,
                          const PreparedTable& table, const Evaluation& test,
                          absl::Time now) {
  const TableRoles& roles = table.roles;
  const TableMatrices& rows = table.rows;
  v1::Manifest manifest;
  manifest.set_model(options.model);
  manifest.set_created_time_s(absl::ToUnixSeconds(now));
  for (const v1::Column& column : table.schema.columns) {
    *manifest.add_columns() = column;
  }
  manifest.set_label(
      absl::StrCat(options.columns.target, " = ", roles.target.positive));
  v1::TrainingSummary& training = *manifest.mutable_training();
  training.set_rows_train(rows.train.rows());
  training.set_rows_calibrate(rows.calibrate.rows());
  training.set_rows_test(rows.test.rows());
  if (roles.times_are_dates) {
    training.set_known_through_s(
        *std::max_element(rows.test.times_s.begin(), rows.test.times_s.end()));
  }
  training.set_test_auc(test.auc.value);
  training.set_test_log_loss(test.log_loss.value);
  training.set_test_log_loss_constant(test.log_loss_constant.value);
  training.set_seed(options.seed);
  return manifest;
}

std::string FormatColumns(absl::string_view title,
                          const std::vector<DroppedColumn>& columns) {
  if (columns.empty()) return "";
  std::string text = absl::StrCat(title, "\n");
  for (const DroppedColumn& column : columns) {
    absl::StrAppendFormat(&text, "  %-24s %s\n", column.column, column.reason);
  }
  return text;
}

std::string FormatRows(const TableRoles& roles, const TableParts& parts,
                       const TableMatrices& rows) {
  std::string text = absl::StrFormat(
      "rows: %d train, %d calibrate, %d test; %d columns\n", rows.train.rows(),
      rows.calibrate.rows(), rows.test.rows(), rows.train.width());
  if (parts.left_out_embargo + parts.left_out_key > 0) {
    absl::StrAppend(&text, "left out: ", parts.left_out_embargo,
                    " rows between the parts, ", parts.left_out_key,
                    " rows of keys that are in another part\n");
  }
  const std::int64_t left_out = parts.left_out_embargo + parts.left_out_key;
  const auto all = static_cast<std::int64_t>(roles.groups.size());
  if (2 * left_out > all) {
    absl::StrAppendFormat(
        &text,
        "warning: %d of %d rows are left out, more than half: %d because other "
        "rows of their --key are in another part (no key may be learned from "
        "and tested on), %d because they lie between the parts of --time; "
        "limits nearer to each other or fewer rows a key lose less\n",
        left_out, all, parts.left_out_key, parts.left_out_embargo);
  }
  if (roles.times.empty()) {
    absl::StrAppend(&text,
                    "drawn by hash, not by time: figures of the future may be "
                    "worse (--time tells)\n");
  }
  return text;
}

std::string WarningsJson(const std::vector<DroppedColumn>& warnings) {
  return absl::StrCat(
      "[",
      absl::StrJoin(warnings, ",",
                    [](std::string* json, const DroppedColumn& warning) {
                      absl::StrAppend(
                          json, "{\"column\":", JsonString(warning.column),
                          ",\"reason\":", JsonString(warning.reason), "}");
                    }),
      "]");
}

int ThreadsOf(const TrainTableOptions& options) {
  if (options.threads > 0) return options.threads;
  return UsableCores();
}

absl::Status CheckOptions(const TrainTableOptions& options) {
  const std::pair<absl::string_view, bool> needed[] = {
      {"--target", !options.columns.target.empty()},
      {"--model", !options.model.empty()},
      {"--models", !options.models_dir.empty()}};
  for (const auto& [flag, is_given] : needed) {
    if (!is_given) {
      return absl::InvalidArgumentError(
          absl::StrCat("--table needs ", flag, " too"));
    }
  }
  TENUTO_RETURN_IF_ERROR(CheckModelName(options.model));
  return CheckSummary(options.summary, {options.table});
}

absl::StatusOr<PreparedTable> Prepare(const TrainTableOptions& options,
                                      StageClock& stages) {
  TENUTO_ASSIGN_OR_RETURN(const CsvTable table, CsvTable::Read(options.table));
  PreparedTable prepared;
  TableRoles& roles = prepared.roles;
  TENUTO_ASSIGN_OR_RETURN(roles, ReadRoles(table, options.columns));
  stages.End("read");

  prepared.warnings =
      ApplyFindings(FindLeaks({roles.candidates, roles.target.labels,
                               roles.groups, options.columns.target,
                               roles.target.positive, roles.known_days}),
                    roles);
  TENUTO_ASSIGN_OR_RETURN(
      const TableParts parts,
      roles.times.empty()
          ? SplitByShare(roles.groups, options.test_share, options.seed)
          : SplitByTime(roles.groups, roles.times, roles.limits, options.seed));
  prepared.schema = LearnSchema(roles.candidates, parts.train);
  const std::vector<DroppedColumn>& silent = prepared.schema.dropped;
  roles.dropped.insert(roles.dropped.end(), silent.begin(), silent.end());
  AddColumnWarnings(roles, !options.columns.key.empty(), prepared.warnings);
  std::cout << FormatColumns("columns left out:", roles.dropped)
            << FormatColumns("columns to look at:", prepared.warnings);
  if (prepared.schema.columns.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(table.name(), ": no column is left to learn from"));
  }
  TENUTO_ASSIGN_OR_RETURN(prepared.rows,
                          MakeMatrices(table, roles, prepared.schema, parts));
  std::cout << FormatRows(roles, parts, prepared.rows) << std::flush;
  stages.End("columns");
  return prepared;
}

// Fills the figures of the report, and prints them.
absl::Status Judge(const TrainTableOptions& options, const TableMatrices& rows,
                   const FittedModel& model, StageClock& stages,
                   TrainingReport& report) {
  TENUTO_ASSIGN_OR_RETURN(const std::vector<double> probabilities,
                          PredictProbabilities(model, rows.test));
  const std::vector<double> constants(probabilities.size(),
                                      BaseRate(rows.train, rows.calibrate));
  TENUTO_ASSIGN_OR_RETURN(
      report.test, Evaluate({probabilities, rows.test.labels, rows.test.groups},
                            constants, options.seed));
  stages.End("evaluate");
  std::cout << FormatEvaluation(report.test);
  if (!options.baseline) return absl::OkStatus();
  TENUTO_ASSIGN_OR_RETURN(
      const std::vector<BaselineLine> baselines,
      CompareBaselines(
          {{{&rows.train, &rows.calibrate, &rows.test, probabilities}}},
          options.seed));
  stages.End("baseline");
  std::cout << FormatBaselines(baselines);
  report.extra.emplace_back("baselines", BaselinesJson(baselines));
  return absl::OkStatus();
}

}  // namespace

void AddTableFlags(CLI::App& app, TrainTableOptions& options) {
  const std::string group = kTableFlags;
  app.add_option("--table", options.table,
                 "CSV file with a line of column names, may be gzip")
      ->group(group);
  app.add_option("--target", options.columns.target,
                 "Column to predict: 1/0, true/false, yes/no or two words")
      ->group(group);
  app.add_option("--drop", options.columns.drop,
                 "Columns to leave out, A,B: whatever was not known yet")
      ->delimiter(',')
      ->group(group);
  app.add_option("--key", options.columns.key,
                 "Column that names the user; a user's rows stay together")
      ->group(group);
  CLI::Option* time =
      app.add_option("--time", options.columns.time,
                     "Column that dates the row; needs --train-before and "
                     "--test-from")
          ->group(group);
  app.add_option("--as-of", options.columns.as_of,
                 "Day on which all rows were taken; later dates are refused")
      ->group(group);
  app.add_option("--test-share", options.test_share,
                 "Share of users to test on when there is no --time")
      ->capture_default_str()
      ->excludes(time)
      ->group(group);
}

absl::Status TrainTable(const TrainTableOptions& options,
                        const Workshop& workshop) {
  TENUTO_RETURN_IF_ERROR(CheckOptions(options));
  StageClock stages(workshop.clock);
  TENUTO_ASSIGN_OR_RETURN(const PreparedTable table, Prepare(options, stages));

  ForestOptions forest;
  forest.seed = options.seed;
  TENUTO_ASSIGN_OR_RETURN(
      const ForestChoice choice,
      ChooseForest(table.rows.train, forest, ThreadsOf(options)));
  TENUTO_ASSIGN_OR_RETURN(
      const FittedModel model,
      FitModel(table.rows.train, table.rows.calibrate, choice.options));
  stages.End("fit");

  TrainingReport report;
  report.extra.emplace_back("warnings", WarningsJson(table.warnings));
  TENUTO_RETURN_IF_ERROR(Judge(options, table.rows, model, stages, report));
  const ChampionTest test = TestOfLogLoss(report.test);
  TENUTO_ASSIGN_OR_RETURN(
      const WrittenBundle bundle,
      WriteBundle(
          options.models_dir,
          MakeManifest(options, table, report.test, workshop.clock.Now()),
          model, options.seed, CrownBy(options.champion, test)));
  stages.End("write");
  std::cout << "wrote " << bundle.directory.string()
            << FormatRank(bundle, options.champion, test);
  if (options.summary.empty()) return absl::OkStatus();
  report.model = options.model;
  report.version = bundle.version;
  report.is_champion = bundle.is_champion;
  report.rows_train = table.rows.train.rows();
  report.rows_calibrate = table.rows.calibrate.rows();
  report.rows_test = table.rows.test.rows();
  report.dropped_columns = table.roles.dropped;
  report.seconds = stages.Total();
  return WriteFileAtomically(options.summary, SummaryJson(report));
}

}  // namespace tenuto
