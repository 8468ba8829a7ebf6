#include "training/world/seen_failure.h"

#include <cmath>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "training/world/failed_payment.h"

namespace tenuto::world {
namespace {

std::size_t ColumnOf(const std::string& name) {
  std::size_t k = 0;
  while (k < SeenColumns().size() && SeenColumns()[k] != name) ++k;
  return k;
}

TEST(SeenFailure, NamesEachColumnOnce) {
  const std::set<std::string> names(SeenColumns().begin(), SeenColumns().end());
  EXPECT_EQ(names.size(), kSeenColumns);
}

TEST(SeenFailure, ShowsEngagementByListeningButWithNoise) {
  const FailureWorld world = *FailureWorld::Create(3, {});
  double n = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (std::uint64_t k = 0; k < 4'000; ++k) {
    const FailedPayment failure = world.Make(k);
    const double days = world.See(failure).values[ColumnOf("days_active_28d")];
    if (std::isnan(days)) {
      EXPECT_FALSE(failure.traits.consents_to_behaviour);
      continue;
    }
    ASSERT_GE(days, 0);
    ASSERT_LE(days, 28);
    const double felt = failure.interest.felt();
    ++n;
    sx += days;
    sy += felt;
    sxx += days * days;
    syy += felt * felt;
    sxy += days * felt;
  }
  const double r = (sxy - sx * sy / n) /
                   std::sqrt((sxx - sx * sx / n) * (syy - sy * sy / n));
  EXPECT_GT(r, 0.35);
  EXPECT_LT(r, 0.9);
}

TEST(SeenFailure, TellsPaydaysOfTheMarketAndNotThoseOfAShiftedWorld) {
  const FailureWorld shifted =
      *FailureWorld::Create(3, *WorldVariant::Named("shifted_paydays"));
  int wrong = 0;
  for (std::uint64_t k = 0; k < 500; ++k) {
    const FailedPayment failure = shifted.Make(k);
    if (!failure.cure.by_payday) continue;
    const auto seen = static_cast<int>(
        shifted.See(failure).values[ColumnOf("days_to_payday")]);
    wrong += seen != failure.cure.payday_in;
  }
  EXPECT_GT(wrong, 100);
}

TEST(SeenFailure, HasNoDateForWhatDoesNotExpire) {
  const FailureWorld world = *FailureWorld::Create(3, {});
  for (std::uint64_t k = 0; k < 300; ++k) {
    const FailedPayment failure = world.Make(k);
    const SeenFailure seen = world.See(failure);
    const bool has_card = seen.method_kind == v1::PAYMENT_METHOD_KIND_CARD ||
                          seen.method_kind == v1::PAYMENT_METHOD_KIND_WALLET;
    EXPECT_EQ(std::isnan(seen.values[ColumnOf("days_to_expiry")]), !has_card);
    EXPECT_NE(std::string(seen.decline_code), "");
  }
}

}  // namespace
}  // namespace tenuto::world
