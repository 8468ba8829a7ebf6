#include "training/world/person.h"

#include <map>

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

TEST(Person, IsTheSameWhoeverElseLives) {
  const Traits a = MakeTraits(5, 17, 180);
  const Traits b = MakeTraits(5, 17, 180);
  EXPECT_EQ(a.home_interest, b.home_interest);
  EXPECT_EQ(a.registered_day, b.registered_day);
  EXPECT_NE(a.home_interest, MakeTraits(5, 18, 180).home_interest);
  EXPECT_NE(a.home_interest, MakeTraits(6, 17, 180).home_interest);
}

TEST(Person, LivesInMarketsInTheirShares) {
  double shares = 0;
  for (const Market& market : Markets()) shares += market.share;
  EXPECT_NEAR(shares, 1, 1e-9);
  constexpr int kPeople = 20'000;
  std::map<int, int> counts;
  for (std::uint64_t user = 1; user <= kPeople; ++user) {
    ++counts[MakeTraits(1, user, 180).market];
  }
  for (std::size_t k = 0; k < Markets().size(); ++k) {
    EXPECT_NEAR(counts[static_cast<int>(k)] / double{kPeople},
                Markets()[k].share, 0.015)
        << Markets()[k].time_zone;
  }
}

TEST(Person, JoinsBeforeOrDuringTheWorldAndNeverAfter) {
  int newcomers = 0;
  for (std::uint64_t user = 1; user <= 5000; ++user) {
    const Traits traits = MakeTraits(1, user, 90);
    EXPECT_LT(traits.registered_day, 90);
    EXPECT_GE(traits.registered_day, -3501);
    newcomers += traits.registered_day >= 0;
  }
  EXPECT_NEAR(newcomers / 5000.0, 0.2, 0.03);
}

TEST(Person, RespondsToMessagesInThreeWays) {
  int helped = 0;
  int unmoved = 0;
  int annoyed = 0;
  for (std::uint64_t user = 1; user <= 5000; ++user) {
    const Traits traits = MakeTraits(1, user, 180);
    const bool lifted = traits.education_lift > 0 || traits.retention_lift > 0;
    helped += lifted;
    annoyed += traits.irritation > 0.1;
    unmoved += !lifted && traits.irritation <= 0.1;
  }
  EXPECT_GT(helped, 1500);
  EXPECT_GT(unmoved, 1000);
  EXPECT_GT(annoyed, 400);
}

TEST(Person, ShowsInPartWhomAnOfferMoves) {
  double thrifty = 0;
  double carefree = 0;
  int many = 0;
  int few = 0;
  for (std::uint64_t user = 1; user <= 10'000; ++user) {
    const Traits traits = MakeTraits(1, user, 180);
    if (traits.price_sensitivity > 0.7) {
      thrifty += traits.retention_lift;
      ++many;
    } else if (traits.price_sensitivity < 0.3) {
      carefree += traits.retention_lift;
      ++few;
    }
  }
  EXPECT_GT(thrifty / many, 1.5 * carefree / few);
}

TEST(Rhythm, PeaksWhenItsPeopleListen) {
  EXPECT_GT(HourWeight(Rhythm::kCommuter, false, 8),
            3 * HourWeight(Rhythm::kCommuter, false, 12));
  EXPECT_GT(HourWeight(Rhythm::kNight, false, 0),
            3 * HourWeight(Rhythm::kNight, false, 12));
  for (int hour = 0; hour < 24; ++hour) {
    EXPECT_GT(HourWeight(Rhythm::kOffice, true, hour), 0);
  }
}

TEST(UserId, HasSevenDigits) { EXPECT_EQ(UserId(42), "u0000042"); }

}  // namespace
}  // namespace tenuto::world
