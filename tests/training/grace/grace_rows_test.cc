#include "training/grace/grace_rows.h"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/copy_events.h"
#include "tests/support/failure_lives.h"
#include "tests/support/test_events.h"

namespace tenuto {
namespace {

constexpr std::int64_t kAll = 1'000'000;

class GraceRowsTest : public ::testing::Test {
 protected:
  GraceRowsTest() {
    FailureLives lives(ledger_, keys_, 7);
    for (int user = 0; user < 120; ++user) {
      lives.Live(absl::StrCat("u", user), 8);
    }
  }
  GraceRows Build(const Ledger& ledger, int threads = 1) const {
    auto rows =
        BuildGraceRows(ledger, plan_, PaymentRules::Embedded(), threads);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return *std::move(rows);
  }
  TrainingMatrix Expand(const GraceRows& rows, Hazard hazard) const {
    return rows.Expand(hazard, 0, rows.failures.size(), kAll);
  }
  static float Cell(const TrainingMatrix& matrix, int row, const char* name) {
    for (std::size_t k = 0; k < matrix.columns.size(); ++k) {
      if (matrix.columns[k] == name) return matrix.row(row)[k];
    }
    ADD_FAILURE() << name;
    return 0;
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const UserKeys keys_ = UserKeys::FromSecret("grace rows");
  MemoryLedger ledger_{catalogue_};
  const FeaturePlan plan_ = *FeaturePlan::Compile(
      catalogue_, std::vector<std::string>{"payments_failed_28d",
                                           "days_since_payment_failed"});
};

TEST_F(GraceRowsTest, HaveARowForEveryDayAtRiskOfEachHazard) {
  const GraceRows rows = Build(ledger_);
  ASSERT_GT(rows.failures.size(), 150u);
  std::int64_t days = 0, attempts = 0, recovered = 0, left = 0, by_retry = 0;
  for (const GraceFailure& failure : rows.failures) {
    for (const GraceFailure::Decision& decision : failure.decisions) {
      for (std::size_t k =
               static_cast<std::size_t>(decision.payment.decided_day);
           k < failure.spell.days.size(); ++k) {
        const UnpaidDay& day = failure.spell.days[k];
        ++days;
        attempts += day.attempted;
        recovered += day.end == RecoveryEnd::kByUser;
        by_retry += day.end == RecoveryEnd::kByRetry;
        left += day.end == RecoveryEnd::kCancelled;
      }
    }
  }
  const TrainingMatrix user = Expand(rows, Hazard::kByUser);
  const TrainingMatrix retry = Expand(rows, Hazard::kByRetry);
  const TrainingMatrix cancels = Expand(rows, Hazard::kCancels);
  EXPECT_EQ(user.rows(), days);
  EXPECT_EQ(user.positives(), recovered);
  EXPECT_EQ(retry.rows(), attempts);
  EXPECT_EQ(retry.positives(), by_retry);
  EXPECT_LT(cancels.rows(), days - recovered);
  EXPECT_EQ(cancels.positives(), left);
  EXPECT_GT(left, 3);
  EXPECT_EQ(user.width(), 2 + kFailureColumns);
}

TEST_F(GraceRowsTest, ReadTheUsersRowAsItWasKnownWhenDecided) {
  const GraceRows rows = Build(ledger_);
  const TrainingMatrix matrix = Expand(rows, Hazard::kByUser);
  int later = 0;
  for (int r = 0; r < matrix.rows(); ++r) {
    const float decided = Cell(matrix, r, "failure_decided_day");
    const float since = Cell(matrix, r, "days_since_payment_failed");
    if (decided == 0) {
      EXPECT_EQ(since, 0) << "the failure itself is known, nothing after it";
    } else {
      // The newest attempt was on day 6 for day 7, on day 10 for day 21.
      ++later;
      EXPECT_GT(since, 0);
      EXPECT_LT(since, 22);
      EXPECT_GT(Cell(matrix, r, "payments_failed_28d"), 1);
    }
    EXPECT_GT(Cell(matrix, r, "day_elapsed"), decided);
    EXPECT_TRUE(std::isnan(Cell(matrix, r, "day_attempts_before")));
    EXPECT_EQ(Cell(matrix, r, "day_access"), 2);
  }
  EXPECT_GT(later, 50);
}

TEST_F(GraceRowsTest, AreTheSameOnOneAndTwoThreads) {
  const GraceRows one = Build(ledger_, 1), two = Build(ledger_, 2);
  for (const Hazard hazard :
       {Hazard::kByUser, Hazard::kByRetry, Hazard::kCancels}) {
    const TrainingMatrix a = Expand(one, hazard), b = Expand(two, hazard);
    ASSERT_EQ(a.values.size(), b.values.size());
    EXPECT_EQ(std::memcmp(a.values.data(), b.values.data(),
                          a.values.size() * sizeof(float)),
              0);
    EXPECT_EQ(a.labels, b.labels);
    EXPECT_EQ(a.groups, b.groups);
    EXPECT_EQ(a.times_s, b.times_s);
  }
}

TEST_F(GraceRowsTest, LeaveOutPaymentsByChanceBeyondTheLimit) {
  const GraceRows rows = Build(ledger_);
  const int all = Expand(rows, Hazard::kByUser).rows();
  const TrainingMatrix half =
      rows.Expand(Hazard::kByUser, 0, rows.failures.size(), all / 2);
  EXPECT_GT(half.rows(), all / 4);
  EXPECT_LT(half.rows(), 3 * all / 4);
}

TEST_F(GraceRowsTest, CutAtATimeSayNothingOfDaysAfterIt) {
  GraceRows rows = Build(ledger_);
  const GraceRows whole = rows;
  const absl::Time time = whole.failures[100].spell.failed;
  const std::size_t before = rows.CutAt(time);
  EXPECT_LE(before, 100u);
  EXPECT_GT(before, 90u) << "only those of the last day have no whole one";
  const std::int64_t boundary_day = absl::ToUnixSeconds(time) / 86'400;
  int open_then = 0, newest = 0;
  for (const Hazard hazard :
       {Hazard::kByUser, Hazard::kByRetry, Hazard::kCancels}) {
    const TrainingMatrix learned = rows.Expand(hazard, 0, before, kAll);
    for (int r = 0; r < learned.rows(); ++r) {
      const auto elapsed =
          static_cast<std::int64_t>(Cell(learned, r, "day_elapsed"));
      const std::int64_t day =
          learned.times_s[static_cast<std::size_t>(r)] / 86'400 + elapsed;
      EXPECT_LT(day, boundary_day);
      newest += day + 1 == boundary_day;
    }
  }
  EXPECT_GT(newest, 10) << "up to the day before it";
  for (std::size_t k = 0; k < before; ++k) {
    const UnpaidSpell& spell = rows.failures[k].spell;
    const std::int64_t last = absl::ToUnixSeconds(spell.failed) / 86'400 +
                              static_cast<std::int64_t>(spell.days.size());
    open_then += spell.end == RecoveryEnd::kOpen && last + 1 == boundary_day;
  }
  EXPECT_GT(open_then, 5);
  EXPECT_LT(open_then, 60);
  // The test's own keep all their days.
  ASSERT_EQ(rows.failures.size() - before, whole.failures.size() - 100);
  for (std::size_t k = 100; k < whole.failures.size(); ++k) {
    EXPECT_EQ(rows.failures[before + k - 100].spell.days.size(),
              whole.failures[k].spell.days.size());
  }
}

TEST_F(GraceRowsTest, CutAtATimeForgetWhatBecameKnownLater) {
  // Of every payment that was made we hear four days late.
  MemoryLedger late(catalogue_);
  const auto delay = [](const v1::Event& event, std::int64_t& known_time_us) {
    if (event.payment_attempted().outcome() == v1::PAYMENT_OUTCOME_APPROVED) {
      known_time_us += absl::ToInt64Microseconds(absl::Hours(96));
    }
  };
  testing::CopyEvents(ledger_, late, delay);
  GraceRows rows = Build(late);
  const absl::Time time = rows.failures[100].spell.failed;
  const std::size_t before = rows.CutAt(time);
  const std::int64_t heard_day = absl::ToUnixSeconds(time) / 86'400 - 4;
  int collected = 0;
  for (std::size_t k = 0; k < before; ++k) {
    const UnpaidSpell& spell = rows.failures[k].spell;
    if (spell.end != RecoveryEnd::kByRetry) continue;
    ++collected;
    EXPECT_LE(absl::ToUnixSeconds(spell.failed) / 86'400 +
                  static_cast<std::int64_t>(spell.days.size()),
              heard_day);
  }
  EXPECT_GT(collected, 10);
}

// A plan that is made long after the last event is no sign that nobody paid
// meanwhile.
TEST_F(GraceRowsTest, EndWhereTheLogWasToldWhateverWePlanLater) {
  const GraceRows before = Build(ledger_);
  const absl::Time later = ledger_.Facts().history_end + absl::Hours(24 * 30);
  v1::Event event = MakeEvent("u0", "ours", later);
  event.mutable_grace_planned()->set_full_days(7);
  const UserKey user = keys_.Of("u0");
  GatedEvent gated = EventGate(keys_).AdmitOwn(event, user);
  gated.known_time_us = absl::ToUnixMicros(later);
  ASSERT_TRUE(
      ledger_
          .CommitOnce(
              user, {"r", 1}, later,
              [&](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
                return Ledger::Outcome{gated, ""};
              })
          .ok());
  ASSERT_EQ(ledger_.Facts().history_end, later);
  const GraceRows after = Build(ledger_);
  ASSERT_EQ(after.failures.size(), before.failures.size());
  for (std::size_t k = 0; k < after.failures.size(); ++k) {
    EXPECT_EQ(after.failures[k].spell.days.size(),
              before.failures[k].spell.days.size());
  }
}

TEST_F(GraceRowsTest, LeaveOutWhoHasWithdrawnConsentByTheEndOfTheLog) {
  const std::size_t before = Build(ledger_).failures.size();
  const EventGate gate(keys_);
  for (int user = 0; user < 120; user += 2) {
    v1::Event event =
        MakeEvent(absl::StrCat("u", user), "no", ledger_.Facts().history_end);
    event.mutable_consent_changed()->set_consent_class(
        v1::CONSENT_CLASS_BEHAVIOUR);
    event.mutable_consent_changed()->set_consent(v1::CONSENT_WITHHELD);
    GatedEvent gated;
    ASSERT_FALSE(gate.Admit(event, ledger_.Facts().history_end, gated));
    gated.known_time_us = absl::ToUnixMicros(ledger_.Facts().history_end);
    ASSERT_TRUE(ledger_.Commit(absl::MakeConstSpan(&gated, 1), nullptr).ok());
  }
  const std::size_t after = Build(ledger_).failures.size();
  EXPECT_LT(after, before);
  EXPECT_GT(after, before / 4);
}

}  // namespace
}  // namespace tenuto
