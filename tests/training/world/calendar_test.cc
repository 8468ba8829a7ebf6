#include "training/world/calendar.h"

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

int MarketIn(absl::string_view zone) {
  for (std::size_t k = 0; k < Markets().size(); ++k) {
    if (zone == Markets()[k].time_zone) return static_cast<int>(k);
  }
  return -1;
}

TEST(Calendar, BeginsAtMidnightUtc) {
  const Calendar calendar = TestCalendar();
  EXPECT_EQ(calendar.StartOf(0), 1'735'689'600);
  EXPECT_EQ(calendar.StartOf(2), 1'735'689'600 + 2 * kDaySeconds);
  EXPECT_EQ(calendar.DateOf(31), absl::CivilDay(2025, 2, 1));
}

TEST(Calendar, FollowsSummerTime) {
  const Calendar calendar = TestCalendar();
  const int stockholm = MarketIn("Europe/Stockholm");
  EXPECT_EQ(calendar.OffsetOf(stockholm, 0), 3600);
  EXPECT_EQ(calendar.OffsetOf(stockholm, 180), 7200);
  EXPECT_EQ(calendar.OffsetOf(MarketIn("America/New_York"), 0), -5 * 3600);
}

TEST(Calendar, KnowsWeekends) {
  const Calendar calendar = TestCalendar();
  EXPECT_FALSE(calendar.IsWeekend(2));  // Friday 3 January 2025
  EXPECT_TRUE(calendar.IsWeekend(3));
  EXPECT_TRUE(calendar.IsWeekend(4));
  EXPECT_FALSE(calendar.IsWeekend(5));
}

TEST(Calendar, LetsCardsExpireAtTheEndOfTheMonth) {
  const Calendar calendar = TestCalendar();
  EXPECT_EQ(calendar.DateOf(calendar.ExpiryAfter(10, 0)),
            absl::CivilDay(2025, 2, 1));
  EXPECT_EQ(calendar.DateOf(calendar.ExpiryAfter(10, 25)),
            absl::CivilDay(2027, 3, 1));
}

TEST(Calendar, FindsTheNextPaydayOfEveryDay) {
  const Calendar calendar = TestCalendar();
  for (int day = -40; day < 400; ++day) {
    const int monthly = calendar.PaydayAfter(day, 25);
    EXPECT_GT(monthly, day);
    EXPECT_LE(monthly - day, 31);
    EXPECT_EQ(calendar.DateOf(monthly).day(), 25);
    const int fortnightly = calendar.PaydayAfter(day, 0);
    EXPECT_GT(fortnightly, day);
    EXPECT_LE(fortnightly - day, 14);
    EXPECT_EQ(absl::GetWeekday(calendar.DateOf(fortnightly)),
              absl::Weekday::friday);
    EXPECT_EQ(calendar.PaydayAfter(fortnightly, 0), fortnightly + 14);
  }
}

}  // namespace
}  // namespace tenuto::world
