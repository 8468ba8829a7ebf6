#include "training/world/music.h"

#include <map>
#include <set>

#include "gtest/gtest.h"
#include "training/world/person.h"

namespace tenuto::world {
namespace {

std::set<std::string> ArtistsOf(double breadth, double explore) {
  Traits traits = MakeTraits(1, 9, 30);
  traits.taste_breadth = breadth;
  Draws draws(1, 9, 0, Purpose::kListening);
  std::set<std::string> artists;
  for (int k = 0; k < 500; ++k) {
    artists.insert(DrawTrack(traits, explore, false, draws).artist_id);
  }
  return artists;
}

TEST(Music, IsMoreVariedForBroadTastesAndForThoseWhoExplore) {
  EXPECT_LT(ArtistsOf(0, 0).size(), 8u);
  EXPECT_GT(ArtistsOf(1, 0).size(), 30u);
  EXPECT_GT(ArtistsOf(0.5, 0.8).size(), 5 * ArtistsOf(0.5, 0).size());
}

TEST(Music, GivesATrackOneArtistAndOneLength) {
  const Traits traits = MakeTraits(1, 9, 30);
  Draws draws(1, 9, 0, Purpose::kListening);
  std::map<std::string, std::pair<std::string, std::int64_t>> known;
  for (int k = 0; k < 20'000; ++k) {
    const Track track = DrawTrack(traits, 0.5, false, draws);
    const std::pair<std::string, std::int64_t> facts = {track.artist_id,
                                                        track.length_ms};
    const auto [place, is_new] = known.emplace(track.track_id, facts);
    EXPECT_EQ(place->second, facts);
    EXPECT_GE(track.length_ms, 140'000);
    EXPECT_LT(track.length_ms, 300'000);
  }
}

TEST(Music, HasFavouritesThatStay) {
  for (int k = 0; k < 10; ++k) {
    EXPECT_EQ(FavouriteArtist(3, k), FavouriteArtist(3, k));
    EXPECT_LT(FavouriteArtist(3, k), kArtists);
  }
}

}  // namespace
}  // namespace tenuto::world
