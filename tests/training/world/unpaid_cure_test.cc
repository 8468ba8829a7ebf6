#include "training/world/unpaid_cure.h"

#include <cmath>

#include "gtest/gtest.h"
#include "model/grace/unpaid_day.h"

namespace tenuto::world {
namespace {

bool CuredOn(std::uint64_t days, int day) { return ((days >> day) & 1) != 0; }

// CureChance against lives, for an attempt at `last` that failed by the block
// or by a whim.
void ExpectExact(const Cure& cure, int last, int day) {
  constexpr int kLives = 100'000;
  constexpr double kWhim = 0.04;
  int failed = 0;
  int cured = 0;
  for (std::uint64_t n = 0; n < kLives; ++n) {
    const std::uint64_t days = CuredDays(cure, Draws(2, n, 0, Purpose::kCure));
    const bool whim = Draws(2, n, 0, Purpose::kUnpaid).Chance(kWhim);
    if (last > 0 && CuredOn(days, last) && !whim) continue;
    ++failed;
    cured += CuredOn(days, day);
  }
  const double chance = CureChance(cure, 0, last, day, kWhim);
  EXPECT_NEAR(cured / double(failed), chance,
              4 * std::sqrt(0.25 / failed) + 1e-9)
      << "after " << last << " on " << day;
}

TEST(Cure, OfAHoldHasTheChanceThatItSays) {
  Cure hold;
  hold.for_ever = 0.4;
  hold.mean_days = 5;
  for (const int last : {0, 1, 4, 12}) {
    for (const int gap : {1, 3, 8}) ExpectExact(hold, last, last + gap);
  }
}

TEST(Cure, OfFundsHasTheChanceThatItSays) {
  Cure funds;
  funds.by_payday = true;
  funds.payday_in = 6;
  funds.for_ever = 0.15;
  funds.cycle_days = 14;
  funds.short_again = 0.7;
  funds.short_anew = 0.2;
  EXPECT_EQ(CureChance(funds, 0, 0, 5, 0.04), 0);
  for (const int last : {0, 3, 7, 15, 19}) {
    for (const int gap : {1, 4, 9, 18}) ExpectExact(funds, last, last + gap);
  }
}

TEST(Cure, NeverComesForAStoppedCardAndAtOnceAfterAnOutage) {
  const Traits traits;
  const Cure fraud = CureOf(traits, DeclineCause::kFraud, 5);
  EXPECT_EQ(CuredDays(fraud, Draws(1, 1, 1, Purpose::kCure)), 0u);
  EXPECT_EQ(CureChance(fraud, 0, 0, 60, 0.03), 0);
  const Cure outage = CureOf(traits, DeclineCause::kIssuerOutage, 5);
  EXPECT_EQ(CuredDays(outage, Draws(1, 1, 1, Purpose::kCure)),
            (std::uint64_t{2} << kUnpaidDays) - 2);
}

// Asked as a table of hazards asks: by the last two of several.
TEST(Cure, RemembersAttemptsAtEvenDistances) {
  Cure funds;
  funds.by_payday = true;
  funds.payday_in = 6;
  funds.cycle_days = 14;
  funds.for_ever = 0.15;
  funds.short_again = 0.7;
  funds.short_anew = 0.2;
  Cure hold;
  hold.for_ever = 0.5;
  hold.mean_days = 5;
  for (const Cure& cure : {funds, hold}) {
    for (const int spacing : {1, 4, 8}) {
      const int last = 3 * spacing;
      int failed = 0;
      int cured = 0;
      for (std::uint64_t n = 0; n < 100'000; ++n) {
        const std::uint64_t days =
            CuredDays(cure, Draws(5, n, 0, Purpose::kCure));
        Draws whims(5, n, 0, Purpose::kUnpaid);
        bool open = true;
        for (int day = spacing; day <= last; day += spacing) {
          open &= whims.Chance(0.04) || !CuredOn(days, day);
        }
        if (!open) continue;
        ++failed;
        cured += CuredOn(days, last + spacing);
      }
      EXPECT_NEAR(cured / double(failed),
                  CureChance(cure, last - spacing, last, last + spacing, 0.04),
                  0.02)
          << "every " << spacing << " days";
    }
  }
}

}  // namespace
}  // namespace tenuto::world
