#include "training/simulation/segments.h"

#include <cmath>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "training/world/person.h"

namespace tenuto {
namespace {

std::string NameAt(std::size_t segment) { return Segments()[segment].name; }

TEST(Segments, PutAPaymentIntoOneOfEachKind) {
  const SegmentSet segments =
      SegmentsOf({.decline_class = v1::DECLINE_CLASS_FIX_NEEDED,
                  .tenure_days = 90,
                  .active_days_28d = 7,
                  .time_zone = "America/Chicago"});
  EXPECT_EQ(NameAt(segments[0]), "fix needed");
  EXPECT_EQ(NameAt(segments[1]), "3 to 12 months");
  EXPECT_EQ(NameAt(segments[2]), "1 to 7 days of 28");
  EXPECT_EQ(NameAt(segments[3]), "United States");
}

TEST(Segments, SayWhatIsNotKnown) {
  const SegmentSet segments = SegmentsOf(
      {.tenure_days = std::nan(""), .active_days_28d = -1, .time_zone = "X"});
  EXPECT_EQ(NameAt(segments[0]), "unknown");
  EXPECT_EQ(NameAt(segments[1]), "unknown");
  EXPECT_EQ(NameAt(segments[2]), "unknown");
  EXPECT_EQ(NameAt(segments[3]), "other or unknown");
}

TEST(Segments, KnowTheCountriesOfTheWorld) {
  for (const world::Market& market : world::Markets()) {
    EXPECT_NE(NameAt(SegmentsOf({.time_zone = market.time_zone})[3]),
              "other or unknown")
        << market.time_zone;
  }
}

TEST(Segments, HaveDifferentNamesWithinAKind) {
  std::set<std::string> names;
  for (const Segment& segment : Segments()) {
    EXPECT_TRUE(
        names.insert(std::string(segment.kind) + "/" + segment.name).second);
  }
}

}  // namespace
}  // namespace tenuto
