#include "training/verify_replay.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "features/memory_ledger.h"
#include "features/record_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/model_bundle.h"
#include "tests/support/borrowed_ledger.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"
#include "xxhash.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint64_t kSeed = 31;
constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr int kUsers = 30;

// Users whose events come in shuffled batches, scored between the batches and
// recorded as a server does.
class VerifyReplayTest : public ::testing::Test {
 protected:
  VerifyReplayTest() {
    WriteChurnBundle(folder_.path() / "models", catalogue_);
    const auto bundle = ModelBundle::Open(
        folder_.path() / "models" / "churn_14d" / "1", catalogue_);
    EXPECT_TRUE(bundle.ok()) << bundle.status();
    testing::RandomEvents random(kSeed, kStartUs, 90);
    std::vector<GatedEvent> all;
    for (int k = 0; k < kUsers; ++k) {
      const auto life = random.Life(testing::TestUser(k % 20, k), 40);
      all.insert(all.end(), life.begin(), life.end());
    }
    random.draws().Shuffle(all);
    for (std::size_t from = 0; from < all.size(); from += 100) {
      const auto batch = absl::MakeConstSpan(all).subspan(from, 100);
      EXPECT_TRUE(ledger_.Commit(batch, nullptr).ok());
      if (from + 100 >= all.size()) break;  // The end is not scored.
      for (int k = 0; k < 20; ++k) {
        // Some users have no event yet, one never will.
        const int user = static_cast<int>(random.draws().Between(0, kUsers));
        const std::int64_t as_of_us =
            kStartUs + random.draws().Between(0, 120) * kDayUs;
        Record(testing::TestUser(user % 20, user), as_of_us, *(*bundle)->plan(),
               /*whole=*/k % 4 == 0);
      }
    }
  }

  void Record(const UserKey& user, std::int64_t as_of_us,
              const FeaturePlan& plan, bool whole) {
    std::string state;
    ASSERT_TRUE(ledger_.LoadState(user, state).ok());
    const absl::Time history_start = ledger_.Facts().history_start;
    std::vector<float> row(static_cast<std::size_t>(plan.width()));
    ASSERT_TRUE(plan.Assemble(state,
                              {absl::FromUnixMicros(as_of_us), history_start},
                              absl::MakeSpan(row))
                    .ok());
    v1::ScoreRecord record;
    record.set_user_key(std::string(user.view()));
    record.set_as_of_us(as_of_us);
    record.set_history_start_us(absl::ToUnixMicros(history_start));
    record.set_applied_through(AppliedThrough(state));
    record.set_model("churn_14d");
    record.set_model_version(1);
    record.set_row_hash(XXH3_64bits(row.data(), row.size() * sizeof(float)));
    if (whole) record.mutable_row()->Add(row.begin(), row.end());
    records_.push_back(record);
  }

  absl::StatusOr<VerifyResult> Verify(const Ledger& ledger, int threads = 2) {
    const auto directory = folder_.path() / "records";
    std::filesystem::remove_all(directory);
    RecordLogOptions options;
    options.directory = directory;
    options.linger = absl::ZeroDuration();
    {
      auto log = RecordLog::Open(options);
      EXPECT_TRUE(log.ok()) << log.status();
      for (const v1::ScoreRecord& record : records_) (*log)->Append(record);
    }
    auto recorded = ReadRecordedScores(directory);
    if (!recorded.ok()) return recorded.status();
    return VerifyReplay(ledger, catalogue_, *std::move(recorded),
                        folder_.path() / "models", threads);
  }

  std::size_t WholeRow(int skip = 0) const {
    std::size_t at = 0;
    for (; records_[at].row_size() == 0 || skip-- > 0; ++at) {
    }
    return at;
  }

  const TempFolder folder_;
  const Catalogue& catalogue_ = Catalogue::Embedded();
  MemoryLedger ledger_{catalogue_};
  std::vector<v1::ScoreRecord> records_;
};

TEST_F(VerifyReplayTest, FindsNoDifferenceInWhatWasServed) {
  for (const int threads : {1, 2}) {
    const auto result = Verify(ledger_, threads);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->events,
              static_cast<std::int64_t>(ledger_.Facts().last_position));
    EXPECT_EQ(result->states, kUsers);
    EXPECT_EQ(result->states_differing, 0);
    EXPECT_EQ(result->rows, static_cast<std::int64_t>(records_.size()));
    EXPECT_EQ(result->rows_with_values * 4, result->rows);
    EXPECT_EQ(result->rows_differing, 0);
    EXPECT_THAT(result->first_differences, SizeIs(0));
  }
}

