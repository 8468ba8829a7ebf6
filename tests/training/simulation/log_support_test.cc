#include "training/simulation/log_support.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

// Sixty payments open for 20 days with full access, attempts on days 2 and 8.
std::vector<GraceFailure> Log() {
  GraceFailure failure;
  for (int day = 1; day <= 20; ++day) {
    UnpaidDay& open = failure.spell.days.emplace_back();
    open.attempted = day == 2 || day == 8;
    open.attempts_before = static_cast<std::int8_t>(day <= 2 ? 1 : 2);
    open.days_since_attempt =
        static_cast<std::int8_t>(day <= 2 ? day : day - 2);
  }
  return std::vector<GraceFailure>(60, failure);
}

std::string ReasonAgainst(const TrialActions& trial) {
  const LogSupport support = LogSupport::Read(Log());
  PolicyUse use;
  support.AddUse(trial, RecoveryCurve(), use);
  return support.ReasonAgainst(use);
}

TEST(LogSupport, HasNothingAgainstWhatWasSeen) {
  TrialActions trial;
  trial.last_day = 20;
  trial.actions[2].attempts = trial.actions[8].attempts = true;
  EXPECT_EQ(ReasonAgainst(trial), "");
}

TEST(LogSupport, NamesDaysAndGapsThatWereNotSeen) {
  TrialActions trial;
  trial.last_day = 30;
  EXPECT_THAT(ReasonAgainst(trial),
              ::testing::HasSubstr("full access on days 21 to 30, which are "
                                   "33 %"));
  trial.last_day = 20;
  trial.actions[2].attempts = trial.actions[3].attempts = true;
  EXPECT_THAT(ReasonAgainst(trial),
              ::testing::HasSubstr("2 before and 1 days after the last"));
}

TEST(LogSupport, BearsALittleThatWasNotSeen) {
  TrialActions trial;
  trial.last_day = 21;
  EXPECT_EQ(ReasonAgainst(trial), "");
}

}  // namespace
}  // namespace tenuto
