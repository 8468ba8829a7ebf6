#include "training/grace/train_grace.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/usable_cores.h"
#include "model/calibrator.h"
#include "model/decision/payment_rules.h"
#include "model/forest/forest_json.h"
#include "model/grace/recovery_model.h"
#include "training/bundle_writer.h"
#include "training/champion.h"
#include "training/flag_values.h"
#include "training/grace/dated_columns.h"
#include "training/grace/grace_evaluation.h"
#include "training/grace/grace_rows.h"
#include "training/model_fit.h"
#include "training/peak_memory.h"
#include "training/progress.h"
#include "training/summary.h"

namespace tenuto {
namespace {

constexpr double kTestShare = 0.35;
// Before that most windows of the row are missing, as they never are later.
constexpr absl::Duration kWarmUp = absl::Hours(24 * 30);
// A table asks some 1,200 rows: small forests keep it below a millisecond.
constexpr int kRoundsMax = 200;
constexpr double kEta = 0.1;
// Every split looks at nearly all columns of the payment and the day, and at a
// few of the many that say what the subscriber did before: these would win by
// chance if all were looked at, and learning would end before the first are
// learned.
constexpr double kColumnShare = 0.12;
constexpr float kPaymentWeight = 300;
constexpr int kDepths[] = {2, 3, 4};
// Least weight of a leaf, and lambda: how rare a case may be that is told from
// the others. A class of declines with 50 payments of 1,500 that the next
// attempt always collects is such a case; so is one bank's bad day.
constexpr double kStrictness[] = {20, 5, 1.5};
constexpr std::uint64_t kFolds = 5;
// Of a log that is younger than its users it says the date, and nothing else.
constexpr char kLogAge[] = "first_seen";  // The signal.
// A bank's bad day and a payday hit many users at once, so that size is chosen
// on days that were not learned from, not only on other users.
constexpr std::int64_t kBlockSeconds = 10 * 86'400;
// Fewer say nothing at all, and so few hardly anything.
constexpr std::size_t kFailuresMin = 50;
constexpr char kWanted[] =
    "; some thousand are needed for a model that is better than one curve for "
    "all";

std::string ShowDay(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// Stretches of time for groups.
void GroupByTime(TrainingMatrix& rows) {
  for (std::size_t k = 0; k < rows.groups.size(); ++k) {
    rows.groups[k] =
        static_cast<std::uint64_t>(rows.times_s[k] / kBlockSeconds);
  }
}

std::size_t PlaceOf(const char* column, const TrainingMatrix& rows) {
  return static_cast<std::size_t>(
      std::find(rows.columns.begin(), rows.columns.end(), column) -
      rows.columns.begin());
}

// Rows as of the failure.
TrainingMatrix WithoutLaterDecisions(const TrainingMatrix& train) {
  const std::size_t decided = PlaceOf("failure_decided_day", train);
  std::vector<int> chosen;
  for (int r = 0; r < train.rows(); ++r) {
    if (train.row(r)[decided] == 0) chosen.push_back(r);
  }
  return train.Select(chosen);
}

// One row a failure.
TrainingMatrix RowsOfFirstDays(const TrainingMatrix& by_user) {
  const std::size_t elapsed = PlaceOf("day_elapsed", by_user);
  std::vector<int> chosen;
  for (int r = 0; r < by_user.rows(); ++r) {
    if (by_user.row(r)[elapsed] == 1) chosen.push_back(r);
  }
  return by_user.Select(chosen);
}

// Strictness, then depth, with the least loss on held-out stretches.
absl::StatusOr<ForestOptions> ChooseOptions(const TrainingMatrix& train,
                                            ForestOptions options,
                                            int threads) {
  ForestOptions best;
  double least = std::numeric_limits<double>::infinity();
  const auto attempt = [&](absl::Span<const int> depths) -> absl::Status {
    TENUTO_ASSIGN_OR_RETURN(const ForestChoice choice,
                            ChooseForest(train, options, threads, depths));
    for (const DepthTrial& trial : choice.trials) {
      if (trial.log_loss >= least) continue;
      least = trial.log_loss;
      best = choice.options;
    }
    return absl::OkStatus();
  };
  for (const double strictness : kStrictness) {
    options.child_weight_min = strictness;
    options.lambda = strictness;
    TENUTO_RETURN_IF_ERROR(attempt(absl::MakeConstSpan(kDepths).first(1)));
  }
  options.child_weight_min = best.child_weight_min;
  options.lambda = best.lambda;
  TENUTO_RETURN_IF_ERROR(attempt(absl::MakeConstSpan(kDepths).subspan(1)));
  return best;
}

// The forest on all rows; its calibration on the same rows as forests see them
// that learned from other stretches of time. Later rows alone would hold too
// few events of some hazards, and the forest would miss them.
absl::StatusOr<FittedModel> FitAndCalibrate(const TrainingMatrix& train,
                                            const ForestOptions& options) {
  FittedModel model;
  TENUTO_ASSIGN_OR_RETURN(model.forest, TrainForest(train, nullptr, options));
  std::vector<float> margins, labels;
  for (std::uint64_t fold = 0; fold < kFolds; ++fold) {
    std::vector<int> inside, outside;
    for (int r = 0; r < train.rows(); ++r) {
      const bool in =
          train.groups[static_cast<std::size_t>(r)] % kFolds == fold;
      (in ? inside : outside).push_back(r);
    }
    // Every day that was lived once, and by the row that a first plan has.
    const TrainingMatrix held = WithoutLaterDecisions(train.Select(inside));
    const TrainingMatrix rest = train.Select(outside);
    // Too little to say anything about: the rest of the rows does.
    if (held.rows() == 0 || rest.positives() == 0 ||
        rest.positives() == rest.rows()) {
      continue;
    }
    TENUTO_ASSIGN_OR_RETURN(const TrainedForest forest,
                            TrainForest(rest, nullptr, options));
    TENUTO_ASSIGN_OR_RETURN(const std::vector<float> of_fold,
                            PredictMargins(forest.model_json, held));
    margins.insert(margins.end(), of_fold.begin(), of_fold.end());
    labels.insert(labels.end(), held.labels.begin(), held.labels.end());
  }
  if (margins.empty()) {
    return absl::InvalidArgumentError(
        "the failed payments lie in one stretch of ten days; a longer log is "
        "needed to calibrate");
  }
  model.calibration = Calibrator::Fit(margins, labels);
  return model;
}

// Without a split, or where held-out rows gave the margins no weight.
bool TellsNothingApart(const Forest& forest, const v1::Calibration& line) {
  return line.slope() < 0.005 ||
         std::all_of(
             forest.trees.begin(), forest.trees.end(),
             [](const ForestTree& tree) { return tree.nodes[0].is_leaf(); });
}

// Fitted on rows of one hazard.
struct FittedHazard {
  std::int64_t train = 0, events = 0;  // Rows; of them events.
  ForestOptions options;
  FittedModel model;
};

// One run of the verb; members are the stages' results in order.
class GraceTraining {
 public:
  GraceTraining(const TrainGraceOptions& options, const Workshop& workshop)
      : options_(options),
        workshop_(workshop),
        threads_(options.threads > 0 ? options.threads : UsableCores()) {}

  absl::Status Run() {
    const absl::Time start = workshop_.clock.Now();
    TENUTO_RETURN_IF_ERROR(CheckModelName(options_.model));
    TENUTO_RETURN_IF_ERROR(CheckSummary(options_.summary));
    TENUTO_RETURN_IF_ERROR(Replay());
    TENUTO_RETURN_IF_ERROR(Split());
    TENUTO_RETURN_IF_ERROR(Fit());
    TENUTO_RETURN_IF_ERROR(Evaluate());
    TENUTO_RETURN_IF_ERROR(Ship());
    AddSeconds("total", start);
    if (options_.summary.empty()) return absl::OkStatus();
    return WriteFileAtomically(options_.summary, SummaryOfRun());
  }

 private:
  absl::Status Replay();
  absl::Status Split();
  absl::Status Fit();
  void FindDates();
  absl::Status FitHazard(Hazard hazard);
  absl::Status Evaluate();
  absl::Status Ship();
  v1::Manifest MakeManifest() const;
  std::string SummaryOfRun() const;

  void AddSeconds(const char* stage, absl::Time since) {
    seconds_.emplace_back(stage,
                          absl::ToDoubleSeconds(workshop_.clock.Now() - since));
  }
  absl::Span<const GraceFailure> Failures(std::size_t from,
                                          std::size_t to) const {
    return absl::MakeConstSpan(rows_.failures).subspan(from, to - from);
  }

  const TrainGraceOptions& options_;
  const Workshop& workshop_;
  const int threads_;
  GraceRows rows_;
  absl::Time test_from_;
  // Failures [0, learned_) train and calibrate, the rest tests.
  std::size_t learned_ = 0;
  std::vector<int> dated_;  // Columns that are not learned from.
  std::array<FittedHazard, 3> hazards_;
  GraceEvaluation test_;
  bool is_champion_ = false;
  std::vector<std::pair<std::string, double>> seconds_;
};

absl::Status GraceTraining::Replay() {
  const absl::Time start = workshop_.clock.Now();
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop_.open_ledger(options_.ledger, LedgerAccess::kRead));
  if (opened.ledger->Facts().last_position == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ledger ", options_.ledger, " is empty"));
  }
  // What our own messages do, the column day_messaged says.
  std::vector<std::string> columns;
  for (const Feature& feature : workshop_.catalogue.features()) {
    const bool tells_date =
        feature.declaration.time_since().signal() == kLogAge;
    if (feature.caused_by_us || tells_date) continue;
    columns.push_back(feature.name);
  }
  TENUTO_ASSIGN_OR_RETURN(const FeaturePlan plan,
                          FeaturePlan::Compile(workshop_.catalogue, columns));
  TENUTO_ASSIGN_OR_RETURN(
      rows_,
      BuildGraceRows(*opened.ledger, plan, PaymentRules::Embedded(), threads_));
  if (rows_.failures.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the ledger ", options_.ledger,
                     " has no failed payments among its ", rows_.events,
                     " events; a recovery model learns from "
                     "payment_attempted events that did not collect",
                     kWanted));
  }
  std::erase_if(rows_.failures, [&](const GraceFailure& failure) {
    return failure.spell.failed <
           opened.ledger->Facts().history_start + kWarmUp;
  });
  AddSeconds("replay", start);
  std::printf(
      "replayed  %lld events of %lld users into %zu failed payments in %.2f s, "
      "peak memory %lld MiB\n",
      static_cast<long long>(rows_.events), static_cast<long long>(rows_.users),
      rows_.failures.size(), seconds_.back().second,
      static_cast<long long>(PeakMemoryBytes() >> 20));
  return absl::OkStatus();
}