TEST_F(VerifyReplayTest, FindsTheOneFloatThatWasServedOtherwise) {
  v1::ScoreRecord& record = records_[WholeRow()];
  record.set_row(3, 1234.5f);
  const auto result = Verify(ledger_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->states_differing, 0);
  EXPECT_EQ(result->rows_differing, 1);
  ASSERT_THAT(result->first_differences, SizeIs(1));
  EXPECT_THAT(result->first_differences[0],
              HasSubstr(" in " + catalogue_.features()[3].name +
                        ": served 1234.5, replayed "));
}

TEST_F(VerifyReplayTest, ComparesBitsSoThatMinusZeroIsNotZero) {
  for (std::size_t at = 0; at < records_.size(); ++at) {
    auto& row = *records_[at].mutable_row();
    const auto zero = std::find(row.begin(), row.end(), 0.0f);
    if (zero == row.end()) continue;
    *zero = -0.0f;
    EXPECT_EQ(Verify(ledger_)->rows_differing, 1);
    return;
  }
  FAIL() << "no row has a zero";
}

TEST_F(VerifyReplayTest, FindsExactlyTheRecordsThatWereTamperedWith) {
  // Without its values a row still has its hash.
  for (const std::size_t at : {1u, 2u, 3u, 9u, 10u, 11u, 17u}) {
    records_[at].set_row_hash(records_[at].row_hash() + 1);
  }
  // A row of another width.
  records_[WholeRow(6)].mutable_row()->RemoveLast();
  const auto result = Verify(ledger_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows_differing, 8);
  EXPECT_EQ(result->states_differing, 0);
  EXPECT_THAT(result->first_differences, SizeIs(5)) << "the first of them";
}

TEST_F(VerifyReplayTest, FindsTheStateThatKnowsAnEventTheLogHasNot) {
  const Position last = ledger_.Facts().last_position;
  const BorrowedLedger lossy(ledger_, [last](const LoggedEvent& event) {
    return event.position == last;
  });
  const auto result = Verify(lossy);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->events, static_cast<std::int64_t>(last) - 1);
  EXPECT_EQ(result->states_differing, 1);
  EXPECT_EQ(result->rows_differing, 0) << "nobody was scored since";
  EXPECT_THAT(result->first_differences[0],
              HasSubstr("is not the fold of the log"));
}

TEST_F(VerifyReplayTest, FindsTheStateOfAUserWhomTheLogDoesNotKnow) {
  records_.clear();
  const UserKey gone = testing::TestUser(4, 4);
  const BorrowedLedger lossy(
      ledger_, [gone](const LoggedEvent& event) { return event.user == gone; });
  const auto result = Verify(lossy);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->states, kUsers);
  EXPECT_EQ(result->states_differing, 1);
  EXPECT_THAT(result->first_differences, SizeIs(1));
}

TEST_F(VerifyReplayTest, NeedsNoRecordsWhereNothingWasServed) {
  const auto none = ReadRecordedScores(folder_.path() / "none");
  ASSERT_TRUE(none.ok()) << none.status();
  const auto result =
      VerifyReplay(ledger_, catalogue_, *none, folder_.path() / "no models", 1);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->rows, 0);
  EXPECT_EQ(result->states, kUsers);
}

TEST_F(VerifyReplayTest, SaysWhichBundleIsMissingOrCannotReadALedger) {
  records_[5].set_model_version(7);
  EXPECT_EQ(Verify(ledger_).status().code(), absl::StatusCode::kNotFound);
  WriteTableBundle(folder_.path() / "models", "table");
  records_[5].set_model("table");
  records_[5].set_model_version(1);
  const auto result = Verify(ledger_);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(result.status().message(), "model table reads no ledger");
}

TEST_F(VerifyReplayTest, RefusesARecordWithoutAUser) {
  records_[5].clear_user_key();
  const auto result = Verify(ledger_);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(result.status().message(), "a score record has no user key");
}

}  // namespace
}  // namespace tenuto
