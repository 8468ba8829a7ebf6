// How good forecasts of a time are when not every time is seen to its end. Days
// are whole; an outcome is an event on a day, or open at the end of one.
// Thread-safe.
#ifndef TENUTO_TRAINING_GRACE_SURVIVAL_MEASURES_H_
#define TENUTO_TRAINING_GRACE_SURVIVAL_MEASURES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tenuto {

struct SurvivalOutcome {
  int day = 1;            // From 1.
  bool happened = false;  // On this day; else still open at its end.
};

// P(still open at the end of day t), for t = 0 to the number of days.
using Survival = std::vector<double>;

// The product-limit estimate (Kaplan & Meier 1958), up to `days`. Within a day
// events come before ends of observation.
Survival KaplanMeier(absl::Span<const SurvivalOutcome> outcomes, int days);

// The same of the ends of observation: P(observed beyond the end of day t).
Survival CensoringSurvival(absl::Span<const SurvivalOutcome> outcomes,
                           int days);

// Mean over days 1 to `days` of the Brier score of "still open", with the
// inverse probability of being observed as weights (Graf et al. 1999).
// `forecasts` has one of at least `days` days for each outcome; `observed` is
// CensoringSurvival of the same outcomes, above 0 before the last day.
double IntegratedBrier(absl::Span<const SurvivalOutcome> outcomes,
                       absl::Span<const Survival> forecasts,
                       const Survival& observed, int days);

// Pearson's chi-square of equally wide bins, and how likely more of it is.
struct ChiSquareTest {
  double chi_square = 0;
  int degrees = 0;
  double p = 1;
};
struct DCalibration {
  std::vector<double> counts;  // Equally wide bins of the survival at the end.
  ChiSquareTest published;
  ChiSquareTest strict;
};
// Whether survival at the event is uniform, as it is under true forecasts. All
// that is known of it is a stretch: on an event's day it falls from one value
// to the next, and of one still open it is below the value at the end.
// `published` (Haider et al. 2020): an event counts for one bin, its moment
// within its day drawn (always the same draws), one still open in parts for all
// bins of its stretch. Such parts vary less than whole counts, so that it
// refuses true forecasts hardly ever, and slightly false ones seldom.
// `strict`: events count in parts as well (`counts`), and the differences are
// weighed by the covariance they really have (Akritas 1988), which makes its p
// uniform under true forecasts. Differences that fewer than five payments could
// make are left out.
DCalibration CheckDCalibration(absl::Span<const SurvivalOutcome> outcomes,
                               absl::Span<const Survival> forecasts,
                               int bins = 10);

// P(chi-square with so many degrees of freedom > x).
double ChiSquareTail(double x, int degrees);

// What was expected of each and what came, in groups of like forecasts: events
// against the hazards summed while at risk, which censoring leaves equal in the
// mean (Gronnesby & Borgan 1996).
struct GroupedCalibration {
  double error = 0;      // Mean over all of |came - expected| of their group.
  double by_chance = 0;  // What it would be of true forecasts.
};
struct ExpectedEvents {
  double forecast = 0;  // Orders the groups.
  double expected = 0;
  double variance = 0;
  double came = 0;
};
GroupedCalibration CheckGroups(std::vector<ExpectedEvents> all, int groups);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_GRACE_SURVIVAL_MEASURES_H_
