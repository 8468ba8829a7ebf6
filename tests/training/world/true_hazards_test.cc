// The oracle against lives: hazards and values must be those that happen.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/grace/recovery_curve.h"
#include "training/world/failed_payment.h"

namespace tenuto::world {
namespace {

struct Plan {
  const char* name;
  DayAction (*act)(int);
};
constexpr std::array<Plan, 4> kPlans = {{
    {"full, every fourth day, two messages",
     [](int day) {
       return DayAction{Access::kFull, day % 4 == 0, day == 1 || day == 9};
     }},
    {"none, once a week",
     [](int day) {
       return DayAction{Access::kNone, day % 7 == 0, false};
     }},
    {"reduced, daily for two weeks, messages",
     [](int day) {
       return DayAction{Access::kReduced, day <= 14, day % 7 == 2};
     }},
    {"full for a week, then none; no attempts",
     [](int day) {
       return DayAction{day <= 7 ? Access::kFull : Access::kNone, false, false};
     }},
}};

DayActions ActionsOf(const Plan& plan) {
  DayActions actions;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    actions[static_cast<std::size_t>(day)] = plan.act(day);
  }
  return actions;
}

struct Shares {
  std::array<double, 61> by_user{};
  std::array<double, 61> by_retry{};
  std::array<double, 61> cancelled{};
};

// Cumulated over all failures of one cause: expected and lived.
class HazardsTest : public testing::TestWithParam<DeclineCause> {};

TEST_P(HazardsTest, AgreeWithLivedDaysUnderEveryPlan) {
  // Outages are few in one world, and the same for all its people.
  std::vector<FailureWorld> worlds;
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    worlds.push_back(*FailureWorld::Create(seed, {}));
  }
  std::array<Shares, kPlans.size()> expected;
  std::array<Shares, kPlans.size()> lived;
  int count = 0;
  HazardTable hazards;
  for (std::uint64_t n = 0; n < 40'000 && count < 4'000; ++n) {
    const FailureWorld& world = worlds[n % worlds.size()];
    const FailedPayment failure = world.Make(n);
    if (failure.unpaid.cause != GetParam()) continue;
    ++count;
    world.TrueHazards(failure, hazards);
    const FailureLuck luck = world.LuckOf(failure);
    for (std::size_t p = 0; p < kPlans.size(); ++p) {
      const DayActions actions = ActionsOf(kPlans[p]);
      const RecoveryCurve curve = Follow(hazards, actions, {});
      for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
        expected[p].by_user[day] += curve[day].by_user;
        expected[p].by_retry[day] += curve[day].by_retry;
        expected[p].cancelled[day] += curve[day].cancelled;
      }
      UnpaidState state = world.Begin(failure);
      while (state.is_open() && state.day < kUnpaidDays) {
        world.Advance(failure, luck,
                      actions[static_cast<std::size_t>(state.day + 1)], state);
      }
      const auto day = static_cast<std::size_t>(state.day);
      lived[p].by_user[day] += state.end == RecoveryEnd::kByUser;
      lived[p].by_retry[day] += state.end == RecoveryEnd::kByRetry;
      lived[p].cancelled[day] += state.end == RecoveryEnd::kCancelled;
    }
  }
  ASSERT_GT(count, 200);
  // Four standard errors of a cumulated count, and 1.2 points of all for what
  // the mean path and the gaps of the table leave out.
  const auto compare = [&](const std::array<double, 61>& want,
                           const std::array<double, 61>& got,
                           const std::string& what) {
    double wanted = 0;
    double seen = 0;
    for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
      wanted += want[day];
      seen += got[day];
      const double share = wanted / count;
      const double error = std::sqrt(count * share * (1 - share)) + 1;
      ASSERT_NEAR(seen, wanted, 4 * error + 0.012 * count)
          << what << ", by day " << day << " of " << count;
    }
  };
  for (std::size_t p = 0; p < kPlans.size(); ++p) {
    const std::string name = kPlans[p].name;
    compare(expected[p].by_user, lived[p].by_user, name + ": by user");
    compare(expected[p].by_retry, lived[p].by_retry, name + ": by retry");
    compare(expected[p].cancelled, lived[p].cancelled, name + ": cancelled");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Causes, HazardsTest,
    testing::Values(DeclineCause::kInsufficientFunds, DeclineCause::kHold,
                    DeclineCause::kExpiredCard, DeclineCause::kHardDecline,
                    DeclineCause::kIssuerOutage, DeclineCause::kTechnical));

// A person lives on after the recovery, by the world's own rules.
TEST(PaidMonths, AreThoseThatPeopleGoOnToPay) {
  const FailureWorld world = *FailureWorld::Create(5, *WorldVariant::Named(""));
  double expected = 0;
  double lived = 0;
  std::array<double, 2> by_interest{};
  std::array<double, 2> lived_by_interest{};
  constexpr int kCount = 6'000;
  for (std::uint64_t n = 0; n < kCount; ++n) {
    const FailedPayment failure = world.Make(n);
    const double months = world.PaidMonths(failure, world.Begin(failure));
    EXPECT_GE(months, 1);
    EXPECT_LE(months, 12);
    Interest interest = failure.interest;
    Intention intention = failure.intention;
    const double lost = std::min(
        kLostOfFailed * MixOf(failure.traits, world.variant()).total(), 0.3);
    double paid = 1;
    double alive = 1;
    const Luck luck = {99, n};
    for (int day = 1; day <= 330; ++day) {
      AdvanceInterest(failure.traits, day, luck, interest);
      intention =
          AdvanceIntention(ChancesOfLeaving(failure.traits, interest,
                                            failure.tenure_days + day, false),
                           day, luck, intention);
      if (intention == Intention::kLeaves) break;
      if (day % 30 == 0) paid += alive *= 1 - lost;
    }
    const bool engaged = failure.interest.felt() > 0.6;
    by_interest[engaged] += months;
    lived_by_interest[engaged] += paid;
    expected += months;
    lived += paid;
  }
  EXPECT_NEAR(expected / lived, 1, 0.05);
  EXPECT_NEAR(by_interest[0] / lived_by_interest[0], 1, 0.08);
  EXPECT_NEAR(by_interest[1] / lived_by_interest[1], 1, 0.08);
}

}  // namespace
}  // namespace tenuto::world