// No embargo: a label says what happened on one day, and not what will come of
// a payment. Of those that failed before the test every day is learned from
// that was over, and known, when the test begins; what comes later is cut off
// before anything is fitted, so that no row is about a day of the test's. A
// company that trains on all it has does the same at the end of its log.
absl::Status GraceTraining::Split() {
  const std::vector<GraceFailure>& all = rows_.failures;
  if (all.size() < 2 * kFailuresMin) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the log has ", all.size(), " failed payments of subscribers with a ",
        "whole day after them; a recovery model needs ", 2 * kFailuresMin,
        kWanted));
  }
  const auto usual_begin = static_cast<std::size_t>(
      (1 - kTestShare) * static_cast<double>(all.size()));
  test_from_ = options_.test_from.value_or(all[usual_begin].spell.failed);
  learned_ = rows_.CutAt(test_from_);
  if (learned_ < kFailuresMin || all.size() - learned_ < kFailuresMin) {
    return absl::InvalidArgumentError(absl::StrCat(
        "only ", learned_, " failed payments had a whole day before the test ",
        "begins, ", ShowDay(test_from_), ", and ", all.size() - learned_,
        " come after; each needs ", kFailuresMin,
        ": a longer log, or another --test-from", kWanted));
  }
  const auto show = [&all](const char* what, std::size_t from, std::size_t to) {
    std::printf("%-9s %6zu failures, %s to %s\n", what, to - from,
                ShowDay(all[from].spell.failed).c_str(),
                ShowDay(all[to - 1].spell.failed).c_str());
  };
  show("learn", 0, learned_);
  show("test", learned_, all.size());
  return absl::OkStatus();
}

