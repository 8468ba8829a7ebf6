// A subscription that lives day by day and moves one phase at a time, without a
// stored deadline: the reference for features/subscription_state.
// Value type; not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_NAIVE_SUBSCRIPTION_H_
#define TENUTO_TESTS_SUPPORT_NAIVE_SUBSCRIPTION_H_

#include <array>

#include "features/subscription_state.h"

namespace tenuto::testing {

struct NaiveTerms {
  int silent = 0;
  int grace = 0;
  int hold = 0;
  Access access = Access::kFull;
};

struct NaiveEvent {
  SubscriptionEventKind kind;
  int until = 0;
  NaiveTerms terms;
};

class NaiveSubscription {
 public:
  // Lives through the days up to `day`, then takes the event.
  void Live(int day, const NaiveEvent& event);

  SubscriptionPhase phase() const { return phase_; }
  Access access() const;
  int paid_through() const { return paid_; }
  // Since the last call of Live: phases entered, and on which days.
  int entered() const { return entered_; }
  SubscriptionPhase entered_phase(int i) const {
    return phases_[static_cast<std::size_t>(i)];
  }
  int entered_day(int i) const { return days_[static_cast<std::size_t>(i)]; }

 private:
  static constexpr int kNever = -1'000'000;

  bool owes() const { return owed_since_ != kNever; }
  int GraceDays() const;
  void Go(SubscriptionPhase phase);
  bool MoveOn();
  void Take(const NaiveEvent& event);
  void TakeMoney(const NaiveEvent& event);
  void TakeTerms(const NaiveTerms& terms);
  void LeavePause();
  void ReopenGrace();

  SubscriptionPhase phase_ = SubscriptionPhase::kExpired;
  NaiveTerms terms_;
  int today_ = kNever;
  int paid_ = kNever;
  int owed_since_ = kNever;
  int hold_began_ = 0;
  int pause_began_ = 0;
  int pause_until_ = 0;
  bool charged_back_ = false;
  int entered_ = 0;
  std::array<SubscriptionPhase, 16> phases_;
  std::array<int, 16> days_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_NAIVE_SUBSCRIPTION_H_
