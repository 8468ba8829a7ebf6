// Lives of subscribers of whom we know nothing but their payments, many of
// which fail: small logs for tests of what comes after a failure.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_FAILURE_LIVES_H_
#define TENUTO_TESTS_SUPPORT_FAILURE_LIVES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/event_gate.h"
#include "features/ledger.h"
#include "gtest/gtest.h"
#include "tests/support/test_events.h"
#include "training/split_mix.h"

namespace tenuto {

class FailureLives {
 public:
  // Chances of a day: soft declines are collected, cards out of date wait for
  // their owners. Retries on days 1, 3, 6 and 10; the company ends it on
  // day 21.
  static constexpr double kSoftRetry = 0.4, kFixRetry = 0.02;
  static constexpr double kSoftUser = 0.02, kFixUser = 0.08, kCancels = 0.01;

  FailureLives(Ledger& ledger, const UserKeys& keys, std::uint64_t seed)
      : ledger_(ledger), keys_(keys), gate_(keys), random_(seed) {}

  // From here on a plan of kShortDays or kLongDays is drawn for each failure,
  // which changes no chance of these lives, and logged; cards out of date are
  // not tried again, as is lawful. On day 5 the share `replanned` of those
  // still open gets a plan without further attempts.
  static constexpr int kShortDays = 7, kLongDays = 21;
  void Plan(double replanned) { replanned_ = replanned; }

  // One user, an invoice every 30 days for `invoices` times, half of them fail.
  void Live(const std::string& user, int invoices) {
    user_ = user;
    day_ = static_cast<int>(random_.Below(30));
    Add(0).mutable_subscription_started()->set_billing_days(30);
    Commit();
    for (int k = 1; k <= invoices; ++k) {
      day_ += 30;
      const int due = day_;
      const bool soft = Chance(0.6);  // Else a card that is out of date.
      if (Chance(0.5)) {
        Attempt(k, 1, true, "");
      } else if (!Fail(k, soft)) {
        return;
      }
      day_ = due;
    }
  }

 private:
  bool Chance(double p) {
    return static_cast<double>(random_.Next() >> 11) * 0x1.0p-53 < p;
  }
  v1::Event& Add(int hour) {
    at_ = absl::FromUnixSeconds(1'700'006'400) + absl::Hours(24 * day_ + hour);
    event_ = MakeEvent(user_, absl::StrCat("e", ++count_), at_);
    return event_;
  }
  void Commit() {
    GatedEvent gated;
    const auto refused = gate_.Admit(event_, at_, gated);
    ASSERT_FALSE(refused) << refused->message;
    gated.known_time_us = absl::ToUnixMicros(at_);
    ASSERT_TRUE(ledger_.Commit(absl::MakeConstSpan(&gated, 1), nullptr).ok());
  }
  void Attempt(int invoice, int number, bool collects, const char* code,
               bool by_customer = false) {
    v1::PaymentAttempted& attempt =
        *Add(by_customer ? 10 : 4).mutable_payment_attempted();
    attempt.set_invoice_id(absl::StrCat("i", invoice));
    attempt.set_attempt_number(number);
    attempt.set_amount_minor(1099);
    attempt.set_currency("EUR");
    attempt.set_outcome(collects ? v1::PAYMENT_OUTCOME_APPROVED
                                 : v1::PAYMENT_OUTCOME_DECLINED);
    attempt.set_decline_code(code);
    attempt.set_initiator(by_customer ? v1::PAYMENT_INITIATOR_CUSTOMER
                                      : v1::PAYMENT_INITIATOR_MERCHANT);
    Commit();
  }
  void LogPlan(int invoice, int elapsed, int full_days,
               const std::vector<int>& attempts) {
    v1::GracePlanned& plan = *Add(5).mutable_grace_planned();
    plan.set_invoice_id(absl::StrCat("i", invoice));
    plan.set_elapsed_days(elapsed);
    plan.set_full_days(full_days);
    for (const int day : attempts) plan.add_attempt_days(day);
    plan.set_propensity(0.5);
    GatedEvent gated = gate_.AdmitOwn(event_, keys_.Of(user_));
    gated.known_time_us = absl::ToUnixMicros(at_);
    ASSERT_TRUE(ledger_.Commit(absl::MakeConstSpan(&gated, 1), nullptr).ok());
  }
  bool Fail(int invoice, bool soft) {  // False when it is all over.
    const char* const code = soft ? "51" : "54";
    const int failed = day_;
    int number = 1;
    Attempt(invoice, number, false, code);
    const bool planned = replanned_ >= 0;
    const int full_days = planned && Chance(0.5) ? kShortDays : kLongDays;
    int last_attempt = planned && !soft ? 0 : 10;
    if (planned) {
      LogPlan(invoice, 0, full_days,
              soft ? std::vector<int>{1, 3, 6, 10} : std::vector<int>{});
    }
    for (int elapsed = 1; elapsed <= 21; ++elapsed) {
      day_ = failed + elapsed;
      if (Chance(soft ? kSoftUser : kFixUser)) {
        Attempt(invoice, ++number, true, "", true);
        return true;
      }
      if (elapsed <= last_attempt &&
          (elapsed == 1 || elapsed == 3 || elapsed == 6 || elapsed == 10)) {
        const bool collects = Chance(soft ? kSoftRetry : kFixRetry);
        Attempt(invoice, ++number, collects, collects ? "" : code);
        if (collects) return true;
      }
      if (Chance(kCancels)) {
        Add(20).mutable_cancelled();
        Commit();
        return false;
      }
      if (planned && elapsed == 5 && Chance(replanned_)) {
        last_attempt = 0;
        LogPlan(invoice, elapsed, full_days, {});
      }
    }
    Add(21).mutable_expired();
    Commit();
    return false;
  }

  Ledger& ledger_;
  const UserKeys& keys_;
  const EventGate gate_;
  SplitMix64 random_;
  double replanned_ = -1;  // No plans.
  std::string user_;
  int day_ = 0;
  int count_ = 0;
  absl::Time at_;
  v1::Event event_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_FAILURE_LIVES_H_