absl::Status GraceTraining::FitHazard(Hazard hazard) {
  const auto at = static_cast<std::size_t>(hazard);
  FittedHazard& fitted = hazards_[at];
  TrainingMatrix train = rows_.Expand(hazard, 0, learned_, options_.rows_max);
  fitted.train = train.rows();
  fitted.events = train.positives();
  if (train.positives() == 0 || train.positives() == train.rows()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "hazard ", kHazardNames[at], ": ", train.positives(), " events on ",
        train.rows(),
        " days to learn from; there must be some with and some without"));
  }
  ForestOptions options;
  options.rounds = kRoundsMax;
  options.eta = kEta;
  options.column_share = kColumnShare;
  options.column_weights.assign(static_cast<std::size_t>(train.width()), 1);
  std::fill(options.column_weights.end() - kFailureColumns,
            options.column_weights.end(), kPaymentWeight);
  options.seed = options_.seed;
  EmptyColumns(dated_, train);
  GroupByTime(train);
  TENUTO_ASSIGN_OR_RETURN(
      fitted.options,
      ChooseOptions(WithoutLaterDecisions(train), options, threads_));
  TENUTO_ASSIGN_OR_RETURN(fitted.model, FitAndCalibrate(train, fitted.options));
  std::printf(
      "%-9s %7lld rows, %6lld events; %3d trees of depth %d, leaves of %g; "
      "calibration slope %.2f, intercept %+.2f\n",
      kHazardNames[at], static_cast<long long>(fitted.train),
      static_cast<long long>(fitted.events), fitted.model.forest.trees,
      fitted.options.depth, fitted.options.child_weight_min,
      fitted.model.calibration.slope(), fitted.model.calibration.intercept());
  return absl::OkStatus();
}

