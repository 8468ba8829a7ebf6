#include "training/world/interest.h"

#include <cmath>

namespace tenuto::world {
namespace {

constexpr double kHomePull = 0.004;     // Half-life of a moved home: 173 days.
constexpr double kCompetitor = 0.0028;  // Chances a day.
constexpr double kLifeChange = 0.0025;
constexpr double kBadQuality = 0.0035;

void Blame(Interest& interest, v1::CancelReason reason, int day) {
  interest.trouble = reason;
  interest.trouble_day = day;
}

void MeetCompetitor(const Traits& traits, int day, Interest& interest) {
  const double pull = 0.6 + 0.9 * traits.price_sensitivity;
  interest.level -= pull;
  interest.home -= 0.5 * pull;
  Blame(interest, v1::CANCEL_REASON_COMPETITOR, day);
}

void ChangeLife(int day, double change, Interest& interest) {
  interest.level += 0.9 * change;
  interest.home += 0.45 * change;
  if (change < 0) Blame(interest, v1::CANCEL_REASON_LITTLE_USE, day);
}

}  // namespace

Interest DrawInterest(const Traits& traits, Draws& draws) {
  Interest interest;
  interest.home = traits.home_interest;
  interest.level = traits.home_interest + 0.6 * draws.Normal();
  return interest;
}

void AdvanceInterest(const Traits& traits, int day, const Luck& luck,
                     Interest& interest) {
  Draws draws = luck.On(day, Purpose::kInterest);
  interest.level += kInterestPull * (interest.home - interest.level) +
                    kInterestDailySd * draws.Normal();
  interest.home += kHomePull * (traits.home_interest - interest.home);
  interest.annoyance *= kAnnoyanceFading;

  double event = draws.Uniform();
  if (event < kCompetitor) {
    MeetCompetitor(traits, day, interest);
  } else if ((event -= kCompetitor) < kLifeChange) {
    ChangeLife(day, draws.Normal(), interest);
  } else if ((event -= kLifeChange) < kBadQuality * traits.quality_proneness) {
    interest.quality_days = 3 + draws.Below(7);
    Blame(interest, v1::CANCEL_REASON_QUALITY, day);
  }
  if (interest.quality_days > 0) {
    interest.level -= 0.07;
    --interest.quality_days;
  }
}

}  // namespace tenuto::world
