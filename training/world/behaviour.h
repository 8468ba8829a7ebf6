// How hidden interest shows: less of it means fewer days, shorter sessions,
// more skips, less variety and fewer likings; doubt means visits to the help,
// settings and cancel pages. All of it in one pure function.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_BEHAVIOUR_H_
#define TENUTO_TRAINING_WORLD_BEHAVIOUR_H_

#include "training/world/life.h"

namespace tenuto::world {

// Chances and means of one day, from traits and hidden state.
struct Behaviour {
  double active = 0;         // Chance of listening at all.
  double sessions_more = 0;  // Mean number beyond the first.
  double tracks_more = 0;    // Per session, mean number beyond the first.
  double skip = 0;           // Chance per track.
  double explore = 0;        // Chance that a track is not by a favourite.
  double thumbs_up = 0;      // Chances per track.
  double thumbs_down = 0;
  double playlist_add = 0;
  double searches = 0;    // Mean per session.
  double friend_add = 0;  // Chances per session.
  double quality_problem = 0;
  double page_visit = 0;  // Chance a day of looking at account pages.
  double support = 0;     // Chance a day of contacting support.
};
// `access` of a plan that is not paid: reduced means less listening, none what
// free listeners do.
Behaviour BehaviourOf(const Traits& traits, const Hidden& hidden,
                      bool is_weekend, Access access = Access::kFull);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_BEHAVIOUR_H_
