#include "model/decision/rule_days.h"

#include <gtest/gtest.h>

#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {
namespace {

TEST(RuleDays, BeginAtMidnightUtc) {
  EXPECT_EQ(BeginningOfDay("2025-05-19"), absl::FromUnixSeconds(1'747'612'800));
  EXPECT_EQ(BeginningOfDay("1970-01-01"), absl::UnixEpoch());
}

TEST(RuleDays, HaveOneForm) {
  for (const char* text :
       {"", "2025-5-19", "2025-02-30", "19.05.2025", " 2025-05-19",
        "2025-05-19T00", "2025-05", "soon", "2025-13-01"}) {
    EXPECT_EQ(BeginningOfDay(text), std::nullopt) << text;
  }
}

TEST(RuleDays, HoldFromTheirFirstDayUntilBeforeTheirLast) {
  v1::StopRule rule;
  rule.set_valid_from("2025-05-19");
  rule.set_valid_until("2025-05-20");
  const RuleDays days = DaysOf(rule);
  EXPECT_FALSE(days.Cover(days.from - absl::Nanoseconds(1)));
  EXPECT_TRUE(days.Cover(days.from));
  EXPECT_TRUE(days.Cover(days.until - absl::Nanoseconds(1)));
  EXPECT_FALSE(days.Cover(days.until));
  EXPECT_EQ(days.until - days.from, absl::Hours(24));
}

TEST(RuleDays, LeftOutHoldAlways) {
  const RuleDays days = DaysOf(v1::StopRule());
  EXPECT_TRUE(days.Cover(absl::InfinitePast()));
  EXPECT_TRUE(days.Cover(absl::UnixEpoch()));
  EXPECT_TRUE(days.Overlap(days));
}

TEST(RuleDays, ThatOnlyTouchDoNotOverlap) {
  const absl::Time change = *BeginningOfDay("2025-05-19");
  const RuleDays before = {absl::InfinitePast(), change};
  const RuleDays after = {change, absl::InfiniteFuture()};
  EXPECT_FALSE(before.Overlap(after));
  EXPECT_FALSE(after.Overlap(before));
  EXPECT_TRUE(
      after.Overlap({change - absl::Seconds(1), change + absl::Seconds(1)}));
}

TEST(NormalCode, ForgivesWhatGatewaysDifferIn) {
  EXPECT_EQ(NormalCode("r1"), "R1");
  EXPECT_EQ(NormalCode(" 51 "), "51");
  EXPECT_EQ(NormalCode("4"), "04");
  EXPECT_EQ(NormalCode("Insufficient_Funds"), "INSUFFICIENT_FUNDS");
  EXPECT_EQ(NormalCode("  "), "");
  EXPECT_EQ(NormalCode("R"), "R");
  EXPECT_EQ(NormalCode("004"), "004");
}

}  // namespace
}  // namespace tenuto
