#include "training/world/unpaid.h"

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

UnpaidTraits Of(DeclineCause cause) {
  UnpaidTraits traits;
  traits.cause = cause;
  traits.thrift = 0.5F;
  traits.irritation = 0.01F;
  return traits;
}

const WorldVariant kBase;

TEST(Unpaid, EngagedPeoplePaySoonerAndCancelLess) {
  UnpaidChances last{0, 1};
  for (const float felt : {-3.0F, -1.0F, 0.0F, 1.0F, 3.0F}) {
    const UnpaidChances now = ChancesWhileUnpaid(
        Of(DeclineCause::kExpiredCard), kBase, felt, 1, Access::kFull, false);
    EXPECT_GT(now.pays, last.pays);
    EXPECT_LT(now.cancels, last.cancels);
    last = now;
  }
}

TEST(Unpaid, PeopleForgetWithTheDays) {
  float last = 1;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    const UnpaidChances now = ChancesWhileUnpaid(
        Of(DeclineCause::kHold), kBase, 0.5F, day, Access::kFull, false);
    EXPECT_LT(now.pays, last);
    last = now.pays;
  }
}

TEST(Unpaid, AMessageNudgesMostThoseWhoMerelyForgot) {
  const auto gain = [](DeclineCause cause, float felt) {
    return ChancesWhileUnpaid(Of(cause), kBase, felt, 3, Access::kFull, true)
               .pays /
           ChancesWhileUnpaid(Of(cause), kBase, felt, 3, Access::kFull, false)
               .pays;
  };
  EXPECT_GT(gain(DeclineCause::kInsufficientFunds, 0.5F), 1.3);
  EXPECT_GT(gain(DeclineCause::kExpiredCard, 0.5F),
            1.5 * gain(DeclineCause::kInsufficientFunds, 0.5F));
  EXPECT_GT(gain(DeclineCause::kExpiredCard, 2),
            gain(DeclineCause::kExpiredCard, -2));
}

TEST(Unpaid, AMessageDrivesTheIrritableAway) {
  UnpaidTraits calm = Of(DeclineCause::kHold);
  UnpaidTraits irritable = calm;
  irritable.irritation = 0.4F;
  const auto with = [](const UnpaidTraits& traits) {
    return ChancesWhileUnpaid(traits, kBase, 0, 3, Access::kFull, true).cancels;
  };
  EXPECT_GT(with(irritable), 1.5 * with(calm));
  EXPECT_GT(AnnoyanceOfMessage(irritable, kBase),
            AnnoyanceOfMessage(calm, kBase));
}

TEST(Unpaid, LosingAccessBringsTheEngagedAndLosesTheLoose) {
  const auto at = [](float felt, Access access) {
    return ChancesWhileUnpaid(Of(DeclineCause::kExpiredCard), kBase, felt, 3,
                              access, false);
  };
  const auto pays_ratio = [&](float felt) {
    return at(felt, Access::kNone).pays / at(felt, Access::kFull).pays;
  };
  const auto cancels_ratio = [&](float felt) {
    return at(felt, Access::kNone).cancels / at(felt, Access::kFull).cancels;
  };
  EXPECT_GT(pays_ratio(2), 2);
  EXPECT_LT(pays_ratio(-3), 1.5);
  EXPECT_LT(cancels_ratio(2), cancels_ratio(-2));
  for (const float felt : {-2.0F, 0.0F, 2.0F}) {
    EXPECT_GT(at(felt, Access::kReduced).pays, at(felt, Access::kFull).pays);
    EXPECT_LT(at(felt, Access::kReduced).pays, at(felt, Access::kNone).pays);
  }
}

TEST(Unpaid, FreeAccessLetsTheThriftyWait) {
  UnpaidTraits thrifty = Of(DeclineCause::kInsufficientFunds);
  thrifty.thrift = 0.9F;
  const auto pays = [&](const UnpaidTraits& traits) {
    return ChancesWhileUnpaid(traits, kBase, 0.5F, 3, Access::kFull, false)
        .pays;
  };
  EXPECT_LT(pays(thrifty), pays(Of(DeclineCause::kInsufficientFunds)));
}

TEST(Unpaid, EffectsOfZeroAreNone) {
  WorldVariant none;
  none.message_effect = none.access_effect = 0;
  const UnpaidTraits traits = Of(DeclineCause::kExpiredCard);
  const UnpaidChances plain =
      ChancesWhileUnpaid(traits, none, 0.4F, 5, Access::kFull, false);
  for (const Access access : {Access::kNone, Access::kReduced, Access::kFull}) {
    for (const bool messaged : {false, true}) {
      const UnpaidChances other =
          ChancesWhileUnpaid(traits, none, 0.4F, 5, access, messaged);
      EXPECT_EQ(other.pays, plain.pays);
      EXPECT_EQ(other.cancels, plain.cancels);
    }
    EXPECT_EQ(InterestLostOn(none, access), 0);
  }
  EXPECT_EQ(AnnoyanceOfMessage(traits, none), 0);
}

}  // namespace
}  // namespace tenuto::world
