#include "features/ledger_log.h"

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "features/log_record.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

class LedgerLogTest : public ::testing::Test {
 protected:
  LedgerLogTest() {
    auto store = RocksStore::Open({folder_.path(), false, 2});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Put(int partition, Position first, const std::string& record) {
    StoreBatch batch(*store_);
    batch.Put(Family::kLog, LogKey(partition, first), record);
    ASSERT_EQ(store_->Write(batch), absl::OkStatus());
  }
  // A record of `count` events of one user.
  static std::string Record(int count) {
    testing::RandomEvents random(7, 1'700'000'000'000'000, 3);
    const auto life = random.Life(testing::TestUser(1), count);
    std::vector<int> all(life.size());
    std::iota(all.begin(), all.end(), 0);
    std::string record;
    AppendLogRecord(life, all, record);
    return record;
  }
  std::vector<Position> Positions(int partition, Position from) {
    std::vector<Position> seen;
    EXPECT_EQ(ScanLog(*store_, partition, from,
                      [&](const LoggedEvent& event) {
                        seen.push_back(event.position);
                        return true;
                      }),
              absl::OkStatus());
    return seen;
  }

  const TempFolder folder_;
  std::unique_ptr<RocksStore> store_;
};

TEST(LogKey, SortsByPartitionThenPosition) {
  EXPECT_LT(LogKey(1, ~Position{0}), LogKey(2, 0));
  EXPECT_LT(LogKey(2, 255), LogKey(2, 256));
  EXPECT_EQ(LogKey(200, 5).size(), 9u);
}

TEST_F(LedgerLogTest, BeginsInsideTheRecordThatHoldsThePosition) {
  Put(3, 10, Record(4));
  Put(3, 20, Record(2));
  Put(4, 14, Record(1));
  EXPECT_EQ(Positions(3, 0), (std::vector<Position>{10, 11, 12, 13, 20, 21}));
  EXPECT_EQ(Positions(3, 12), (std::vector<Position>{12, 13, 20, 21}));
  EXPECT_EQ(Positions(3, 15), (std::vector<Position>{20, 21}));
  EXPECT_TRUE(Positions(5, 0).empty());
}

TEST_F(LedgerLogTest, FindsTheNewestPositionOfAllPartitions) {
  EXPECT_EQ(*LastPosition(*store_), 0u);
  Put(3, 10, Record(4));
  Put(255, 2, Record(1));
  EXPECT_EQ(*LastPosition(*store_), 13u);
}

TEST_F(LedgerLogTest, NamesTheRecordThatDoesNotDecode) {
  Put(3, 10, "\x0a\xff");
  const absl::Status scanned =
      ScanLog(*store_, 3, 0, [](const LoggedEvent&) { return true; });
  EXPECT_EQ(scanned.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(scanned.message(),
            "log partition 3, position 10: the record does not decode");
  EXPECT_EQ(LastPosition(*store_).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tenuto
