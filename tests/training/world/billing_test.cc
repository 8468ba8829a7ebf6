#include "training/world/billing.h"

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

class BillingTest : public testing::Test {
 protected:
  BillingTest()
      : calendar_(TestCalendar()),
        diary_(1),
        person_(Subscriber(calendar_)),
        scene_{12, {1, 1}, calendar_, diary_} {
    diary_.Begin({1, 12, calendar_.StartOf(12), 0, v1::PLAN_PREMIUM});
  }

  Calendar calendar_;
  Diary diary_;
  Person person_;
  Scene scene_;
  PlanMoves moves_;
};

TEST_F(BillingTest, WritesAnApprovalAndTheRenewal) {
  ChargeDay charge;
  charge.attempted = charge.paid = true;
  charge.attempt = {false, 1, DeclineCause::kNone};
  WriteCharges(charge, scene_, person_, moves_);
  const auto events = diary_.Finish();
  ASSERT_EQ(events.size(), 2u);
  const v1::PaymentAttempted& paid = events[0]->payment_attempted();
  EXPECT_EQ(paid.outcome(), v1::PAYMENT_OUTCOME_APPROVED);
  EXPECT_EQ(paid.decline_code(), "");
  EXPECT_GT(paid.amount_minor(), 0);
  EXPECT_EQ(paid.currency().size(), 3u);
  EXPECT_EQ(events[1]->renewed().price_minor(), paid.amount_minor());
  EXPECT_TRUE(moves_.renewed);
  EXPECT_FALSE(moves_.failed);
}

TEST_F(BillingTest, WritesAMendedCardBeforeTheChargeOfTheCustomer) {
  ChargeDay charge;
  charge.attempted = charge.paid = charge.recovered = true;
  charge.method_updated = true;
  charge.attempt = {true, 3, DeclineCause::kNone};
  WriteCharges(charge, scene_, person_, moves_);
  const auto events = diary_.Finish();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0]->page_view().page(), v1::PAGE_BILLING);
  EXPECT_TRUE(events[1]->has_payment_method_updated());
  EXPECT_EQ(events[2]->payment_attempted().initiator(),
            v1::PAYMENT_INITIATOR_CUSTOMER);
  EXPECT_TRUE(events[3]->has_renewed());
  EXPECT_TRUE(moves_.recovered);
  EXPECT_FALSE(moves_.renewed);
}

TEST_F(BillingTest, EndsUnpaidSubscriptionsInvoluntarily) {
  person_.hidden.payments.is_failing = true;
  person_.hidden.payments.unpaid.cause = DeclineCause::kInsufficientFunds;
  ChargeDay charge;
  charge.gave_up = true;
  WriteCharges(charge, scene_, person_, moves_);
  const auto events = diary_.Finish();
  EXPECT_TRUE(events.back()->expired().involuntary());
  EXPECT_EQ(events.back()->plan(), v1::PLAN_FREE);
  EXPECT_TRUE(moves_.lost);
  EXPECT_FALSE(person_.hidden.payments.is_failing);
  EXPECT_EQ(person_.hidden.subscription.left_day, 12);
}

TEST_F(BillingTest, ClosesTheAccountAfterAHardDecline) {
  person_.hidden.payments.is_failing = true;
  person_.hidden.payments.blocked = DeclineCause::kHardDecline;
  ChargeDay charge;
  charge.gave_up = true;
  WriteCharges(charge, scene_, person_, moves_);
  const auto events = diary_.Finish();
  EXPECT_TRUE(events.back()->cancelled().involuntary());
  EXPECT_EQ(events.back()->plan(), v1::PLAN_NONE);
}

TEST_F(BillingTest, StartsAPaidPlanOnlyWithTheFirstPayment) {
  person_.hidden.subscription.plan = v1::PLAN_FREE;
  person_.hidden.payments.blocked = DeclineCause::kFraud;
  EXPECT_FALSE(StartPaying(scene_, 1000, true, person_));
  EXPECT_EQ(person_.hidden.subscription.plan, v1::PLAN_FREE);
  EXPECT_TRUE(diary_.Finish().back()->has_payment_attempted());
}

TEST_F(BillingTest, WritesThePlanOfAFailureWithItsPropensity) {
  Payments& payments = person_.hidden.payments;
  payments.is_failing = true;
  payments.plan = {7, 3, DaySet({2, 9}), DaySet({1}), 60, 0.125};
  payments.invoice = 4;
  ChargeDay charge;
  charge.attempted = charge.planned = true;
  charge.attempt = {false, 1, DeclineCause::kInsufficientFunds};
  WriteCharges(charge, scene_, person_, moves_);
  const auto events = diary_.Finish();
  ASSERT_EQ(events.size(), 2u);
  const v1::PaymentAttempted& failed = events[0]->payment_attempted();
  const v1::GracePlanned& plan = events[1]->grace_planned();
  EXPECT_EQ(plan.invoice_id(), failed.invoice_id());
  EXPECT_EQ(plan.failed_epoch_s(), events[0]->event_time().seconds());
  EXPECT_EQ(plan.full_days(), 7);
  EXPECT_EQ(plan.reduced_days(), 3);
  ASSERT_EQ(plan.attempt_days_size(), 2);
  EXPECT_EQ(plan.attempt_days(1), 9);
  ASSERT_EQ(plan.message_days_size(), 1);
  EXPECT_EQ(plan.propensity(), 0.125);
  EXPECT_TRUE(plan.randomised());
  EXPECT_TRUE(moves_.failed);
}

TEST_F(BillingTest, WritesAReminderAsATreatmentOfThePlan) {
  person_.hidden.payments.is_failing = true;
  ChargeDay charge;
  charge.messaged = true;
  WriteCharges(charge, scene_, person_, moves_);
  const auto events = diary_.Finish();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]->message_sent().treatment(), "payment_reminder");
  EXPECT_TRUE(events[1]->has_message_delivered());
}

}  // namespace
}  // namespace tenuto::world
