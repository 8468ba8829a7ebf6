#include "training/simulation/log_support.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

// Payments open for 20 days with full access, attempts on days 2 and 8.
std::vector<GraceFailure> Log(std::size_t payments) {
  GraceFailure failure;
  for (int day = 1; day <= 20; ++day) {
    UnpaidDay& open = failure.spell.days.emplace_back();
    open.attempted = day == 2 || day == 8;
    open.attempts_before = static_cast<std::int8_t>(day <= 2 ? 1 : 2);
    open.days_since_attempt =
        static_cast<std::int8_t>(day <= 2 ? day : day - 2);
  }
  return std::vector<GraceFailure>(payments, failure);
}

std::string ReasonAgainst(const TrialActions& trial,
                          std::size_t payments = 60) {
  const LogSupport support = LogSupport::Read(Log(payments));
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
  EXPECT_EQ(
      ReasonAgainst(trial),
      "the log has too few days of unpaid payments like 33 % of the "
      "policy's, with full access on days 21 to 30; 50 of each kind are "
      "needed, and of some there is none: somebody has to try them first");
  trial.last_day = 20;
  trial.actions[2].attempts = trial.actions[3].attempts = true;
  EXPECT_EQ(ReasonAgainst(trial),
            "the log has too few attempts like 50 % of the policy's, retry 2 "
            "after 1 day; 50 of each kind are needed, and of some there is "
            "none: somebody has to try them first");
  trial.actions[3].attempts = false;
  trial.actions[12].attempts = trial.actions[20].attempts = true;
  EXPECT_THAT(ReasonAgainst(trial),
              ::testing::HasSubstr("like 67 % of the policy's, retry 2 after "
                                   "10 to 14 days, retry 3 and later after 7 "
                                   "to 9 days; 50"));
}

TEST(LogSupport, SaysHowManyTimesAsManyPaymentsAreNeeded) {
  TrialActions trial;
  trial.last_day = 20;
  trial.actions[8].attempts = true;  // Seen as a second retry only.
  trial.actions[2].attempts = true;
  EXPECT_THAT(ReasonAgainst(trial, 20),
              ::testing::HasSubstr(
                  "like 100 % of the policy's, retry 1 after 2 days, retry 2 "
                  "after 5 to 6 days; 50 of each kind are needed, and of the "
                  "rarest there are 20: about 3 times as many failed payments "
                  "would do"));
}

TEST(LogSupport, NamesAccessAfterAMessage) {
  TrialActions trial;
  trial.last_day = 20;
  trial.actions[1].messages = trial.actions[9].messages = true;
  EXPECT_THAT(ReasonAgainst(trial),
              ::testing::HasSubstr("like 30 % of the policy's, with full "
                                   "access after a message; "));
}

TEST(LogSupport, BearsALittleThatWasNotSeen) {
  TrialActions trial;
  trial.last_day = 21;
  EXPECT_EQ(ReasonAgainst(trial), "");
}

}  // namespace
}  // namespace tenuto
