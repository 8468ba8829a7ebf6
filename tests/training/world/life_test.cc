#include "training/world/life.h"

#include <map>

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

TEST(Life, BeginsWithPlansInPlausibleShares) {
  const Calendar calendar = TestCalendar();
  std::map<v1::Plan, int> plans;
  int old = 0;
  for (std::uint64_t user = 1; user <= 5000; ++user) {
    const Person person = MakePerson(1, user, 180, calendar);
    const Subscription& subscription = person.hidden.subscription;
    if (person.traits.registered_day >= 0) {
      EXPECT_NE(subscription.plan, v1::PLAN_PREMIUM);
      continue;
    }
    ++old;
    ++plans[subscription.plan];
    EXPECT_GE(subscription.since_day,
              std::min(person.traits.registered_day, -30));
    EXPECT_LE(subscription.since_day, 0);
  }
  EXPECT_NEAR(plans[v1::PLAN_PREMIUM] / double(old), 0.55, 0.03);
}

TEST(Life, IsTheSameOnTheSameLuck) {
  const Calendar calendar = TestCalendar();
  Person a = Subscriber(calendar, 4);
  Person b = a;
  for (int day = 0; day < 100; ++day) {
    AdvancePaying(a.traits, day, {9, 4}, calendar, {}, std::nullopt, a.hidden);
    AdvancePaying(b.traits, day, {9, 4}, calendar, {}, std::nullopt, b.hidden);
  }
  EXPECT_EQ(a.hidden.interest.level, b.hidden.interest.level);
  EXPECT_EQ(a.hidden.payments.due_day, b.hidden.payments.due_day);
}

TEST(Life, KeepsItsOtherLuckWhenAMessageIsForced) {
  // Common random numbers: what a message changes is all that differs.
  const Calendar calendar = TestCalendar();
  Person with = Subscriber(calendar, 4);
  with.traits.retention_lift = with.traits.education_lift = 0;
  with.traits.irritation = 0;
  with.hidden.messages.is_permitted = false;
  Person without = with;
  for (int day = 0; day < 20; ++day) {
    const auto first = [&](MessageKind kind) {
      return day == 0 ? std::optional(kind) : std::nullopt;
    };
    AdvancePaying(with.traits, day, {9, 4}, calendar, {},
                  first(MessageKind::kRetention), with.hidden);
    AdvancePaying(without.traits, day, {9, 4}, calendar, {},
                  first(MessageKind::kNone), without.hidden);
  }
  EXPECT_EQ(with.hidden.interest.level, without.hidden.interest.level);
}

TEST(Life, CourtsNobodyWhilePaymentsFail) {
  const Calendar calendar = TestCalendar();
  Person person = Subscriber(calendar, 4);
  for (int day = 0; day < 60; ++day) {
    person.hidden.payments.is_failing = true;
    person.hidden.payments.failed_day = day;
    person.hidden.payments.unpaid.cause = DeclineCause::kHardDecline;
    const PayingDay today = AdvancePaying(person.traits, day, {9, 4}, calendar,
                                          {}, std::nullopt, person.hidden);
    EXPECT_FALSE(today.message.decided);
  }
}

TEST(Life, ChargesNobodyDuringATrial) {
  const Calendar calendar = TestCalendar();
  Person person = Subscriber(calendar, 4);
  person.hidden.subscription.plan = v1::PLAN_TRIAL;
  person.hidden.payments.due_day = 0;
  for (int day = 0; day < 60; ++day) {
    EXPECT_FALSE(AdvancePaying(person.traits, day, {9, 4}, calendar, {},
                               std::nullopt, person.hidden)
                     .charge.attempted);
  }
}

}  // namespace
}  // namespace tenuto::world
