#include "training/world/music.h"

#include "absl/strings/str_cat.h"

namespace tenuto::world {
namespace {

// Few artists get most of the plays: density falls as 1 / (3 rank^(2/3)).
int PopularArtist(double u) { return static_cast<int>(u * u * u * kArtists); }

}  // namespace

int FavouriteArtist(std::uint64_t user, int k) {
  // Not a matter of the world's luck: taste is the same in every world.
  Draws draws(0, user, static_cast<std::uint64_t>(k), Purpose::kTraits);
  return PopularArtist(draws.Uniform());
}

Track DrawTrack(const Traits& traits, double explore, bool is_podcast,
                Draws& draws) {
  Track track;
  int artist = 0;
  if (draws.Chance(explore)) {
    artist = PopularArtist(draws.Uniform());
  } else {
    const double u = draws.Uniform();
    const int favourites = 6 + static_cast<int>(60 * traits.taste_breadth);
    artist = FavouriteArtist(traits.user, static_cast<int>(u * u * favourites));
    track.is_favourite = true;
  }
  const double popularity = draws.Uniform();
  const int within =
      static_cast<int>(popularity * popularity * kTracksPerArtist);
  const int id = artist * kTracksPerArtist + within;
  track.track_id = absl::StrCat("t", id);
  track.artist_id = absl::StrCat("a", artist);
  // A track has one length wherever it is played.
  Draws length(1, static_cast<std::uint64_t>(id), 0, Purpose::kTraits);
  track.length_ms = is_podcast ? 900'000 + length.Below(2'400'000)
                               : 140'000 + length.Below(160'000);
  return track;
}

}  // namespace tenuto::world
