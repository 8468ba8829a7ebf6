#include "model/grace/recovery_band.h"

#include <algorithm>
#include <cstddef>

namespace tenuto {
namespace {

float Shifted(float chance, double factor) {
  const double odds = factor * static_cast<double>(chance);
  return static_cast<float>(odds / (odds + 1 - static_cast<double>(chance)));
}

}  // namespace

std::array<double, kUnpaidDays + 1> RecoveredBy(const RecoveryCurve& curve) {
  std::array<double, kUnpaidDays + 1> recovered{};
  double sum = 0;
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    sum += curve[day].by_user + curve[day].by_retry;
    recovered[day] = sum;
  }
  return recovered;
}

RecoveryBand BandOf(const HazardTable& low, const HazardTable& high,
                    const DayActions& actions, const UnpaidPast& past) {
  RecoveryBand band{RecoveredBy(Follow(low, actions, past)),
                    RecoveredBy(Follow(high, actions, past))};
  for (std::size_t day = 0; day <= kUnpaidDays; ++day) {
    if (band.low[day] > band.high[day]) {
      std::swap(band.low[day], band.high[day]);
    }
  }
  return band;
}

HazardTable ShiftOdds(const HazardTable& hazards, double pays_factor,
                      double cancels_factor) {
  HazardTable shifted = hazards;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    for (int a = 0; a < 3; ++a) {
      const auto access = static_cast<Access>(a);
      for (const bool messaged : {false, true}) {
        float& pays = shifted.by_user(day, access, messaged);
        pays = Shifted(pays, pays_factor);
        float& cancels = shifted.cancels(day, access, messaged);
        cancels = Shifted(cancels, cancels_factor);
      }
    }
    for (int count = 0; count < HazardTable::kCounts; ++count) {
      for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
        float& hit = shifted.by_retry(day, count, gap);
        hit = Shifted(hit, pays_factor);
      }
    }
  }
  return shifted;
}

}  // namespace tenuto
