#include "features/state_backfill.h"

#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "features/ledger_log.h"
#include "features/log_record.h"
#include "gtest/gtest.h"
#include "tests/support/changed_catalogue.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

constexpr int kUsers = 20;

class StateBackfill : public ::testing::Test {
 protected:
  StateBackfill() {
    store_ = *RocksStore::Open({folder_.path(), false, 2});
    // Every life is one record, and the states are of no signals at all.
    Position next = 1;
    for (int user = 0; user < kUsers; ++user) {
      const UserKey key = testing::TestUser(user % 7, user);
      const auto life = random_.Life(key, 50);
      std::vector<int> all(life.size());
      std::iota(all.begin(), all.end(), 0);
      std::string record;
      AppendLogRecord(life, all, record);
      firsts_.push_back(next);
      StoreBatch batch(*store_);
      batch.Put(Family::kLog, LogKey(key.partition(), next), record);
      batch.Put(Family::kState, key.view(), "of other signals");
      EXPECT_EQ(store_->Write(batch), absl::OkStatus());
      UserState state(fold_.layout());
      EventView view;
      for (const GatedEvent& event : life) {
        EXPECT_TRUE(view.Parse(event.event));
        fold_.Apply(view, next++, state);
      }
      state.Encode(expected_.emplace_back());
    }
    Load();
    StoreBatch batch(*store_);
    layouts_->Save(batch);
    EXPECT_EQ(store_->Write(batch), absl::OkStatus());
  }

  void Load() {
    layouts_ = std::make_unique<StateLayouts>(
        *StateLayouts::Load(*store_, Catalogue::Embedded(), true));
  }
  absl::Status Run(absl::FunctionRef<bool(const BackfillProgress&)> go_on) {
    return BackfillStates(
        *store_, fold_, *layouts_, holds_,
        [&](const UserKey& user) { forgotten_.insert(user); }, go_on);
  }
  std::string StoredState(int user) {
    std::string state;
    EXPECT_EQ(store_->Get(Family::kState,
                          testing::TestUser(user % 7, user).view(), state),
              absl::OkStatus());
    return state;
  }
  void ExpectWhole() {
    for (int user = 0; user < kUsers; ++user) {
      std::string state = StoredState(user);
      ASSERT_EQ(layouts_->ToCurrent(state), absl::OkStatus());
      EXPECT_EQ(state, expected_[static_cast<std::size_t>(user)]) << "seed 61";
    }
    Load();
    EXPECT_TRUE(layouts_->pending().empty());
    EXPECT_FALSE(layouts_->unknown_states());
    EXPECT_EQ(layouts_->record().layouts_size(), 1);
  }

  const TempFolder folder_;
  const SignalFold fold_{Catalogue::Embedded()};
  testing::RandomEvents random_{61, 1'700'000'000'000'000, 30};
  std::unique_ptr<RocksStore> store_;
  std::unique_ptr<StateLayouts> layouts_;
  UserHolds holds_{[](int) {}};
  std::set<UserKey> forgotten_;
  std::vector<std::string> expected_;
  std::vector<Position> firsts_;
};

TEST_F(StateBackfill, FoldsTheLogOfEveryUserAndThenHasNothingToDo) {
  BackfillProgress last;
  ASSERT_EQ(Run([&](const BackfillProgress& now) {
              EXPECT_GE(now.partitions_done, last.partitions_done);
              last = now;
              return true;
            }),
            absl::OkStatus());
  EXPECT_EQ(last.partitions_done, kPartitions);
  EXPECT_EQ(last.users, kUsers);
  EXPECT_EQ(last.events, kUsers * 50);
  EXPECT_EQ(forgotten_.size(), static_cast<std::size_t>(kUsers));
  ExpectWhole();
  EXPECT_EQ(Run([](const BackfillProgress&) { return false; }),
            absl::OkStatus());
}

TEST_F(StateBackfill, GoesOnWhereAnEarlierOneWasStopped) {
  int runs = 0;
  std::int64_t events = 0;
  absl::Status status = absl::CancelledError();
  for (; absl::IsCancelled(status); ++runs) {
    ASSERT_LT(runs, 2000);
    Load();
    EXPECT_FALSE(layouts_->pending().empty()) << "before all of it is done";
    int asked = 0;
    BackfillProgress last;
    status = Run([&](const BackfillProgress& now) {
      last = now;
      return ++asked <= 1;
    });
    events += last.events;
  }
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_EQ(runs, 8) << "7 partitions have users, and the end is noted";
  EXPECT_LE(events, 2 * kUsers * 50) << "no partition is done again and again";
  ExpectWhole();
}

TEST_F(StateBackfill, BringsNobodyBackWhoWasErasedMeanwhile) {
  const UserKey erased = testing::TestUser(0, 0);
  bool done = false;
  ASSERT_EQ(Run([&](const BackfillProgress& now) {
              if (now.events > 0 && !done) {
                done = true;
                StoreBatch batch(*store_);
                batch.Put(Family::kLog, LogKey(0, firsts_[0]),
                          ErasedLogRecord(50));
                batch.Put(Family::kState, erased.view(), "");
                EXPECT_EQ(store_->Write(batch), absl::OkStatus());
              }
              return true;
            }),
            absl::OkStatus());
  EXPECT_TRUE(done);
  EXPECT_EQ(StoredState(0), "");
  EXPECT_NE(StoredState(7), "");
}

TEST_F(StateBackfill, AddsWhatCameInAfterTheLogWasRead) {
  const UserKey user = testing::TestUser(0, 0);
  const auto more = random_.Life(user, 1);
  const Position next = kUsers * 50 + 1;
  bool done = false;
  ASSERT_EQ(Run([&](const BackfillProgress& now) {
              if (now.events > 0 && !done) {
                done = true;
                std::string record;
                AppendLogRecord(more, std::vector<int>{0}, record);
                StoreBatch batch(*store_);
                batch.Put(Family::kLog, LogKey(0, next), record);
                EXPECT_EQ(store_->Write(batch), absl::OkStatus());
              }
              return true;
            }),
            absl::OkStatus());
  ASSERT_TRUE(done);
  UserState state(fold_.layout());
  EventView view;
  ASSERT_EQ(state.Decode(expected_[0]), absl::OkStatus());
  ASSERT_TRUE(view.Parse(more[0].event));
  fold_.Apply(view, next, state);
  state.Encode(expected_[0]);
  ExpectWhole();
}

TEST_F(StateBackfill, DoesNotTakeALogDamagedMeanwhileForAnErasure) {
  const absl::Status status = Run([&](const BackfillProgress& now) {
    if (now.events > 0) {
      StoreBatch batch(*store_);
      batch.Put(Family::kLog, LogKey(0, firsts_[0]), "\xff");
      EXPECT_EQ(store_->Write(batch), absl::OkStatus());
    }
    return true;
  });
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  Load();
  EXPECT_FALSE(layouts_->pending().empty());
}

TEST_F(StateBackfill, SaysWhichEventOfTheLogIsDamaged) {
  GatedEvent broken = random_.Life(testing::TestUser(200), 1)[0];
  broken.event = "\xff";
  std::string record;
  AppendLogRecord({&broken, 1}, std::vector<int>{0}, record);
  StoreBatch batch(*store_);
  batch.Put(Family::kLog, LogKey(200, 7000), record);
  ASSERT_EQ(store_->Write(batch), absl::OkStatus());
  const absl::Status status = Run([](const BackfillProgress&) { return true; });
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_NE(status.message().find("position 7000"), std::string::npos);
}

}  // namespace
}  // namespace tenuto
