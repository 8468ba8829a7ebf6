#include "training/train_ledger.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "training/ablation.h"
#include "training/baselines.h"
#include "training/bundle_writer.h"
#include "training/champion.h"
#include "training/evaluator.h"
#include "training/flag_values.h"
#include "training/model_fit.h"
#include "training/peak_memory.h"
#include "training/progress.h"
#include "training/summary.h"
#include "training/time_split.h"

namespace tenuto {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
constexpr int kFirstSnapshotDays = 7;

std::string ShowDay(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

absl::Time NextMidnight(absl::Time time) {
  const absl::Time day =
      absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), kDay);
  return day == time ? day : day + kDay;
}

// "8.2 % below", or "8.2 % above".
std::string ShowBelow(double value, double other) {
  const double below = 1 - value / other;
  return absl::StrFormat("%.1f %% %s", 100 * std::abs(below),
                         below < 0 ? "above" : "below");
}

// One rolling test window: rows, model and its answers.
struct WindowResult {
  TrainingMatrix train, calibrate, test;
  FittedModel model;
  std::vector<double> probabilities;
};

// One run of the verb; members are the stages' results in order.
class LedgerTraining {
 public:
  LedgerTraining(const TrainLedgerOptions& options, const Workshop& workshop)
      : options_(options),
        workshop_(workshop),
        threads_(options.threads > 0 ? options.threads : UsableCores()) {}

  absl::Status Run() {
    const absl::Time start = workshop_.clock.Now();
    TENUTO_RETURN_IF_ERROR(PlanRun());
    TENUTO_RETURN_IF_ERROR(Replay());
    TENUTO_RETURN_IF_ERROR(PlanWindows());
    TENUTO_RETURN_IF_ERROR(FitWindows());
    TENUTO_RETURN_IF_ERROR(EvaluateWindows());
    TENUTO_RETURN_IF_ERROR(CompareWithBaselines());
    if (options_.ablation) TENUTO_RETURN_IF_ERROR(Ablate());
    TENUTO_RETURN_IF_ERROR(Ship());
    report_.seconds.emplace_back(
        "total", absl::ToDoubleSeconds(workshop_.clock.Now() - start));
    if (options_.summary.empty()) return absl::OkStatus();
    return WriteFileAtomically(options_.summary, SummaryJson(report_));
  }

 private:
  absl::Status PlanRun();
  absl::Status Replay();
  absl::Status PlanWindows();
  absl::Status FitWindows();
  absl::Status EvaluateWindows();
  absl::Status CompareWithBaselines();
  absl::Status Ablate();
  absl::Status Ship();

  std::vector<std::string> ChooseColumns();
  void AddSeconds(const char* stage, absl::Time since) {
    report_.seconds.emplace_back(
        stage, absl::ToDoubleSeconds(workshop_.clock.Now() - since));
  }

  const TrainLedgerOptions& options_;
  const Workshop& workshop_;
  const int threads_;
  TrainingReport report_;
  std::optional<OpenedLedger> opened_;
  std::optional<Labeler> labeler_;
  RowSchedule schedule_;
  SplitOptions split_;
  std::vector<SplitWindow> plan_;
  LedgerRows rows_;
  ForestChoice choice_;
  std::vector<WindowResult> windows_;
};

