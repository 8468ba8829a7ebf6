// How far what a simulation said of payments was from what came of them, value
// by value: what a backtest finds and a report prints beside its claims.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_FIDELITY_H_
#define TENUTO_TRAINING_SIMULATION_FIDELITY_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/types/span.h"
#include "training/grace/survival_measures.h"
#include "training/simulation/logged_plans.h"
#include "training/simulation/sampled_sum.h"
#include "training/simulation/trial.h"

namespace tenuto {

// A share or a mean of failed payments. The observed one allows for those that
// nobody could watch to the end.
struct Compared {
  double simulated = 0;
  double observed = 0;
  // 95 % interval of simulated - observed, from how much chance moves it with
  // so many payments.
  double low = 0;
  double high = 0;
  double difference() const { return simulated - observed; }
};

// A payment, from its failure to the last day that is compared; one recovered
// is worth what the day is worth to the planner, and is not followed further.
struct ComparedOutcomes {
  Compared net_minor, free_days, attempts, messages;
};

// What was expected of a payment, and that put right by what was observed.
struct ComparedPayment {
  TrialOutcome expected, observed;
};

class OutcomeGaps {
 public:
  // `is_first`: of its subscriber.
  void Add(const ComparedPayment& payment, bool is_first);
  // Of two payments of one subscriber that were added.
  void AddPair(const ComparedPayment& one, const ComparedPayment& other);
  void Add(const OutcomeGaps& more);
  // Intervals by how much gaps differ between subscribers, or by how much they
  // should by the chances of the model, were all watched to the end, if that is
  // more: a few that all end alike differ in nothing (normal approximation).
  ComparedOutcomes Means() const;
  const SampleSize& size() const { return size_; }

 private:
  struct Sums {
    double expected = 0, variance = 0;
    SampledSum gap;
  };
  Compared MeanOf(const Sums& sums) const;

  SampleSize size_;
  std::array<Sums, 4> sums_{};  // In the order of ComparedOutcomes.
};

// How long payments were watched.
struct Watching {
  Survival watched;  // CensoringSurvival() of them.
  int days = 0;      // At least a tenth was watched so long.
  // 1 / P(watched on that day) for days 1 to `days`, 0 later: with these
  // PutRight() gives what came of payments that were not all watched to the end
  // (augmented by what the model expects; Robins, Rotnitzky & Zhao 1994). True
  // where how long one is watched says nothing of what becomes of it.
  AgreementWeights weights{};

  static Watching Of(absl::Span<const SurvivalOutcome> outcomes);
};

// A claim of a simulation for people, scaled as it is shown.
struct FidelityClaim {
  std::string whose;  // "decline class soft, 43 payments"; of all: "".
  std::string what;   // "recovered by day 28, %"
  Compared value;
  int digits = 2;  // After the point.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_FIDELITY_H_
