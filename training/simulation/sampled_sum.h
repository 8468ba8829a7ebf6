// A sum over failed payments and what its 95 % interval follows from: how much
// payments differ, and how alike those of one subscriber are. Who fails once
// often fails again, in the same way: taken as independent, payments would seem
// to say more than they do.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_SAMPLED_SUM_H_
#define TENUTO_TRAINING_SIMULATION_SAMPLED_SUM_H_

#include "training/evaluator.h"

namespace tenuto {

struct SampleSize {
  double payments = 0;
  double pairs = 0;  // Of two payments of the same subscriber.
  // Those with a payment. Of a few an interval claims too much: 80 % hold with
  // 3, 88 % with 5, 92 % with 10, 94 % with 30.
  double subscribers = 0;
};

struct SampledSum {
  double total = 0;
  double squares = 0;
  double pair_products = 0;  // Of the two of a pair, and
  double pair_totals = 0;    // their sum.

  // What a payment gives. Where that is only expected, `variance` is how far
  // what happens may be from it.
  void Add(double value, double variance = 0) {
    total += value;
    squares += value * value + variance;
  }
  // The values of two payments of one subscriber, each of which was added.
  void AddPair(double one, double other) {
    pair_products += one * other;
    pair_totals += one + other;
  }
  void Add(const SampledSum& more) {
    total += more.total;
    squares += more.squares;
    pair_products += more.pair_products;
    pair_totals += more.pair_totals;
  }
};

// Of the total: subscribers are independent, their payments need not be
// (clustered variance of a ratio; Cochran 1977, section 9A). 0 of fewer than
// two subscribers, who tell nothing.
double VarianceOf(const SampledSum& sum, const SampleSize& size);

// With the 95 % interval of that variance (normal approximation).
Estimate TotalOf(const SampledSum& sum, const SampleSize& size);
Estimate WithVariance(double total, double variance);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_SAMPLED_SUM_H_
