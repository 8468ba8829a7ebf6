#include "tests/support/failure_lives.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/test_events.h"

namespace tenuto {

void FailureLives::Live(const std::string& user, int invoices) {
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

v1::Event& FailureLives::Add(int hour) {
  at_ = absl::FromUnixSeconds(1'700'006'400) + absl::Hours(24 * day_ + hour);
  event_ = MakeEvent(user_, absl::StrCat("e", ++count_), at_);
  return event_;
}

void FailureLives::Commit() {
  GatedEvent gated;
  const auto refused = gate_.Admit(event_, at_, gated);
  ASSERT_FALSE(refused) << refused->message;
  gated.known_time_us = absl::ToUnixMicros(at_);
  ASSERT_TRUE(ledger_.Commit(absl::MakeConstSpan(&gated, 1), nullptr).ok());
}

void FailureLives::Attempt(int invoice, int number, bool collects,
                           const char* code, bool by_customer) {
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

void FailureLives::LogPlan(int invoice, int elapsed, int full_days,
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

bool FailureLives::Fail(int invoice, bool soft) {
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

}  // namespace tenuto
