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

TEST(UsualPayday, IsUnknownElsewhere) {
  EXPECT_FALSE(UsualPayday::Of("").is_known());
  EXPECT_FALSE(UsualPayday::Of("America/Chicago").is_known());
  EXPECT_FALSE(UsualPayday::Of("Africa/Lagos").is_known());
  EXPECT_FALSE(UsualPayday().is_known());
}

}  // namespace
}  // namespace tenuto
