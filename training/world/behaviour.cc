#include "training/world/behaviour.h"

#include <algorithm>
#include <cmath>

namespace tenuto::world {

Behaviour BehaviourOf(const Traits& traits, const Hidden& hidden,
                      bool is_weekend, Access access) {
  const double care = std::clamp(hidden.interest.felt() - 0.6, -4.0, 3.0);
  const bool considering = hidden.intention == Intention::kConsidering;
  const bool troubled = hidden.interest.quality_days > 0;
  Behaviour b;
  b.active = Logistic(traits.active_logit + 1.2 * care - 0.5 * considering +
                      (is_weekend ? traits.weekend_logit : 0));
  b.sessions_more = 0.45 * std::exp(0.35 * care);
  b.tracks_more = std::max(traits.tracks_mean * std::exp(0.35 * care) - 1, 0.2);
  b.skip = Logistic(-1.4 - 0.7 * care + 0.4 * considering);
  b.explore = traits.taste_breadth * Logistic(0.5 + 0.9 * care);
  b.thumbs_up = std::min(0.035 * std::exp(0.5 * care), 0.2);
  b.thumbs_down = std::min(0.010 * std::exp(-0.5 * care), 0.1);
  b.playlist_add = std::min(0.025 * std::exp(0.5 * care), 0.2);
  b.searches = 0.2 * std::exp(0.3 * care);
  b.friend_add =
      std::min(0.03 * traits.sociability * std::exp(0.5 * care), 0.2);
  b.quality_problem =
      std::min(troubled ? 0.45 : 0.012 * traits.quality_proneness, 0.9);
  b.page_visit = considering ? 0.24 : 0.035;
  b.support = considering ? 0.02 : troubled ? 0.03 : 0.0015;
  if (hidden.payments.is_failing) b.support += 0.01;
  if (access != Access::kFull) {
    const double left = access == Access::kReduced ? 0.8 : 0.4;
    b.active *= left;
    b.sessions_more *= left;
    b.tracks_more *= left;
  }
  return b;
}

}  // namespace tenuto::world
