#include "training/simulation/practice.h"

#include <future>
#include <string>
#include <utility>
#include <vector>

#include "features/base/status_macros.h"
#include "features/catalogue.h"
#include "model/forest/forest_json.h"
#include "training/model_fit.h"
#include "training/world/draws.h"
#include "training/world/house_dunning.h"

namespace tenuto {
namespace {

using Matrices = std::array<TrainingMatrix, 3>;

// Small enough to be asked for a whole table in well under a millisecond.
ForestOptions PracticeForest(std::uint64_t seed) {
  ForestOptions options;
  options.rounds = 150;
  options.eta = 0.1;
  options.depth = 4;
  options.child_weight_min = 20;
  options.lambda = 5;
  options.column_share = 0.5;
  options.seed = seed;
  return options;
}

Matrices EmptyRows() {
  std::vector<std::string> columns;
  for (const char* name : world::SeenColumns()) columns.emplace_back(name);
  for (const FailureColumn& column : FailureColumns()) {
    columns.emplace_back(column.name);
  }
  Matrices rows;
  for (TrainingMatrix& matrix : rows) matrix.columns = columns;
  return rows;
}

// The rows that one payment adds.
class PracticeCase {
 public:
  PracticeCase(const world::SeenFailure& seen, const FailedPayment& facts,
               std::uint64_t number, Matrices& rows)
      : seen_(seen), facts_(facts), number_(number), rows_(rows) {}

  void Add(Hazard hazard, int day, const DayChoice& choice, bool happened) {
    TrainingMatrix& matrix = rows_[static_cast<std::size_t>(hazard)];
    matrix.values.insert(matrix.values.end(), seen_.values.begin(),
                         seen_.values.end());
    matrix.values.resize(matrix.values.size() + kFailureColumns);
    WriteFailureColumns(facts_, day, choice,
                        absl::MakeSpan(matrix.values).last(kFailureColumns));
    matrix.labels.push_back(happened ? 1 : 0);
    matrix.groups.push_back(number_);
    matrix.times_s.push_back(absl::ToUnixSeconds(facts_.failed));
  }

 private:
  const world::SeenFailure& seen_;
  const FailedPayment& facts_;
  const std::uint64_t number_;
  Matrices& rows_;
};

void LiveAndNote(const world::FailureWorld& world,
                 const world::FailedPayment& failure,
                 const world::DunningPlan& plan, PracticeCase& rows) {
  const world::FailureLuck luck = world.LuckOf(failure);
  world::UnpaidState state = world.Begin(failure);
  int last_attempt = 0;
  for (int day = 1; day <= kUnpaidDays && state.is_open(); ++day) {
    const DayAction action = {
        .access = plan.AccessOn(day),
        .attempts = world::HasDay(plan.attempt_days, day),
        .messages = world::HasDay(plan.message_days, day)};
    const int attempts = state.attempts;
    world.Advance(failure, luck, action, state);
    const DayChoice choice =
        DayChoice::OfAccess(action.access, plan.IsMessaged(day));
    rows.Add(Hazard::kByUser, day, choice, state.end == RecoveryEnd::kByUser);
    if (state.attempts > attempts) {
      rows.Add(Hazard::kByRetry, day,
               DayChoice::OfAttempt(attempts, day - last_attempt),
               state.end == RecoveryEnd::kByRetry);
      last_attempt = day;
    }
    if (state.is_open() || state.end == RecoveryEnd::kCancelled) {
      rows.Add(Hazard::kCancels, day, choice,
               state.end == RecoveryEnd::kCancelled);
    }
  }
}

v1::Manifest PracticeManifest(const std::array<FittedModel, 3>& models) {
  v1::Manifest manifest;
  manifest.set_model("grace");
  for (const char* name : world::SeenColumns()) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(name);
    column.mutable_table()->set_type(v1::COLUMN_TYPE_NUMBER);
    column.mutable_table()->set_source(name);
  }
  AddFailureColumns(manifest);
  for (std::size_t k = 0; k < models.size(); ++k) {
    v1::ForestPart& part = *manifest.add_parts();
    part.set_name(kHazardNames[k]);
    *part.mutable_calibration() = models[k].calibration;
  }
  return manifest;
}

}  // namespace

absl::StatusOr<std::array<TrainingMatrix, 3>> PracticeRows(
    const world::FailureWorld& world, const CaseBook& book, std::uint64_t from,
    std::uint64_t to) {
  Matrices rows = EmptyRows();
  FailureCase known;
  for (std::uint64_t number = from; number < to; ++number) {
    const world::FailedPayment failure = world.Make(number);
    const world::SeenFailure seen = world.See(failure);
    TENUTO_RETURN_IF_ERROR(book.Fill(
        seen, absl::FromUnixSeconds(world.FailedEpochOf(failure)), known));
    const bool is_stopped = known.limits.attempt_days.none();
    const world::DunningPlan plan =
        world::PlanFor(world::DunningRules(), seen.store, is_stopped,
                       world::Draws(number, 0, 0, world::Purpose::kPractice));
    PracticeCase practice(seen, known.facts, number, rows);
    LiveAndNote(world, failure, plan, practice);
  }
  return rows;
}

absl::StatusOr<std::shared_ptr<const RecoveryModel>> LearnByPractice(
    const world::FailureWorld& world, const CaseBook& book,
    const PracticeOptions& options) {
  const auto failures = static_cast<std::uint64_t>(options.failures);
  TENUTO_ASSIGN_OR_RETURN(const Matrices train,
                          PracticeRows(world, book, 0, failures));
  TENUTO_ASSIGN_OR_RETURN(
      const Matrices calibrate,
      PracticeRows(world, book, failures, failures + failures / 4));
  const auto fit = [&](std::size_t k) {
    return FitModel(train[k], calibrate[k], PracticeForest(options.seed));
  };
  // The two large ones side by side, as far as threads are allowed.
  std::array<absl::StatusOr<FittedModel>, 3> fitted;
  const auto launch =
      options.threads > 1 ? std::launch::async : std::launch::deferred;
  std::future<absl::StatusOr<FittedModel>> by_user =
      std::async(launch, fit, static_cast<std::size_t>(Hazard::kByUser));
  fitted[static_cast<std::size_t>(Hazard::kCancels)] =
      fit(static_cast<std::size_t>(Hazard::kCancels));
  fitted[static_cast<std::size_t>(Hazard::kByRetry)] =
      fit(static_cast<std::size_t>(Hazard::kByRetry));
  fitted[static_cast<std::size_t>(Hazard::kByUser)] = by_user.get();

  std::array<FittedModel, 3> models;
  std::array<Forest, 3> forests;
  for (std::size_t k = 0; k < models.size(); ++k) {
    TENUTO_ASSIGN_OR_RETURN(models[k], std::move(fitted[k]));
    TENUTO_ASSIGN_OR_RETURN(
        forests[k],
        ReadForestJson(models[k].forest.model_json, train[k].width()));
  }
  return RecoveryModel::Create(PracticeManifest(models), forests,
                               Catalogue::Embedded());
}

}  // namespace tenuto