absl::Status LedgerTraining::PlanRun() {
  report_.model = options_.model;
  if (report_.model.empty()) {
    report_.model =
        absl::StrCat("churn_", absl::ToInt64Hours(options_.horizon) / 24, "d");
  }
  TENUTO_RETURN_IF_ERROR(CheckModelName(report_.model));
  TENUTO_RETURN_IF_ERROR(CheckSummary(options_.summary));
  TENUTO_ASSIGN_OR_RETURN(labeler_, Labeler::Named(options_.label));
  TENUTO_ASSIGN_OR_RETURN(
      opened_, workshop_.open_ledger(options_.ledger, LedgerAccess::kRead));
  const LedgerFacts facts = opened_->ledger->Facts();
  if (facts.last_position == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ledger ", options_.ledger, " is empty"));
  }
  const absl::Time first = options_.first_snapshot.value_or(
      NextMidnight(facts.history_start + kFirstSnapshotDays * kDay));
  if (first < facts.history_start) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--first-snapshot: ", ShowDay(first), " is before the log begins, ",
        ShowDay(facts.history_start)));
  }
  schedule_.snapshots = PlanSnapshots(first, options_.snapshot_every,
                                      options_.horizon, facts.told_end);
  schedule_.horizon = options_.horizon;
  schedule_.eligible = options_.eligible;
  split_.horizon = options_.horizon;
  split_.train_before = options_.train_before;
  split_.test_from = options_.test_from;
  split_.windows = options_.windows;
  // Wrong flags are found before the long work.
  TENUTO_RETURN_IF_ERROR(PlanSplit(schedule_.snapshots, split_).status());
  std::printf("log       %s to %s\n", ShowDay(facts.history_start).c_str(),
              ShowDay(facts.told_end).c_str());
  std::printf("label     %s within %lld days: %s\n",
              labeler_->declaration().name().c_str(),
              static_cast<long long>(absl::ToInt64Hours(options_.horizon) / 24),
              labeler_->declaration().description().c_str());
  return absl::OkStatus();
}

std::vector<std::string> LedgerTraining::ChooseColumns() {
  std::vector<std::string> columns;
  for (const Feature& feature : workshop_.catalogue.features()) {
    if (feature.caused_by_us && !options_.own_messages) {
      report_.dropped_columns.push_back(
          {feature.name,
           "caused by our own messages (--own-messages keeps it)"});
      continue;
    }
    columns.push_back(feature.name);
  }
  return columns;
}

absl::Status LedgerTraining::Replay() {
  TENUTO_ASSIGN_OR_RETURN(
      const FeaturePlan plan,
      FeaturePlan::Compile(workshop_.catalogue, ChooseColumns()));
  TENUTO_ASSIGN_OR_RETURN(
      rows_, BuildRows(*opened_->ledger, plan, *labeler_, schedule_, threads_,
                       workshop_.clock));
  report_.seconds.emplace_back("replay", rows_.seconds);
  const double events_per_second =
      static_cast<double>(rows_.events) / rows_.seconds / threads_;
  std::printf(
      "replayed  %lld events of %lld users into %d rows in %.2f s: %.0f "
      "events/s "
      "a thread, peak memory %lld MiB\n",
      static_cast<long long>(rows_.events), static_cast<long long>(rows_.users),
      rows_.matrix.rows(), rows_.seconds, events_per_second,
      static_cast<long long>(PeakMemoryBytes() >> 20));
  report_.extra.emplace_back("replay_events_per_second_per_thread",
                             JsonNumber(events_per_second));
  report_.extra.emplace_back("peak_memory_bytes",
                             absl::StrCat(PeakMemoryBytes()));
  if (rows_.matrix.rows() == 0) {
    return absl::InvalidArgumentError(
        "no user is eligible at any snapshot (see --eligible)");
  }
  const std::int64_t left_before = rows_.CountLeftBefore();
  report_.extra.emplace_back("rows_left_before_snapshot",
                             absl::StrCat(left_before));
  if (left_before > 0) {
    std::printf(
        "left out  %lld rows of users who had left before the snapshot, as "
        "became known after it\n",
        static_cast<long long>(left_before));
  }
  return absl::OkStatus();
}

