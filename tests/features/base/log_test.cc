#include "features/base/log.h"

#include <string>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(Log, WritesOneLineWithItsLevelToStandardError) {
  ::testing::internal::CaptureStderr();
  LogInfo("started");
  LogWarning("disk is slow");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "I tenuto: started\nW tenuto: disk is slow\n");
}

TEST(LogDeathTest, EndsTheProcessWithThePlaceAndTheReason) {
  EXPECT_DEATH(TENUTO_CHECK(1 + 1 == 3, "numbers are broken"),
               "F tenuto: .*log_test.cc:[0-9]+: numbers are broken");
}

TEST(Log, LetsATrueConditionPass) {
  int asked = 0;
  TENUTO_CHECK(++asked == 1, "asked twice");
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace tenuto
