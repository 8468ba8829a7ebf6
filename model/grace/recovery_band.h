// How sure a recovery curve is: the same plan followed under the gloomiest and
// the rosiest chances that a model still believes, day by day. A model that
// knows an interval for each chance gives two tables; one that knows only how
// far its calibration may be off shifts its table by odds.
// Thread-safe.
#ifndef TENUTO_MODEL_GRACE_RECOVERY_BAND_H_
#define TENUTO_MODEL_GRACE_RECOVERY_BAND_H_

#include <array>

#include "model/grace/recovery_curve.h"

namespace tenuto {

// P(recovered by the end of a day), from the day of planning on.
struct RecoveryBand {
  std::array<double, kUnpaidDays + 1> low{};
  std::array<double, kUnpaidDays + 1> high{};
};

// Recovered by each day, by the subscriber or an attempt.
std::array<double, kUnpaidDays + 1> RecoveredBy(const RecoveryCurve& curve);

// `low`: payments least likely and cancelling most; `high` the other way. Given
// in the wrong order they are put right, day by day.
RecoveryBand BandOf(const HazardTable& low, const HazardTable& high,
                    const DayActions& actions, const UnpaidPast& past);

// Multiplies the odds of every payment and of every cancelling.
HazardTable ShiftOdds(const HazardTable& hazards, double pays_factor,
                      double cancels_factor);

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_RECOVERY_BAND_H_