// Lays the windows over the snapshots that have rows and a life behind them.
absl::Status LedgerTraining::PlanWindows() {
  std::vector<absl::Time> with_rows;
  for (const std::int64_t time_s : rows_.matrix.times_s) {
    const absl::Time at = absl::FromUnixSeconds(time_s);
    if (with_rows.empty() || with_rows.back() != at) with_rows.push_back(at);
  }
  with_rows = BusySnapshots(with_rows, schedule_.horizon, rows_.events_of_day);
  const std::size_t empty = schedule_.snapshots.size() - with_rows.size();
  std::string without;
  if (empty > 0) {
    without =
        absl::StrCat(empty, " of ", schedule_.snapshots.size(),
                     " snapshots have no row, or hardly an event in their ",
                     "horizon, and are left out");
    std::printf("empty     %s\n", without.c_str());
  }
  report_.extra.emplace_back("empty_snapshots", absl::StrCat(empty));
  absl::StatusOr<std::vector<SplitWindow>> plan = PlanSplit(with_rows, split_);
  if (!plan.ok() && empty > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(without, ": ", plan.status().message(),
                     "; an odd time in the log may have stretched it: see "
                     "--first-snapshot"));
  }
  TENUTO_ASSIGN_OR_RETURN(plan_, std::move(plan));
  for (const SplitWindow& window : plan_) {
    std::printf("window    train %s..%s, calibrate %s..%s, test %s..%s\n",
                ShowDay(window.train.front()).c_str(),
                ShowDay(window.train.back()).c_str(),
                ShowDay(window.calibrate.front()).c_str(),
                ShowDay(window.calibrate.back()).c_str(),
                ShowDay(window.test.front()).c_str(),
                ShowDay(window.test.back()).c_str());
  }
  return absl::OkStatus();
}

absl::Status LedgerTraining::FitWindows() {
  const absl::Time start = workshop_.clock.Now();
  double xgboost_seconds = 0;
  Progress progress(workshop_.clock, "training",
                    static_cast<std::int64_t>(plan_.size()), "windows");
  for (const SplitWindow& split : plan_) {
    WindowResult window;
    // What is learned looks back from when the test begins; the test, from
    // the end of the log.
    const absl::Duration horizon = options_.horizon;
    window.train = rows_.Select(split.train, horizon, split.known_by);
    window.calibrate = rows_.Select(split.calibrate, horizon, split.known_by);
    window.test = rows_.Select(split.test, horizon, absl::InfiniteFuture());
    if (windows_.empty()) {
      // Chosen on the earliest rows only, so no later window has seen the
      // choice's data as test.
      ForestOptions options;
      options.seed = options_.seed;
      TENUTO_ASSIGN_OR_RETURN(choice_,
                              ChooseForest(window.train, options, threads_));
      xgboost_seconds += choice_.seconds;
    }
    TENUTO_ASSIGN_OR_RETURN(
        window.model,
        FitModel(window.train, window.calibrate, choice_.options));
    xgboost_seconds += window.model.forest.seconds;
    TENUTO_ASSIGN_OR_RETURN(window.probabilities,
                            PredictProbabilities(window.model, window.test));
    windows_.push_back(std::move(window));
    progress.Update(static_cast<std::int64_t>(windows_.size()));
  }
  AddSeconds("fit", start);
  report_.seconds.emplace_back("xgboost", xgboost_seconds);
  for (const DepthTrial& trial : choice_.trials) {
    std::printf("tried     depth %d: best at %3d rounds, log loss %.5f%s\n",
                trial.depth, trial.rounds, trial.log_loss,
                trial.depth == choice_.options.depth ? "  <- taken" : "");
  }
  return absl::OkStatus();
}

absl::Status LedgerTraining::EvaluateWindows() {
  const absl::Time start = workshop_.clock.Now();
  std::vector<double> probabilities;
  std::vector<float> labels;
  std::vector<std::uint64_t> groups;
  std::vector<std::string> lines, shown;
  std::vector<double> constants;
  for (const WindowResult& window : windows_) {
    const auto append = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(probabilities, window.probabilities);
    append(labels, window.test.labels);
    append(groups, window.test.groups);
    constants.resize(labels.size(), BaseRate(window.train, window.calibrate));
    const double auc = Auc(window.probabilities, window.test.labels);
    lines.push_back(JsonNumber(auc));
    shown.push_back(absl::StrFormat("%.3f", auc));
  }
  const WindowResult& last = windows_.back();
  report_.rows_train = last.train.rows();
  report_.rows_calibrate = last.calibrate.rows();
  report_.rows_test = static_cast<std::int64_t>(labels.size());
  TENUTO_ASSIGN_OR_RETURN(
      report_.test,
      Evaluate({probabilities, labels, groups}, constants, options_.seed));
  AddSeconds("evaluate", start);
  report_.extra.emplace_back("window_auc",
                             absl::StrCat("[", absl::StrJoin(lines, ","), "]"));
  std::printf(
      "\nTest, %zu windows together (95 %% intervals, users drawn):\n%s",
      windows_.size(), FormatEvaluation(report_.test).c_str());
  const double own_rate =
      static_cast<double>(std::count(labels.begin(), labels.end(), 1.0f)) /
      static_cast<double>(labels.size());
  const double of_own_rate =
      -own_rate * std::log(own_rate) - (1 - own_rate) * std::log1p(-own_rate);
  std::printf(
      "log loss is %s that of a constant, the rate of the rows learned from;\n"
      "%s that of the test's own rate; AUC by window: %s\n",
      ShowBelow(report_.test.log_loss.value,
                report_.test.log_loss_constant.value)
          .c_str(),
      ShowBelow(report_.test.log_loss.value, of_own_rate).c_str(),
      absl::StrJoin(shown, ", ").c_str());
  return absl::OkStatus();
}