void GraceTraining::FindDates() {
  const TrainingMatrix first = RowsOfFirstDays(
      rows_.Expand(Hazard::kByUser, 0, learned_, options_.rows_max));
  dated_ = FindDatedColumns(first);
  std::vector<std::string> names;
  for (const int column : dated_) {
    names.push_back(first.columns[static_cast<std::size_t>(column)]);
  }
  if (names.empty()) return;
  std::printf("left out  %zu columns that tell the date: %s\n", names.size(),
              absl::StrJoin(names, ", ").c_str());
}

absl::Status GraceTraining::Fit() {
  const absl::Time start = workshop_.clock.Now();
  FindDates();
  Progress progress(workshop_.clock, "training", 3, "hazards");
  for (const Hazard hazard :
       {Hazard::kByUser, Hazard::kByRetry, Hazard::kCancels}) {
    TENUTO_RETURN_IF_ERROR(FitHazard(hazard));
    progress.Update(static_cast<std::int64_t>(hazard) + 1);
  }
  AddSeconds("fit", start);
  return absl::OkStatus();
}

v1::Manifest GraceTraining::MakeManifest() const {
  v1::Manifest manifest;
  manifest.set_model(options_.model);
  manifest.set_created_time_s(absl::ToUnixSeconds(workshop_.clock.Now()));
  manifest.set_label(
      "on a day after a failed payment: the subscriber pays; an attempt of "
      "ours collects; the subscriber cancels");
  manifest.set_horizon_days(kUnpaidDays);
  for (const std::string& name : rows_.columns) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(name);
    column.set_fingerprint(workshop_.catalogue.FindFeature(name)->fingerprint);
  }
  AddFailureColumns(manifest);
  for (std::size_t k = 0; k < hazards_.size(); ++k) {
    v1::ForestPart& part = *manifest.add_parts();
    part.set_name(kHazardNames[k]);
    *part.mutable_calibration() = hazards_[k].model.calibration;
  }
  v1::TrainingSummary& training = *manifest.mutable_training();
  training.set_rows_train(hazards_[0].train);
  training.set_rows_calibrate(hazards_[0].train);
  training.set_rows_test(
      static_cast<std::int64_t>(rows_.failures.size() - learned_));
  training.set_known_through_s(absl::ToUnixSeconds(test_from_));
  training.set_seed(options_.seed);
  return manifest;
}

