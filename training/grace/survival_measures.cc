#include "training/grace/survival_measures.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "training/split_mix.h"

namespace tenuto {
namespace {

constexpr double kPi = 3.14159265358979323846;

struct DayCounts {
  std::vector<double> events, ends;  // On each day.
};

DayCounts CountDays(absl::Span<const SurvivalOutcome> outcomes, int days) {
  const auto size = static_cast<std::size_t>(days) + 1;
  DayCounts counts = {std::vector<double>(size), std::vector<double>(size)};
  for (const SurvivalOutcome& outcome : outcomes) {
    if (outcome.day > days) continue;
    (outcome.happened ? counts.events
                      : counts.ends)[static_cast<std::size_t>(outcome.day)] +=
        1;
  }
  return counts;
}

// Upper incomplete gamma function by its share of the whole, Q(a, x): the
// series of P below a + 1, else Lentz' continued fraction (Abramowitz & Stegun
// 6.5.29, 6.5.31).
double GammaTail(double a, double x) {
  if (x <= 0) return 1;
  const double scale = std::exp(a * std::log(x) - x - std::lgamma(a));
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (double n = a + 1; term > sum * 1e-16; n += 1) sum += term *= x / n;
    return 1 - scale * sum;
  }
  double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;
  for (int i = 1; i < 1000; ++i) {
    const double step = -i * (i - a);
    b += 2;
    d = 1 / (step * d + b);
    c = b + step / c;
    fraction *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return scale * fraction;
}

double Clamp01(double x) { return std::clamp(x, 0.0, 1.0); }

// One payment's part of each bin: of where its survival at the event may be.
std::vector<double> SpreadOver(double low, double high, int bins) {
  std::vector<double> parts(static_cast<std::size_t>(bins));
  const double width = (high - low) * bins;
  if (width < 1e-9) {
    parts[static_cast<std::size_t>(
        std::min(bins - 1, static_cast<int>(high * bins)))] = 1;
    return parts;
  }
  for (int bin = 0; bin < bins; ++bin) {
    parts[static_cast<std::size_t>(bin)] =
        (Clamp01(high * bins - bin) - Clamp01(low * bins - bin)) / width;
  }
  return parts;
}

double Uniform(SplitMix64& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

// A symmetric matrix of a few rows.
using Covariance = std::vector<std::vector<double>>;

// difference' covariance^-1 difference, over the directions in which the
// covariance is not below `least`: Cholesky's steps, largest rest first.
ChiSquareTest WeighBy(Covariance covariance, std::vector<double> difference,
                      double least) {
  ChiSquareTest result;
  std::vector<bool> done(difference.size());
  for (std::size_t step = 0; step < difference.size(); ++step) {
    std::size_t best = difference.size();
    for (std::size_t k = 0; k < difference.size(); ++k) {
      if (!done[k] && (best == difference.size() ||
                       covariance[k][k] > covariance[best][best])) {
        best = k;
      }
    }
    const double rest = covariance[best][best];
    if (!(rest >= least)) break;
    done[best] = true;
    ++result.degrees;
    result.chi_square += difference[best] * difference[best] / rest;
    const std::vector<double> row = covariance[best];
    const double moved = difference[best] / rest;
    for (std::size_t k = 0; k < difference.size(); ++k) {
      if (done[k]) continue;
      difference[k] -= row[k] * moved;
      for (std::size_t j = 0; j < difference.size(); ++j) {
        covariance[k][j] -= row[k] * row[j] / rest;
      }
    }
  }
  return result;
}

}  // namespace

Survival KaplanMeier(absl::Span<const SurvivalOutcome> outcomes, int days) {
  const DayCounts counts = CountDays(outcomes, days);
  Survival survival = {1};
  auto at_risk = static_cast<double>(outcomes.size());
  for (std::size_t t = 1; t < counts.events.size(); ++t) {
    const double hazard = at_risk > 0 ? counts.events[t] / at_risk : 0;
    survival.push_back(survival.back() * (1 - hazard));
    at_risk -= counts.events[t] + counts.ends[t];
  }
  return survival;
}

Survival CensoringSurvival(absl::Span<const SurvivalOutcome> outcomes,
                           int days) {
  const DayCounts counts = CountDays(outcomes, days);
  Survival survival = {1};
  auto at_risk = static_cast<double>(outcomes.size());
  for (std::size_t t = 1; t < counts.events.size(); ++t) {
    at_risk -= counts.events[t];
    const double hazard = at_risk > 0 ? counts.ends[t] / at_risk : 0;
    survival.push_back(survival.back() * (1 - hazard));
    at_risk -= counts.ends[t];
  }
  return survival;
}

double IntegratedBrier(absl::Span<const SurvivalOutcome> outcomes,
                       absl::Span<const Survival> forecasts,
                       const Survival& observed, int days) {
  double sum = 0;
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const SurvivalOutcome& outcome = outcomes[k];
    for (int day = 1; day <= days; ++day) {
      const auto t = static_cast<std::size_t>(day);
      const double open = forecasts[k][t];
      if (outcome.happened && outcome.day <= day) {
        // Seen, because the observation reached the day of the event.
        sum +=
            open * open / observed[static_cast<std::size_t>(outcome.day) - 1];
      } else if (outcome.day >= day) {
        sum += (1 - open) * (1 - open) / observed[t - 1];
      }
    }
  }
  return sum / static_cast<double>(outcomes.size()) / days;
}

DCalibration CheckDCalibration(absl::Span<const SurvivalOutcome> outcomes,
                               absl::Span<const Survival> forecasts, int bins) {
  constexpr double kPaymentsMin = 5;
  const auto size = static_cast<std::size_t>(bins);
  DCalibration result;
  result.counts.resize(size);
  std::vector<double> drawn(size);
  SplitMix64 random(1);
  Covariance covariance(size, std::vector<double>(size));
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const auto day = static_cast<std::size_t>(outcomes[k].day);
    const double open = Clamp01(forecasts[k][day]);
    const double before =
        outcomes[k].happened ? Clamp01(forecasts[k][day - 1]) : open;
    const double at = open + (before - open) * Uniform(random);
    const std::vector<double> parts =
        SpreadOver(outcomes[k].happened ? open : 0, before, bins);
    const std::vector<double> placed =
        outcomes[k].happened ? SpreadOver(at, at, bins) : parts;
    for (std::size_t i = 0; i < size; ++i) {
      result.counts[i] += parts[i];
      drawn[i] += placed[i];
      for (std::size_t j = 0; j < size; ++j) {
        covariance[i][j] += (parts[i] - 1.0 / bins) * (parts[j] - 1.0 / bins);
      }
    }
  }
  const double expected = static_cast<double>(outcomes.size()) / bins;
  std::vector<double> differences;
  for (std::size_t i = 0; i < size; ++i) {
    differences.push_back(result.counts[i] - expected);
    result.published.chi_square +=
        (drawn[i] - expected) * (drawn[i] - expected) / expected;
  }
  result.published.degrees = bins - 1;
  result.published.p =
      ChiSquareTail(result.published.chi_square, result.published.degrees);
  result.strict =
      WeighBy(std::move(covariance), std::move(differences), kPaymentsMin);
  if (result.strict.degrees > 0) {
    result.strict.p =
        ChiSquareTail(result.strict.chi_square, result.strict.degrees);
  }
  return result;
}

double ChiSquareTail(double x, int degrees) {
  return GammaTail(degrees / 2.0, x / 2);
}

GroupedCalibration CheckGroups(std::vector<ExpectedEvents> all, int groups) {
  std::stable_sort(all.begin(), all.end(),
                   [](const ExpectedEvents& a, const ExpectedEvents& b) {
                     return a.forecast < b.forecast;
                   });
  GroupedCalibration result;
  const auto many = static_cast<std::size_t>(groups);
  for (std::size_t g = 0; g < many; ++g) {
    double difference = 0, variance = 0;
    for (std::size_t k = g * all.size() / many; k < (g + 1) * all.size() / many;
         ++k) {
      difference += all[k].came - all[k].expected;
      variance += all[k].variance;
    }
    result.error += std::abs(difference) / static_cast<double>(all.size());
    result.by_chance +=
        std::sqrt(2 * variance / kPi) / static_cast<double>(all.size());
  }
  return result;
}

}  // namespace tenuto
