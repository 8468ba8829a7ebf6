#include "training/simulation/practice.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>
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

  const FailedPayment& facts() const { return facts_; }
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

RecoveryEnd LiveAndNote(const world::FailureWorld& world,
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
      rows.Add(
          Hazard::kByRetry, day,
          DayChoice::OfAttempt(rows.facts(), day, attempts, day - last_attempt),
          state.end == RecoveryEnd::kByRetry);
      last_attempt = day;
    }
    if (state.is_open() || state.end == RecoveryEnd::kCancelled) {
      rows.Add(Hazard::kCancels, day, choice,
               state.end == RecoveryEnd::kCancelled);
    }
  }
  return state.end;
}

// z of the difference of two shares.
class Shares {
 public:
  void Add(bool treated, bool happened) {
    ++payments_[treated ? 1 : 0];
    if (happened) ++events_[treated ? 1 : 0];
  }
  double Z() const {
    if (payments_[0] == 0 || payments_[1] == 0) return 0;
    const double pooled =
        (events_[0] + events_[1]) / (payments_[0] + payments_[1]);
    const double variance =
        pooled * (1 - pooled) * (1 / payments_[0] + 1 / payments_[1]);
    if (!(variance > 0)) return 0;
    return (events_[1] / payments_[1] - events_[0] / payments_[0]) /
           std::sqrt(variance);
  }

 private:
  std::array<double, 2> payments_{}, events_{};
};

void EmptyColumn(absl::string_view name, TrainingMatrix& matrix) {
  const auto found =
      std::find(matrix.columns.begin(), matrix.columns.end(), name);
  const auto at = static_cast<std::size_t>(found - matrix.columns.begin());
  for (std::size_t k = at; k < matrix.values.size();
       k += matrix.columns.size()) {
    matrix.values[k] = std::numeric_limits<float>::quiet_NaN();
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

absl::StatusOr<Practice> PracticeOn(const world::FailureWorld& world,
                                    const CaseBook& book, std::uint64_t from,
                                    std::uint64_t to) {
  Practice practice{EmptyRows(), {}};
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
    PracticeCase its(seen, known.facts, number, practice.rows);
    practice.ends.push_back({.has_messages = plan.message_days != 0,
                             .full_days = plan.full_days,
                             .end = LiveAndNote(world, failure, plan, its)});
  }
  return practice;
}

void ForgetWhatHasNoEffect(absl::Span<const PracticeEnd> ends,
                           std::array<TrainingMatrix, 3>& rows) {
  constexpr double kEnoughZ = 3;
  constexpr int kShort = 3, kLong = 14;  // Days of full access.
  for (const auto& [hazard, end] :
       {std::pair(Hazard::kByUser, RecoveryEnd::kByUser),
        std::pair(Hazard::kCancels, RecoveryEnd::kCancelled)}) {
    Shares messages, access;
    for (const PracticeEnd& one : ends) {
      messages.Add(one.has_messages, one.end == end);
      if (one.full_days <= kShort || one.full_days >= kLong) {
        access.Add(one.full_days >= kLong, one.end == end);
      }
    }
    TrainingMatrix& matrix = rows[static_cast<std::size_t>(hazard)];
    if (std::abs(messages.Z()) < kEnoughZ) EmptyColumn("day_messaged", matrix);
    if (std::abs(access.Z()) < kEnoughZ) EmptyColumn("day_access", matrix);
  }
}

absl::StatusOr<std::shared_ptr<const RecoveryModel>> LearnByPractice(
    const world::FailureWorld& world, const CaseBook& book,
    const PracticeOptions& options) {
  const auto failures = static_cast<std::uint64_t>(options.failures);
  TENUTO_ASSIGN_OR_RETURN(Practice learned,
                          PracticeOn(world, book, 0, failures));
  TENUTO_ASSIGN_OR_RETURN(Practice later, PracticeOn(world, book, failures,
                                                     failures + failures / 4));
  ForgetWhatHasNoEffect(learned.ends, learned.rows);
  ForgetWhatHasNoEffect(learned.ends, later.rows);
  const Matrices& train = learned.rows;
  const Matrices& calibrate = later.rows;
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