absl::Status LedgerTraining::CompareWithBaselines() {
  if (!options_.baseline) return absl::OkStatus();
  std::vector<BaselineWindow> rows;
  for (const WindowResult& window : windows_) {
    rows.push_back(
        {&window.train, &window.calibrate, &window.test, window.probabilities});
  }
  TENUTO_ASSIGN_OR_RETURN(const std::vector<BaselineLine> lines,
                          CompareBaselines(rows, options_.seed));
  std::printf("\nProduct against baselines, mean over the windows:\n%s",
              FormatBaselines(lines).c_str());
  report_.extra.emplace_back("baselines", BaselinesJson(lines));
  return absl::OkStatus();
}

absl::Status LedgerTraining::Ablate() {
  const WindowResult& last = windows_.back();
  TENUTO_ASSIGN_OR_RETURN(
      const std::vector<AblationLine> lines,
      AblateFamilies(last.train, last.calibrate, last.test, workshop_.catalogue,
                     choice_.options, threads_));
  std::printf("\nWhat each family is worth, last window:\n%s",
              FormatAblation(lines).c_str());
  return absl::OkStatus();
}

absl::Status LedgerTraining::Ship() {
  const WindowResult& last = windows_.back();
  v1::Manifest manifest;
  manifest.set_model(report_.model);
  manifest.set_created_time_s(absl::ToUnixSeconds(workshop_.clock.Now()));
  manifest.set_label(labeler_->declaration().description());
  manifest.set_horizon_days(absl::ToInt64Hours(options_.horizon) / 24);
  for (const std::string& name : last.train.columns) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(name);
    column.set_fingerprint(workshop_.catalogue.FindFeature(name)->fingerprint);
  }
  v1::TrainingSummary& training = *manifest.mutable_training();
  training.set_rows_train(report_.rows_train);
  training.set_rows_calibrate(report_.rows_calibrate);
  training.set_rows_test(report_.rows_test);
  training.set_known_through_s(
      absl::ToUnixSeconds(plan_.back().calibrate.back() + options_.horizon));
  training.set_test_auc(report_.test.auc.value);
  training.set_test_log_loss(report_.test.log_loss.value);
  training.set_test_log_loss_constant(report_.test.log_loss_constant.value);
  training.set_seed(options_.seed);
  const ChampionTest test = TestOfLogLoss(report_.test);
  TENUTO_ASSIGN_OR_RETURN(
      const WrittenBundle bundle,
      WriteBundle(options_.models, std::move(manifest), last.model,
                  options_.seed, CrownBy(options_.champion, test)));
  report_.version = bundle.version;
  report_.is_champion = bundle.is_champion;
  std::printf("\nwrote     %s (%d trees)%s", bundle.directory.string().c_str(),
              last.model.forest.trees,
              FormatRank(bundle, options_.champion, test).c_str());
  return absl::OkStatus();
}

}  // namespace

absl::Status TrainLedger(const TrainLedgerOptions& options,
                         const Workshop& workshop) {
  return LedgerTraining(options, workshop).Run();
}

}  // namespace tenuto
