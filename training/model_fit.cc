#include "training/model_fit.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "features/base/status_macros.h"
#include "model/calibrator.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr int kFolds = 5;
constexpr int kManyRows = 50'000;

int FoldOf(std::uint64_t group, std::uint64_t seed) {
  return static_cast<int>(XXH3_64bits_withSeed(&group, sizeof group, seed) %
                          kFolds);
}

// Rows of a fold and all others: the same for every depth.
struct Fold {
  TrainingMatrix learn, validate;
};

// One fit of the cross-validation.
struct Trial {
  int depth = 0;
  std::size_t fold = 0;
  absl::StatusOr<TrainedForest> forest = absl::UnknownError("not run");
};

// The first `count` that hold rows: with few groups some are empty, and the
// loss of no rows is no number.
std::vector<Fold> MakeFolds(const TrainingMatrix& train, std::size_t count,
                            std::uint64_t seed) {
  std::vector<Fold> folds;
  for (int fold = 0; fold < kFolds && folds.size() < count; ++fold) {
    std::vector<int> learn, validate;
    for (int r = 0; r < train.rows(); ++r) {
      const std::uint64_t group = train.groups[static_cast<std::size_t>(r)];
      (FoldOf(group, seed) == fold ? validate : learn).push_back(r);
    }
    if (validate.empty() && train.rows() > 0) continue;
    folds.push_back({train.Select(learn), train.Select(validate)});
  }
  return folds;
}

void RunAll(absl::Span<const Fold> folds, const ForestOptions& base,
            int threads, std::vector<Trial>& trials) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t k = next++; k < trials.size(); k = next++) {
      Trial& trial = trials[k];
      const Fold& fold = folds[trial.fold];
      ForestOptions options = base;
      options.depth = trial.depth;
      trial.forest = TrainForest(fold.learn, &fold.validate, options);
    }
  };
  std::vector<std::thread> helpers;
  for (int k = 1; k < threads; ++k) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
}

// The round with the lowest loss averaged over the folds of one depth. A fold
// that stopped early stands at its last loss.
DepthTrial BestRound(int depth, absl::Span<const Trial> trials) {
  DepthTrial best{depth, 1, std::numeric_limits<double>::infinity()};
  std::size_t rounds = 0;
  for (const Trial& trial : trials) {
    if (trial.depth != depth) continue;
    rounds = std::max(rounds, trial.forest->loss_by_round.size());
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    double sum = 0;
    int folds = 0;
    for (const Trial& trial : trials) {
      if (trial.depth != depth) continue;
      const auto& losses = trial.forest->loss_by_round;
      sum += losses[std::min(round, losses.size() - 1)];
      ++folds;
    }
    if (sum / folds < best.log_loss) {
      best.rounds = static_cast<int>(round) + 1;
      best.log_loss = sum / folds;
    }
  }
  return best;
}

}  // namespace

absl::StatusOr<ForestChoice> ChooseForest(const TrainingMatrix& train,
                                          const ForestOptions& options,
                                          int threads,
                                          absl::Span<const int> depths) {
  const std::vector<Fold> folds =
      MakeFolds(train, train.rows() < kManyRows ? kFolds : 1, options.seed);
  std::vector<Trial> trials;
  for (const int depth : depths) {
    for (std::size_t fold = 0; fold < folds.size(); ++fold) {
      trials.push_back({depth, fold, absl::UnknownError("not run")});
    }
  }
  RunAll(folds, options, threads, trials);
  ForestChoice choice;
  for (const Trial& trial : trials) {
    TENUTO_RETURN_IF_ERROR(trial.forest.status());
    choice.seconds += trial.forest->seconds;
  }
  choice.options = options;
  double best = std::numeric_limits<double>::infinity();
  for (const int depth : depths) {
    choice.trials.push_back(BestRound(depth, trials));
    if (choice.trials.back().log_loss >= best) continue;
    best = choice.trials.back().log_loss;
    choice.options.depth = depth;
    choice.options.rounds = choice.trials.back().rounds;
  }
  return choice;
}

absl::StatusOr<FittedModel> FitModel(const TrainingMatrix& train,
                                     const TrainingMatrix& calibrate,
                                     const ForestOptions& options) {
  FittedModel model;
  TENUTO_ASSIGN_OR_RETURN(model.forest, TrainForest(train, nullptr, options));
  TENUTO_ASSIGN_OR_RETURN(const std::vector<float> margins,
                          PredictMargins(model.forest.model_json, calibrate));
  model.calibration = Calibrator::Fit(margins, calibrate.labels);
  return model;
}

absl::StatusOr<std::vector<double>> PredictProbabilities(
    const FittedModel& model, const TrainingMatrix& rows) {
  TENUTO_ASSIGN_OR_RETURN(const Calibrator calibrator,
                          Calibrator::Create(model.calibration));
  TENUTO_ASSIGN_OR_RETURN(const std::vector<float> margins,
                          PredictMargins(model.forest.model_json, rows));
  std::vector<double> probabilities;
  probabilities.reserve(margins.size());
  for (const float margin : margins) {
    probabilities.push_back(calibrator.Probability(margin));
  }
  return probabilities;
}

}  // namespace tenuto
