#include "training/world/payments.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

// A person whose first charge on day 0 goes through; found, not assumed, since
// outages and misfortunes follow from luck.
class PaymentsTest : public testing::Test {
 protected:
  PaymentsTest() : calendar_(TestCalendar()) {
    for (std::uint64_t user = 1;; ++user) {
      person_ = Subscriber(calendar_, user);
      person_.traits.method_kind = v1::PAYMENT_METHOD_KIND_CARD;
      payments().kind = v1::PAYMENT_METHOD_KIND_CARD;
      payments().next_payday = calendar_.PaydayAfter(0, 25);
      payments().short_from_day = payments().next_payday;
      payments().expiry_day = 5000;
      payments().due_day = 0;
      rules_.randomised = false;
      luck_ = {1, user};
      Payments copy = payments();
      bool outage = false;
      for (int day = 0; day < 30; ++day) {
        outage |= IsIssuerOut(1, person_.traits.issuer, day);
        // Nor may the bank have a whim, or the account be given up.
        outage |= luck_.On(day, Purpose::kCharge).Chance(0.2);
      }
      outage |= luck_.On(0, Purpose::kCure).Chance(0.2);
      if (!outage &&
          TryCharge(person_.traits, 0, luck_, copy) == DeclineCause::kNone) {
        return;
      }
    }
  }

  Payments& payments() { return person_.hidden.payments; }

  // Lives until the invoice is settled; the days on which it was tried.
  std::vector<int> Settle(double felt, ChargeDay& last) {
    std::vector<int> tried;
    for (int day = 0; day < 60; ++day) {
      Interest interest;
      interest.level = felt;
      last = AdvancePayments(person_.traits, {200, Intention::kContented}, day,
                             luck_, calendar_, rules_, interest, payments());
      if (last.attempted) tried.push_back(day);
      if (last.paid || last.gave_up) {
        settled_day_ = day;
        break;
      }
    }
    return tried;
  }

  Calendar calendar_;
  Person person_;
  Luck luck_;
  DunningRules rules_;
  int settled_day_ = -1;
};

constexpr double kNever = -50;  // Felt interest of who mends nothing.

TEST_F(PaymentsTest, RenewsEveryThirtyDaysWhenAllIsWell) {
  ChargeDay last;
  EXPECT_EQ(Settle(0, last), std::vector<int>{0});
  EXPECT_TRUE(last.paid);
  EXPECT_FALSE(last.recovered);
  EXPECT_EQ(payments().due_day, 30);
}

TEST_F(PaymentsTest, LacksMoneyUntilPaydayAndIsPaidAtTheNextRetry) {
  payments().next_payday = 5;
  payments().short_from_day = -10;
  person_.traits.short_cycle_share = -1;  // This payday's money lasts.
  ChargeDay last;
  EXPECT_EQ(Settle(kNever, last), (std::vector<int>{0, 1, 3, 6}));
  EXPECT_TRUE(last.recovered);
  EXPECT_EQ(payments().due_day, 30);  // Paying late gains no days.
}

TEST_F(PaymentsTest, EndsAfterGraceWhenPaydayBringsNothing) {
  payments().next_payday = 1'000;
  payments().short_from_day = -10;
  ChargeDay last;
  EXPECT_EQ(Settle(kNever, last), (std::vector<int>{0, 1, 3, 6, 10}));
  EXPECT_TRUE(last.gave_up);
  EXPECT_EQ(settled_day_, rules_.fixed.end_day);
}

TEST_F(PaymentsTest, WaitsWithAnExpiredCardForTheUser) {
  payments().expiry_day = -20;
  rules_.fixed.attempt_days = 0;  // A network might tell the new number.
  const Payments expired = payments();
  int engaged_days = 0;
  int bored_days = 0;
  int engaged_lost = 0;
  int bored_lost = 0;
  for (std::uint64_t user = 1; user <= 400; ++user) {
    luck_.user = user;
    ChargeDay last;
    payments() = expired;
    Settle(2, last);
    EXPECT_TRUE(last.gave_up || last.method_updated);
    engaged_lost += last.gave_up;
    engaged_days += settled_day_;
    payments() = expired;
    Settle(-2, last);
    bored_lost += last.gave_up;
    bored_days += settled_day_;
  }
  EXPECT_LT(engaged_days, bored_days);
  EXPECT_GT(400 - engaged_lost, 2.5 * (400 - bored_lost));
}

TEST_F(PaymentsTest, IsNotRetriedAfterAHardDecline) {
  payments().blocked = DeclineCause::kHardDecline;
  ChargeDay last;
  EXPECT_EQ(Settle(kNever, last), std::vector<int>{0});
  EXPECT_TRUE(last.gave_up);
  EXPECT_EQ(payments().unpaid.cause, DeclineCause::kHardDecline);
}

TEST_F(PaymentsTest, TriesMoreOftenUnderOtherRulesOnTheSameLuck) {
  payments().next_payday = 1'000;
  payments().short_from_day = -10;
  rules_.fixed.attempt_days = DaySet({2, 4, 6, 8, 10, 12});
  rules_.fixed.end_day = 13;
  ChargeDay last;
  EXPECT_EQ(Settle(kNever, last), (std::vector<int>{0, 2, 4, 6, 8, 10, 12}));
  EXPECT_EQ(settled_day_, 13);
}

TEST_F(PaymentsTest, CountsAttemptsOfAnInvoiceFromOne) {
  payments().next_payday = 1'000;
  payments().short_from_day = -10;
  ChargeDay last;
  Settle(kNever, last);
  EXPECT_EQ(payments().attempts, 5);
  EXPECT_EQ(payments().invoice, 1);
}

TEST(IssuerOutage, HitsEverybodyOfTheIssuerNowAndThen) {
  int days = 0;
  for (int issuer = 0; issuer < kIssuers; ++issuer) {
    for (int day = 0; day < 1000; ++day) days += IsIssuerOut(1, issuer, day);
  }
  EXPECT_NEAR(days / (1000.0 * kIssuers), 0.0052, 0.003);
}

TEST(Purse, IsShortBeforePaydayMoreThanAfter) {
  const Calendar calendar = TestCalendar();
  int before = 0;
  int after = 0;
  for (std::uint64_t user = 1; user <= 3000; ++user) {
    Person person = Subscriber(calendar, user);
    person.traits.market = 0;  // Payday on the 25th.
    person.traits.short_cycle_share = 0.2;
    Payments& payments = person.hidden.payments;
    payments.expiry_day = 5000;
    for (int day = 0; day < 120; ++day) {
      AdvancePurse(person.traits, day, {1, user}, calendar, payments);
      const bool is_short = day >= payments.short_from_day;
      const int date = calendar.DateOf(day).day();
      before += is_short && date >= 22 && date <= 24;
      after += is_short && date >= 25 && date <= 27;
    }
  }
  EXPECT_GT(before, 1.5 * after);
}

}  // namespace
}  // namespace tenuto::world
