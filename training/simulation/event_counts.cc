#include "training/simulation/event_counts.h"

#include <algorithm>

namespace tenuto {
namespace {

constexpr RecoveryEnd kOrder[] = {RecoveryEnd::kByUser, RecoveryEnd::kByRetry,
                                  RecoveryEnd::kCancelled};

}  // namespace

void Incidence::Add(const RecoveryCurve& curve) {
  double user = 0, retry = 0, left = 0;
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    by_user[day] += user += curve[day].by_user;
    by_retry[day] += retry += curve[day].by_retry;
    cancelled[day] += left += curve[day].cancelled;
  }
}

void Incidence::Add(const Incidence& more) {
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    by_user[day] += more.by_user[day];
    by_retry[day] += more.by_retry[day];
    cancelled[day] += more.cancelled[day];
  }
}

double RecoveredBy(const Incidence& incidence, int day) {
  return PaidBy(incidence, day) + RetriedBy(incidence, day);
}
double PaidBy(const Incidence& incidence, int day) {
  return incidence.by_user[static_cast<std::size_t>(day)];
}
double RetriedBy(const Incidence& incidence, int day) {
  return incidence.by_retry[static_cast<std::size_t>(day)];
}
double CancelledBy(const Incidence& incidence, int day) {
  return incidence.cancelled[static_cast<std::size_t>(day)];
}

void EventCounts::Add(const EventCounts& more) {
  for (std::size_t day = 0; day < counts_.size(); ++day) {
    for (std::size_t end = 0; end < counts_[day].size(); ++end) {
      counts_[day][end] += more.counts_[day][end];
    }
  }
}

double EventCounts::payments() const {
  double sum = 0;
  for (const auto& day : counts_) {
    for (const std::int32_t count : day) sum += count;
  }
  return sum;
}

Incidence IncidenceOf(const EventCounts& counts) {
  Incidence incidence;
  double at_risk = counts.payments();
  double open = 1;
  double user = 0, retry = 0, left = 0;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const double each = at_risk > 0 ? open / at_risk : 0;
    const int by_user = counts.count(day, RecoveryEnd::kByUser);
    const int by_retry = counts.count(day, RecoveryEnd::kByRetry);
    const int cancelled = counts.count(day, RecoveryEnd::kCancelled);
    user += each * by_user;
    retry += each * by_retry;
    left += each * cancelled;
    open -= each * (by_user + by_retry + cancelled);
    at_risk -=
        by_user + by_retry + cancelled + counts.count(day, RecoveryEnd::kOpen);
    const auto at = static_cast<std::size_t>(day);
    incidence.by_user[at] = user;
    incidence.by_retry[at] = retry;
    incidence.cancelled[at] = left;
  }
  return incidence;
}

EventDraw::EventDraw(const RecoveryCurve& curve) {
  double sum = 0;
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    const std::size_t at = kEnds * (day - 1);
    sums_[at] = sum += curve[day].by_user;
    sums_[at + 1] = sum += curve[day].by_retry;
    sums_[at + 2] = sum += curve[day].cancelled;
  }
}

std::pair<int, RecoveryEnd> EventDraw::At(double unit) const {
  const auto found = std::upper_bound(sums_.begin(), sums_.end(), unit);
  if (found == sums_.end()) return {kUnpaidDays, RecoveryEnd::kOpen};
  const auto at = static_cast<std::size_t>(found - sums_.begin());
  return {static_cast<int>(at / kEnds) + 1, kOrder[at % kEnds]};
}

}  // namespace tenuto
