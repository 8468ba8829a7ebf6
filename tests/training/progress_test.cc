#include "training/progress.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"

namespace tenuto {
namespace {

// Twenty updates, `apart` from each other, where there is no terminal.
std::string Logged(absl::Duration apart) {
  testing::internal::CaptureStderr();
  {
    FixedClock clock(absl::FromUnixSeconds(1000));
    Progress progress(clock, "importing", 20, "MB");
    for (int i = 1; i <= 20; ++i) {
      clock.Set(clock.Now() + apart);
      progress.Update(i);
    }
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, WritesNothingOfShortWorkWhereNobodyWatches) {
  EXPECT_EQ(Logged(absl::Seconds(2)), "");
}

TEST(Progress, WritesALineAMinuteIntoALog) {
  EXPECT_EQ(Logged(absl::Seconds(7)),
            "importing: 9 of 20 MB (45 %), 63 s\n"
            "importing: 18 of 20 MB (90 %), 126 s\n");
}

TEST(Progress, MeasuresByTheGivenClock) {
  FixedClock clock(absl::FromUnixSeconds(1000));
  const Progress progress(clock, "importing", 0, "rows");
  clock.Set(clock.Now() + absl::Milliseconds(2500));
  EXPECT_DOUBLE_EQ(progress.SecondsSinceStart(), 2.5);
}

}  // namespace
}  // namespace tenuto
