// What there is to listen to: artists by falling popularity, each with a few
// dozen tracks, and a handful of favourites for every person.
// Thread-safe.
#ifndef TENUTO_TRAINING_WORLD_MUSIC_H_
#define TENUTO_TRAINING_WORLD_MUSIC_H_

#include <cstdint>
#include <string>

#include "training/world/draws.h"
#include "training/world/person.h"

namespace tenuto::world {

inline constexpr int kArtists = 20'000;
inline constexpr int kTracksPerArtist = 24;

struct Track {
  std::string track_id;   // "t123456"
  std::string artist_id;  // "a12345"
  std::int64_t length_ms = 0;
  bool is_favourite = false;
};

// By a favourite artist, or with chance `explore` by anyone.
Track DrawTrack(const Traits& traits, double explore, bool is_podcast,
                Draws& draws);

// A person's k-th favourite artist.
int FavouriteArtist(std::uint64_t user, int k);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_MUSIC_H_
