#include "training/world/failed_payment.h"

#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

FailureWorld Base(std::uint64_t seed = 7, absl::string_view variant = "") {
  return *FailureWorld::Create(seed, *WorldVariant::Named(variant));
}

// A policy that writes, tries and takes access away in turn.
DayAction Mixed(int day) {
  return {day < 8    ? Access::kFull
          : day < 15 ? Access::kReduced
                     : Access::kNone,
          day % 4 == 2, day == 3 || day == 10};
}

UnpaidState LiveOut(const FailureWorld& world, const FailedPayment& failure,
                    DayAction (*act)(int)) {
  const FailureLuck luck = world.LuckOf(failure);
  UnpaidState state = world.Begin(failure);
  while (state.is_open() && state.day < kUnpaidDays) {
    world.Advance(failure, luck, act(state.day + 1), state);
  }
  return state;
}

TEST(FailedPayment, IsTheSameForTheSameNumberInAnyOrder) {
  const FailureWorld world = Base();
  const FailedPayment later = world.Make(12);
  world.Make(3);
  const FailureWorld again = Base();
  const FailedPayment same = again.Make(12);
  EXPECT_EQ(later.traits.user, same.traits.user);
  EXPECT_EQ(later.interest.level, same.interest.level);
  EXPECT_EQ(later.day, same.day);
  const SeenFailure a = world.See(later);
  const SeenFailure b = again.See(same);
  EXPECT_EQ(std::memcmp(a.values.data(), b.values.data(), sizeof(a.values)), 0);
  const FailureLuck one = world.LuckOf(later);
  const FailureLuck two = again.LuckOf(same);
  EXPECT_EQ(one.felt, two.felt);
  EXPECT_EQ(one.collects, two.collects);
  EXPECT_NE(Base(8).Make(12).interest.level, later.interest.level);
}

TEST(FailedPayment, HasCausesAsOftenAsPeopleMeetThem) {
  const FailureWorld world = Base();
  constexpr int kCount = 20'000;
  std::map<DeclineCause, int> causes;
  for (int n = 0; n < kCount; ++n) {
    const FailedPayment failure = world.Make(static_cast<std::uint64_t>(n));
    ++causes[failure.unpaid.cause];
    EXPECT_GE(failure.day, 0);
    EXPECT_LT(failure.day, kFailureDays);
    EXPECT_GE(failure.tenure_days, 30);
    if (failure.unpaid.cause == DeclineCause::kInsufficientFunds) {
      EXPECT_GE(failure.cure.payday_in, 1);
      EXPECT_LE(failure.cure.payday_in, 31);
    }
  }
  const auto share = [&](DeclineCause cause) {
    return causes[cause] / double{kCount};
  };
  EXPECT_EQ(causes[DeclineCause::kNone], 0);
  EXPECT_NEAR(share(DeclineCause::kInsufficientFunds), 0.5, 0.12);
  // Of these, the codes 51 and 05 are nine in ten: 72 %, as Adyen tells.
  EXPECT_NEAR(
      share(DeclineCause::kInsufficientFunds) + share(DeclineCause::kHold), 0.8,
      0.06);
}

TEST(FailedPayment, LivesEveryPolicyOnTheSameLuck) {
  const FailureWorld world = Base();
  int paid_by_user_differs = 0;
  for (std::uint64_t n = 0; n < 2'000; ++n) {
    const FailedPayment failure = world.Make(n);
    const auto daily = [](int) {
      return DayAction{Access::kFull, true, false};
    };
    const auto sparse = [](int day) {
      return DayAction{Access::kFull, day % 8 == 0, false};
    };
    const UnpaidState often = LiveOut(world, failure, daily);
    const UnpaidState seldom = LiveOut(world, failure, sparse);
    // Who asks more often never collects later.
    if (seldom.end == RecoveryEnd::kByRetry) {
      EXPECT_LE(often.day, seldom.day);
    }
    // What the user does by himself is the same where both stay open.
    if (often.end == RecoveryEnd::kByUser) {
      EXPECT_EQ(seldom.day, often.day);
      EXPECT_EQ(seldom.end, often.end);
    }
    paid_by_user_differs += often.end != seldom.end;
  }
  EXPECT_GT(paid_by_user_differs, 10);
}

TEST(FailedPayment, MessagesDoExactlyNothingInTheWorldWithoutTheirEffect) {
  const FailureWorld world = Base(7, "no_messages");
  for (std::uint64_t n = 0; n < 3'000; ++n) {
    const FailedPayment failure = world.Make(n);
    const UnpaidState with = LiveOut(world, failure, [](int day) {
      return DayAction{Access::kFull, day == 5, day % 3 == 1};
    });
    const UnpaidState without = LiveOut(world, failure, [](int day) {
      return DayAction{Access::kFull, day == 5, false};
    });
    EXPECT_EQ(with.end, without.end);
    EXPECT_EQ(with.day, without.day);
    EXPECT_EQ(world.PaidMonths(failure, with),
              world.PaidMonths(failure, without));
  }
}

TEST(FailedPayment, AccessDoesExactlyNothingInTheWorldWithoutItsEffect) {
  const FailureWorld world = Base(7, "no_access");
  for (std::uint64_t n = 0; n < 3'000; ++n) {
    const FailedPayment failure = world.Make(n);
    const UnpaidState with = LiveOut(world, failure, [](int day) {
      return DayAction{Access::kFull, day == 5, day == 2};
    });
    const UnpaidState without = LiveOut(world, failure, [](int day) {
      return DayAction{Access::kNone, day == 5, day == 2};
    });
    EXPECT_EQ(with.end, without.end);
    EXPECT_EQ(with.day, without.day);
    EXPECT_EQ(world.PaidMonths(failure, with),
              world.PaidMonths(failure, without));
  }
}

TEST(FailedPayment, IsCollectedByTheStoreAndNotByUsWhereAStoreCollects) {
  const FailureWorld world = Base();
  int stores = 0;
  int collected = 0;
  for (std::uint64_t n = 0; n < 3'000; ++n) {
    const FailedPayment failure = world.Make(n);
    if (!failure.by_store()) continue;
    ++stores;
    const UnpaidState ours = LiveOut(world, failure, [](int) {
      return DayAction{Access::kFull, true, false};
    });
    EXPECT_NE(ours.end, RecoveryEnd::kByRetry);
    EXPECT_EQ(ours.attempts, 1);
    collected += ours.end == RecoveryEnd::kByUser;
  }
  EXPECT_GT(stores, 100);
  EXPECT_GT(collected, stores / 3);
}

TEST(FailedPayment, IsMendedMoreByEngagedPeopleAndLessSoWhereTheLinkIsWeak) {
  const auto gap = [](const FailureWorld& world) {
    std::array<int, 2> paid{};
    std::array<int, 2> all{};
    for (std::uint64_t n = 0; n < 12'000; ++n) {
      const FailedPayment failure = world.Make(n);
      const bool engaged = failure.interest.felt() > 0.6;
      ++all[engaged];
      paid[engaged] +=
          LiveOut(world, failure, Mixed).end == RecoveryEnd::kByUser;
    }
    return paid[1] / double(all[1]) - paid[0] / double(all[0]);
  };
  const double base = gap(Base());
  const double weak = gap(Base(7, "weak_engagement"));
  EXPECT_GT(base, 0.05);
  EXPECT_LT(weak, 0.7 * base);
}

}  // namespace
}  // namespace tenuto::world
