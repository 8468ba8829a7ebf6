// How well a recovery model foretold failures that came after all it learned
// from, through the very tables that a server plans with.
// Thread-safe.
#ifndef TENUTO_TRAINING_GRACE_GRACE_EVALUATION_H_
#define TENUTO_TRAINING_GRACE_GRACE_EVALUATION_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/grace/recovery_model.h"
#include "training/grace/grace_rows.h"
#include "training/grace/survival_measures.h"

namespace tenuto {

inline constexpr std::array<int, 6> kCalibrationDays = {1, 3, 7, 14, 28, 60};
// The last days of stretches that hazards are looked at by.
inline constexpr std::array<int, 5> kStretchEnds = {3, 7, 14, 28, 60};

struct GraceEvaluation {
  std::int64_t failures = 0;
  // Of the time to recovery, whoever brings it; leaving, the company's end and
  // the log's end are ends of observation.
  double ibs = 0;
  double ibs_kaplan_meier = 0;  // One curve for all, of what was learned from.
  int ibs_days = 0;             // As far as a tenth is observed.
  DCalibration d_calibration;
  // The same of Kaplan-Meier's curve, which has no columns to get wrong: what
  // remains is how few were learned from, and what changed since.
  DCalibration d_calibration_kaplan_meier;
  // Of recovery by each of kCalibrationDays, under the actions really taken.
  struct Day {
    int day = 0;
    double expected = 0;  // Means.
    double came = 0;
    GroupedCalibration groups;  // Tenths by forecast.
  };
  std::vector<Day> days;
  // What of it is wrong, if anything: each hazard, by stretches of days, on the
  // days that were lived.
  struct Stretch {
    Hazard hazard = Hazard::kByUser;
    int first = 0, last = 0;  // Days.
    std::int64_t at_risk = 0;
    double expected = 0;
    double came = 0;
    double deviation = 0;  // Of `came`, if the forecasts are true.
  };
  std::vector<Stretch> stretches;
  struct Segment {
    v1::DeclineClass decline_class = v1::DECLINE_CLASS_UNSPECIFIED;
    std::int64_t failures = 0;
    double expected = 0;  // Recoveries by day kUnpaidDays.
    double came = 0;
    double deviation = 0;  // Of `came`, if the forecasts are true.
  };
  std::vector<Segment> segments;
};

// On which days the open payments of a class usually see an attempt or a
// message of ours: half of them or more. Stands for a plan where none is known.
using UsualByClass = std::array<UsualDays, v1::DeclineClass_ARRAYSIZE>;
UsualByClass FindUsualDays(absl::Span<const GraceFailure> failures);

// `learned` are the failures that model and Kaplan-Meier learned from.
absl::StatusOr<GraceEvaluation> EvaluateGrace(
    const RecoveryModel& model, absl::Span<const GraceFailure> learned,
    absl::Span<const GraceFailure> test);

std::string FormatGraceEvaluation(const GraceEvaluation& evaluation);
// The object "test" of the summary.
std::string GraceEvaluationJson(const GraceEvaluation& evaluation);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_GRACE_GRACE_EVALUATION_H_
