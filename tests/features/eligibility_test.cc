#include "features/eligibility.h"

#include <string>

#include "features/signal_fold.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

// Of a user whose only event tells `plan`.
StateReader OnPlan(v1::Plan plan) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(1'700'000'000);
  event.set_plan(plan);
  event.mutable_search();
  const std::string bytes = event.SerializeAsString();
  EventView view;
  EXPECT_TRUE(view.Parse(bytes));
  const SignalFold fold(Catalogue::Embedded());
  UserState state(fold.layout());
  fold.Apply(view, 1, state);
  std::string encoded;
  state.Encode(encoded);
  return StateReader::Open(Catalogue::Embedded(), encoded).value();
}

TEST(Eligibility, FollowsThePlan) {
  EXPECT_TRUE(IsEligible(OnPlan(v1::PLAN_PREMIUM), Eligible::kPaid));
  EXPECT_FALSE(IsEligible(OnPlan(v1::PLAN_TRIAL), Eligible::kPaid));
  EXPECT_FALSE(IsEligible(OnPlan(v1::PLAN_FREE), Eligible::kPaid));
  EXPECT_TRUE(IsEligible(OnPlan(v1::PLAN_FREE), Eligible::kFree));
  EXPECT_FALSE(IsEligible(OnPlan(v1::PLAN_PREMIUM), Eligible::kFree));
}

TEST(Eligibility, OfAllIsOfWhoeverWasSeen) {
  EXPECT_TRUE(IsEligible(OnPlan(v1::PLAN_UNSPECIFIED), Eligible::kAll));
  const StateReader nobody =
      StateReader::Open(Catalogue::Embedded(), "").value();
  for (const Eligible eligible :
       {Eligible::kPaid, Eligible::kFree, Eligible::kAll}) {
    EXPECT_FALSE(IsEligible(nobody, eligible));
  }
}

}  // namespace
}  // namespace tenuto
