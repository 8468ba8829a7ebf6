#include "training/simulation/backtest.h"

#include <cmath>
#include <cstdio>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/constant_recovery.h"
#include "training/simulation/segments.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

constexpr std::uint64_t kSeed = 11;
constexpr double kUser = 0.04, kCancels = 0.01;

// Payments without a plan: an attempt collects none of them, a message goes to
// whoever is still open on day 5. Cards out of date are watched for 7 days, the
// others to the end.
class BacktestTest : public ::testing::Test {
 protected:
  static constexpr int kMessageDay = 5, kShort = 7;

  BacktestTest() {
    std::printf("seed %d\n", static_cast<int>(kSeed));
    log_.model = ConstantRecovery(kUser, 0.1, kCancels);
    for (int user = 0; user < 1500; ++user) {
      for (int k = 0; k <= user % 2; ++k) Live(user);
    }
    log_.usual = FindUsualDays(log_.failures);
  }

  double Unit() {
    return static_cast<double>(random_.Next() >> 11) * 0x1.0p-53;
  }
  // By the model's chances, but for cards out of date after `kShort` days.
  void Live(int user) {
    GraceFailure& failure = log_.failures.emplace_back();
    failure.user = user;
    failure.time_zone = "Europe/Berlin";
    UnpaidSpell& spell = failure.spell;
    spell.failed = absl::FromUnixSeconds(1'700'000'000);
    spell.currency = "EUR";
    failure.decisions.push_back({{}, {0}});
    FailedPayment& payment = failure.decisions[0].payment;
    payment.failed = spell.failed;
    const bool is_short = user % 3 == 0;
    payment.decline_class =
        is_short ? v1::DECLINE_CLASS_FIX_NEEDED : v1::DECLINE_CLASS_SOFT;
    const int watched = is_short ? kShort : kUnpaidDays;
    for (int day = 1; day <= watched && spell.end == RecoveryEnd::kOpen;
         ++day) {
      UnpaidDay& lived = spell.days.emplace_back();
      if (Unit() < kUser) {
        spell.end = RecoveryEnd::kByUser;
      } else if (Unit() < kCancels) {
        spell.end = RecoveryEnd::kCancelled;
      } else {
        lived.messages = day == kMessageDay;
      }
      lived.end = spell.end;
    }
  }
  BacktestResult Run() const {
    auto result = Backtest(log_, log_.failures, "EUR", 2, [](std::int64_t) {});
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }
  static const BacktestResult::Segment* Find(const BacktestResult& result,
                                             const std::string& name) {
    for (const BacktestResult::Segment& segment : result.segments) {
      if (Segments()[segment.segment].name == name) return &segment;
    }
    return nullptr;
  }
  // Four standard errors.
  static void ExpectNoGap(const Compared& value) {
    EXPECT_LT(std::abs(value.difference()),
              4 * (value.high - value.low) / 3.92 + 1e-9);
  }

  SplitMix64 random_{kSeed};
  LoggedFailures log_;
};

// Whoever pays before day 5 gets no message: that must not look as if the model
// had foretold too few.
TEST_F(BacktestTest, FindsNothingWrongWithATrueModel) {
  const BacktestResult result = Run();
  ExpectNoGap(result.outcomes.messages);
  ExpectNoGap(result.outcomes.net_minor);
  ExpectNoGap(result.outcomes.free_days);
  EXPECT_GT(result.outcomes.messages.observed, 0.5);
  for (const BacktestResult::Segment& segment : result.segments) {
    SCOPED_TRACE(segment.segment);
    ExpectNoGap(segment.recovered);
    ExpectNoGap(segment.outcomes.net_minor);
    ExpectNoGap(segment.outcomes.messages);
  }
}

// Nothing is told of days on which nobody watched.
TEST_F(BacktestTest, ComparesEverySegmentAsLongAsItWasWatched) {
  const BacktestResult result = Run();
  EXPECT_EQ(result.days, kUnpaidDays);
  const BacktestResult::Segment* const few = Find(result, "fix needed");
  ASSERT_NE(few, nullptr);
  EXPECT_EQ(few->days, kShort);
  EXPECT_EQ(few->recovered_day, 7);
  const BacktestResult::Segment* const all = Find(result, "soft");
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->days, kUnpaidDays);
  EXPECT_EQ(all->recovered_day, kCalibrationDays.back());
}

TEST_F(BacktestTest, FindsWhatIsWrongWhereItIs) {
  // What comes is as above.
  log_.model = ConstantRecovery(2 * kUser, 0.1, kCancels);
  const BacktestResult result = Run();
  for (const char* name : {"fix needed", "soft"}) {
    const BacktestResult::Segment* const segment = Find(result, name);
    ASSERT_NE(segment, nullptr);
    EXPECT_GT(segment->recovered.low, 0) << name;
    EXPECT_GT(segment->outcomes.net_minor.low, 0) << name;
  }
}

}  // namespace
}  // namespace tenuto
