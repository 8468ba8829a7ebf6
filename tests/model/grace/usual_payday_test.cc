#include "model/grace/usual_payday.h"

#include "gtest/gtest.h"

namespace tenuto {
namespace {

using absl::CivilDay;

TEST(UsualPayday, IsTheDayOfTheMonthBeforeAndAfterADay) {
  const UsualPayday sweden = UsualPayday::Of("Europe/Stockholm");
  ASSERT_TRUE(sweden.is_known());
  EXPECT_EQ(sweden.After(CivilDay(2025, 2, 24)), CivilDay(2025, 2, 25));
  EXPECT_EQ(sweden.After(CivilDay(2025, 2, 25)), CivilDay(2025, 3, 25));
  EXPECT_EQ(sweden.UpTo(CivilDay(2025, 2, 25)), CivilDay(2025, 2, 25));
  EXPECT_EQ(sweden.UpTo(CivilDay(2025, 1, 24)), CivilDay(2024, 12, 25));
  const UsualPayday first = UsualPayday::Monthly(1);
  EXPECT_EQ(first.After(CivilDay(2024, 12, 31)), CivilDay(2025, 1, 1));
}

TEST(UsualPayday, IsEverySecondFridayWhereWagesArePaidByTheWeek) {
  const UsualPayday chicago = UsualPayday::Of("America/Chicago");
  // Before and after the Friday from which they are counted.
  for (const int year : {2024, 2026}) {
    for (CivilDay day(year, 3, 1); day < CivilDay(year, 4, 1); ++day) {
      const CivilDay last = chicago.UpTo(day), next = chicago.After(day);
      EXPECT_EQ(absl::GetWeekday(last), absl::Weekday::friday);
      EXPECT_EQ(next - last, 14);
      EXPECT_LE(last, day);
      EXPECT_GT(next, day);
    }
  }
}

TEST(UsualPayday, IsUnknownElsewhere) {
  EXPECT_FALSE(UsualPayday::Of("").is_known());
  EXPECT_FALSE(UsualPayday::Of("Africa/Lagos").is_known());
  EXPECT_FALSE(UsualPayday().is_known());
}

}  // namespace
}  // namespace tenuto
