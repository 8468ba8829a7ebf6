#include "training/progress.h"

#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"

namespace tenuto {
namespace {

TEST(Progress, WritesNothingWhereNobodyWatches) {
  testing::internal::CaptureStderr();
  {
    FixedClock clock(absl::FromUnixSeconds(1000));
    Progress progress(clock, "importing", 10, "MB");
    for (int i = 0; i < 10; ++i) {
      clock.Set(clock.Now() + absl::Seconds(1));
      progress.Update(i);
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, MeasuresByTheGivenClock) {
  FixedClock clock(absl::FromUnixSeconds(1000));
  const Progress progress(clock, "importing", 0, "rows");
  clock.Set(clock.Now() + absl::Milliseconds(2500));
  EXPECT_DOUBLE_EQ(progress.SecondsSinceStart(), 2.5);
}

}  // namespace
}  // namespace tenuto
