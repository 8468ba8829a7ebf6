// Ends of failed payments by day: counted as observed, some only for a while;
// or expected, as a curve of chances says. Both become shares by day.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_EVENT_COUNTS_H_
#define TENUTO_TRAINING_SIMULATION_EVENT_COUNTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "model/grace/recovery_curve.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

// Ended by each day, a share or a sum over payments.
struct Incidence {
  std::array<double, kUnpaidDays + 1> by_user{}, by_retry{}, cancelled{};

  void Add(const RecoveryCurve& curve);
  void Add(const Incidence& more);
};
double RecoveredBy(const Incidence& incidence, int day);
double PaidBy(const Incidence& incidence, int day);
double RetriedBy(const Incidence& incidence, int day);
double CancelledBy(const Incidence& incidence, int day);

class EventCounts {
 public:
  // Ended on `day`, or was watched to its end and is open.
  void Add(int day, RecoveryEnd end) {
    ++counts_[static_cast<std::size_t>(day)][static_cast<std::size_t>(end)];
  }
  void Add(const EventCounts& more);
  double payments() const;
  int count(int day, RecoveryEnd end) const {
    return counts_[static_cast<std::size_t>(day)]
                  [static_cast<std::size_t>(end)];
  }

 private:
  std::array<std::array<std::int32_t, 4>, kUnpaidDays + 1> counts_{};
};

// Cumulative incidence (Aalen & Johansen 1978); flat where nobody is watched.
Incidence IncidenceOf(const EventCounts& counts);

// Draws how one payment ends, by a uniform number.
class EventDraw {
 public:
  explicit EventDraw(const RecoveryCurve& curve);
  // Day and end; day kUnpaidDays and kOpen where it does not end.
  std::pair<int, RecoveryEnd> At(double unit) const;

 private:
  static constexpr std::size_t kEnds = 3;
  std::array<double, kEnds * kUnpaidDays> sums_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_EVENT_COUNTS_H_
