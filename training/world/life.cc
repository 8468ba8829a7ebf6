#include "training/world/life.h"

#include <algorithm>

namespace tenuto::world {
namespace {

constexpr double kPremiumAtStart = 0.55;
constexpr double kTrialAtStart = 0.04;
constexpr double kTrialAtRegistration = 0.25;
constexpr int kTrialDays = 30;

Subscription DrawSubscription(const Traits& traits, Draws& draws) {
  Subscription subscription;
  const double kind = draws.Uniform();
  if (traits.registered_day >= 0) {
    subscription.since_day = traits.registered_day;
    if (kind < kTrialAtRegistration) {
      subscription.plan = v1::PLAN_TRIAL;
      subscription.had_trial = true;
      subscription.trial_end_day = traits.registered_day + kTrialDays;
    }
    return subscription;
  }
  subscription.had_trial = draws.Chance(0.5);
  if (kind < kPremiumAtStart) {
    subscription.plan = v1::PLAN_PREMIUM;
    subscription.since_day =
        traits.registered_day +
        static_cast<int>(-traits.registered_day * 0.6 * draws.Uniform());
  } else if (kind < kPremiumAtStart + kTrialAtStart) {
    subscription.plan = v1::PLAN_TRIAL;
    subscription.had_trial = true;
    subscription.trial_end_day = draws.Below(kTrialDays);
    subscription.since_day = subscription.trial_end_day - kTrialDays;
  }
  return subscription;
}

}  // namespace

Person MakePerson(std::uint64_t seed, std::uint64_t user, int days,
                  const Calendar& calendar) {
  Person person;
  person.traits = MakeTraits(seed, user, days);
  Draws draws(seed, user, 0, Purpose::kPlan);
  Hidden& hidden = person.hidden;
  hidden.interest = DrawInterest(person.traits, draws);
  hidden.subscription = DrawSubscription(person.traits, draws);
  hidden.payments =
      DrawPayments(person.traits, calendar,
                   std::max(person.traits.registered_day, 0) - 1, draws);
  hidden.messages.is_permitted = person.traits.consents_to_messages;
  hidden.behaviour_consent = person.traits.consents_to_behaviour;
  return person;
}

PayingDay AdvancePaying(const Traits& traits, int day, const Luck& luck,
                        const Calendar& calendar, const House& house,
                        std::optional<MessageKind> forced, Hidden& hidden) {
  PayingDay result;
  // Nobody is taught or courted while a payment fails.
  if (!hidden.payments.is_failing || forced.has_value()) {
    result.message = AdvanceMessages(traits, day, luck, house.policy, forced,
                                     hidden.interest, hidden.messages);
  }
  if (hidden.subscription.plan == v1::PLAN_PREMIUM) {
    const Payer payer = {day - hidden.subscription.since_day, hidden.intention};
    result.charge =
        AdvancePayments(traits, payer, day, luck, calendar, house.dunning,
                        hidden.interest, hidden.payments);
  } else {
    AdvancePurse(traits, day, luck, calendar, hidden.payments);
  }
  AdvanceInterest(traits, day, luck, hidden.interest);
  // Who may not listen forgets what for.
  hidden.interest.level -=
      double{InterestLostOn(WorldVariant(), hidden.payments.AccessOn(day))};
  return result;
}

LeavingChances ChancesOn(const Traits& traits, int day, const Hidden& hidden) {
  const Payments& payments = hidden.payments;
  if (payments.is_failing && day > payments.failed_day) {
    return ChancesWhileFailing(payments, hidden.interest.felt(), day);
  }
  return ChancesOfLeaving(traits, hidden.interest,
                          day - hidden.subscription.since_day,
                          payments.is_failing);
}

}  // namespace tenuto::world