absl::Status GraceTraining::Evaluate() {
  const absl::Time start = workshop_.clock.Now();
  const v1::Manifest manifest = MakeManifest();
  std::array<Forest, 3> forests;
  for (std::size_t k = 0; k < forests.size(); ++k) {
    TENUTO_ASSIGN_OR_RETURN(forests[k],
                            ReadForestJson(hazards_[k].model.forest.model_json,
                                           manifest.columns_size()));
    if (TellsNothingApart(forests[k], hazards_[k].model.calibration)) {
      std::printf("warning: %s tells no payment and no day apart\n",
                  kHazardNames[k]);
    }
  }
  TENUTO_ASSIGN_OR_RETURN(
      const std::shared_ptr<const RecoveryModel> model,
      RecoveryModel::Create(manifest, forests, workshop_.catalogue));
  TENUTO_ASSIGN_OR_RETURN(
      test_, EvaluateGrace(*model, Failures(0, learned_),
                           Failures(learned_, rows_.failures.size())));
  AddSeconds("evaluate", start);
  std::printf("\nTest, %lld failed payments:\n%s",
              static_cast<long long>(test_.failures),
              FormatGraceEvaluation(test_).c_str());
  return absl::OkStatus();
}

absl::Status GraceTraining::Ship() {
  std::vector<FittedPart> parts;
  for (std::size_t k = 0; k < hazards_.size(); ++k) {
    parts.push_back({kHazardNames[k], &hazards_[k].model});
  }
  const ChampionTest test{"integrated Brier score", "Kaplan-Meier's", test_.ibs,
                          test_.ibs_kaplan_meier};
  TENUTO_ASSIGN_OR_RETURN(
      const WrittenBundle bundle,
      WriteBundle(options_.models, MakeManifest(), parts, options_.seed,
                  CrownBy(options_.champion, test)));
  is_champion_ = bundle.is_champion;
  std::printf("\nwrote     %s%s", bundle.directory.string().c_str(),
              FormatRank(bundle, options_.champion, test).c_str());
  return absl::OkStatus();
}

std::string GraceTraining::SummaryOfRun() const {
  std::vector<std::string> rows = {
      absl::StrCat("\"failures\":", rows_.failures.size()),
      absl::StrCat("\"train\":", learned_),
      // The same, held out by stretches of time.
      absl::StrCat("\"calibrate\":", learned_),
      absl::StrCat("\"test\":", rows_.failures.size() - learned_)};
  for (std::size_t k = 0; k < hazards_.size(); ++k) {
    rows.push_back(absl::StrCat("\"", kHazardNames[k],
                                "\":{\"train\":", hazards_[k].train,
                                ",\"calibrate\":", hazards_[k].train,
                                ",\"events\":", hazards_[k].events,
                                ",\"trees\":", hazards_[k].model.forest.trees,
                                ",\"depth\":", hazards_[k].options.depth, "}"));
  }
  std::vector<std::string> seconds;
  for (const auto& [stage, spent] : seconds_) {
    seconds.push_back(absl::StrCat("\"", stage, "\":", JsonNumber(spent)));
  }
  return absl::StrCat("{\"rows\":{", absl::StrJoin(rows, ","),
                      "},\"test\":", GraceEvaluationJson(test_),
                      ",\"seconds\":", JsonNumber(seconds_.back().second),
                      ",\"seconds_by_stage\":{", absl::StrJoin(seconds, ","),
                      "},\"champion\":", is_champion_ ? "true" : "false",
                      "}\n");
}

}  // namespace

absl::Status TrainGrace(const TrainGraceOptions& options,
                        const Workshop& workshop) {
  return GraceTraining(options, workshop).Run();
}

}  // namespace tenuto
