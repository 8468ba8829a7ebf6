#include "training/grace/survival_measures.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

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
                               absl::Span<const Survival> forecasts,
                               std::uint64_t seed, int bins) {
  DCalibration result;
  result.counts.resize(static_cast<std::size_t>(bins));
  SplitMix64 random(seed);
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const auto day = static_cast<std::size_t>(outcomes[k].day);
    const double open = Clamp01(forecasts[k][day]);
    if (outcomes[k].happened) {
      const double before = Clamp01(forecasts[k][day - 1]);
      const double at = open + (before - open) * 0x1.0p-53 *
                                   static_cast<double>(random.Next() >> 11);
      const int bin = std::min(bins - 1, static_cast<int>(at * bins));
      result.counts[static_cast<std::size_t>(bin)] += 1;
      continue;
    }
    for (int bin = 0; bin < bins; ++bin) {
      const double part = Clamp01(open * bins - bin);
      result.counts[static_cast<std::size_t>(bin)] +=
          open > 0 ? part / (open * bins) : (bin == 0 ? 1 : 0);
    }
  }
  const double expected = static_cast<double>(outcomes.size()) / bins;
  for (const double count : result.counts) {
    result.chi_square += (count - expected) * (count - expected) / expected;
  }
  result.p = ChiSquareTail(result.chi_square, bins - 1);
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
