#include "training/world/leaving.h"

#include <algorithm>
#include <cmath>

namespace tenuto::world {
namespace {

// Odds a day at felt interest 0, price sensitivity 1/2, tenure 0.
constexpr double kWhim = 0.0004;
constexpr double kAct = 0.07;
constexpr double kDoubt = 0.0052;
constexpr double kCalm = 0.09;
constexpr double kTroubleDays = 45;  // How long people remember a reason.

}  // namespace

double PushToLeave(const Traits& traits, int tenure_days) {
  // Those who stayed are those who stay.
  const double tenure = std::max(tenure_days, 0) / 120.0;
  return std::exp(0.8 * (traits.price_sensitivity - 0.5)) /
         std::sqrt(std::sqrt(1 + tenure));
}

LeavingChances ChancesOfLeaving(const Traits& traits, const Interest& interest,
                                int tenure_days, bool payment_failing) {
  const double felt = std::clamp(interest.felt(), -4.0, 4.0);
  const double push = PushToLeave(traits, tenure_days);
  // A failing payment makes people ask whether they want this at all.
  const double doubt = payment_failing ? 2.0 : 1.0;
  const double apathy = std::exp(-felt / 4);
  const double apathy2 = apathy * apathy;
  LeavingChances chances;
  chances.leave_contented = DailyChance(kWhim * push * apathy2 * apathy);
  chances.leave_considering = DailyChance(kAct * apathy2);
  chances.begin_considering =
      DailyChance(doubt * kDoubt * push * apathy2 * apathy2 * apathy);
  chances.calm_down = DailyChance(kCalm / apathy2);
  return chances;
}

Intention AdvanceIntention(const LeavingChances& chances, int day,
                           const Luck& luck, Intention intention) {
  Draws draws = luck.On(day, Purpose::kIntention);
  const bool considering = intention == Intention::kConsidering;
  if (draws.Chance(considering ? chances.leave_considering
                               : chances.leave_contented)) {
    return Intention::kLeaves;
  }
  const bool turns =
      draws.Chance(considering ? chances.calm_down : chances.begin_considering);
  return considering != turns ? Intention::kConsidering : Intention::kContented;
}

void AdvanceShares(const LeavingChances& chances, IntentionShares& shares) {
  const double contented = shares.contented * (1 - chances.leave_contented);
  const double considering =
      shares.considering * (1 - chances.leave_considering);
  shares.left += shares.contented - contented;
  shares.left += shares.considering - considering;
  const double doubting = contented * chances.begin_considering;
  const double calming = considering * chances.calm_down;
  shares.contented = contented - doubting + calming;
  shares.considering = considering + doubting - calming;
}

double DowngradeShare(const Traits& traits, const Interest& interest) {
  return Logistic(-0.6 + 1.5 * (traits.price_sensitivity - 0.5) +
                  0.6 * interest.felt());
}

v1::CancelReason ReasonToLeave(const Traits& traits, const Interest& interest,
                               int day) {
  if (day - interest.trouble_day <= kTroubleDays) return interest.trouble;
  if (traits.price_sensitivity > 0.6) return v1::CANCEL_REASON_PRICE;
  if (interest.level < -0.3) return v1::CANCEL_REASON_LITTLE_USE;
  return traits.taste_breadth > 0.6 ? v1::CANCEL_REASON_CONTENT
                                    : v1::CANCEL_REASON_OTHER;
}

}  // namespace tenuto::world
