#include "training/world/failure_mix.h"

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

TEST(FailureMix, IsWhatTheWorldsInvoicesMeet) {
  // First attempts of people whose purse and card live on, against the closed
  // form.
  const Calendar calendar = TestCalendar(800);
  double expected = 0;
  double expected_funds = 0;
  int failed = 0;
  int funds = 0;
  int invoices = 0;
  for (std::uint64_t user = 1; user <= 2'500; ++user) {
    const Person person = MakePerson(1, user, 180, calendar);
    const Traits& traits = person.traits;
    const Luck luck = {user, user};
    Payments payments = person.hidden.payments;
    const FailureMix mix = MixOf(traits, {});
    for (int day = 0; day < 600; ++day) {
      AdvancePurse(traits, day, luck, calendar, payments);
      if (day < 60 || day % 37 != 0) continue;
      Payments card = payments;
      card.expiry_day = 5'000;
      const DeclineCause cause = TryCharge(traits, day, luck, card);
      ++invoices;
      failed += cause != DeclineCause::kNone;
      funds += cause == DeclineCause::kInsufficientFunds;
      expected +=
          mix.total() - mix.chance[std::size_t(DeclineCause::kExpiredCard)];
      expected_funds +=
          mix.chance[std::size_t(DeclineCause::kInsufficientFunds)];
    }
  }
  EXPECT_NEAR(failed / expected, 1, 0.12);
  EXPECT_NEAR(funds / expected_funds, 1, 0.15);
  EXPECT_GT(invoices, 30'000);
}

TEST(FailureMix, HasOtherShareOfCausesInTheOtherWorld) {
  Traits traits;
  traits.short_cycle_share = 0.15;
  const FailureMix base = MixOf(traits, {});
  const FailureMix other =
      MixOf(traits, *WorldVariant::Named("other_declines"));
  const auto share = [](const FailureMix& mix, DeclineCause cause) {
    return mix.chance[std::size_t(cause)] / mix.total();
  };
  EXPECT_GT(share(other, DeclineCause::kFraud),
            1.2 * share(base, DeclineCause::kFraud));
}

TEST(FailureMix, ExpiresNoAccountsWithoutADate) {
  Traits traits;
  traits.method_kind = v1::PAYMENT_METHOD_KIND_DIRECT_DEBIT;
  EXPECT_EQ(MixOf(traits, {}).chance[std::size_t(DeclineCause::kExpiredCard)],
            0);
}

}  // namespace
}  // namespace tenuto::world
