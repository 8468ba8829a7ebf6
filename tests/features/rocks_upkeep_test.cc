// What the upkeep of RocksDB does to the files of a store.
#include "features/rocks_upkeep.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "features/request_memory.h"
#include "features/rocks_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "rocksdb/listener.h"
#include "tests/support/byte_scan.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

class RocksUpkeepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = RocksStore::Open({folder_.path(), false, 2, &clock_});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Put(Family family, absl::string_view key, absl::string_view value) {
    StoreBatch batch(*store_);
    batch.Put(family, key, value);
    ASSERT_TRUE(store_->Write(batch).ok());
  }

  const TempFolder folder_;
  FixedClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::unique_ptr<RocksStore> store_;
};

// The first and last key of a file are in the manifest as well.
TEST_F(RocksUpkeepTest, PurgesDeletedKeysFromEveryFile) {
  for (const char* key : {"a-first-key", "m-middle-key", "z-last-key"}) {
    Put(Family::kState, key, absl::StrCat("value of ", key));
  }
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_THAT(testing::FindBytes(folder_.path(), {"z-last-key"}),
              Not(IsEmpty()));
  StoreBatch batch(*store_);
  batch.Delete(Family::kState, "a-first-key");
  batch.Delete(Family::kState, "z-last-key");
  ASSERT_TRUE(store_->Write(batch).ok());
  const KeyRange all{Family::kState, "a", "zz"};
  const absl::Status purged = store_->Purge({&all, 1});
  ASSERT_TRUE(purged.ok()) << purged;
  EXPECT_THAT(testing::FindBytes(folder_.path(), {"a-first-key", "z-last-key"}),
              IsEmpty());
  std::string value;
  ASSERT_TRUE(store_->Get(Family::kState, "m-middle-key", value).ok());
  EXPECT_EQ(value, "value of m-middle-key");
}

TEST_F(RocksUpkeepTest, WaitsForReadersOfOldFiles) {
  Put(Family::kState, "b-key-to-go", "value");
  ASSERT_TRUE(store_->Flush().ok());
  auto reader = std::make_unique<StoreCursor>(*store_, Family::kState);
  StoreBatch batch(*store_);
  batch.Delete(Family::kState, "b-key-to-go");
  ASSERT_TRUE(store_->Write(batch).ok());
  std::atomic<bool> released{false};
  std::thread purge([&] {
    const KeyRange all{Family::kState, "a", "z"};
    EXPECT_TRUE(store_->Purge({&all, 1}).ok());
    EXPECT_TRUE(released) << "did not wait";
  });
  EXPECT_THAT(testing::FindBytes(folder_.path(), {"b-key-to-go"}),
              Not(IsEmpty()));
  released = true;
  reader.reset();
  purge.join();
  EXPECT_THAT(testing::FindBytes(folder_.path(), {"b-key-to-go"}), IsEmpty());
}

// Keeps a flush from installing the file that it has written until a search for
// leftovers, which found that file, has gone on for a while.
class SearchDuringAFlush final : public rocksdb::EventListener {
 public:
  explicit SearchDuringAFlush(rocksdb::DB*& db) : db_(db) {}
  ~SearchDuringAFlush() override { Join(); }
  void OnTableFileCreated(const rocksdb::TableFileCreationInfo&) override {
    search_ = std::thread([this] {
      const rocksdb::Status status = RemoveLeftovers(*db_);
      EXPECT_TRUE(status.ok()) << status.ToString();
      found_all_.Notify();
    });
    EXPECT_FALSE(
        found_all_.WaitForNotificationWithTimeout(absl::Milliseconds(200)))
        << "the new file was never on the list";
  }
  bool EndsWithin(absl::Duration wait) {
    return found_all_.WaitForNotificationWithTimeout(wait);
  }
  void Join() {
    if (search_.joinable()) search_.join();
  }

 private:
  rocksdb::DB*& db_;
  std::thread search_;
  absl::Notification found_all_;
};

TEST_F(RocksUpkeepTest, TakesNoFileForALeftoverThatAFlushWasStillWriting) {
  rocksdb::DB* opened = nullptr;
  const auto search = std::make_shared<SearchDuringAFlush>(opened);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.listeners = {search};
  ASSERT_TRUE(
      rocksdb::DB::Open(options, folder_.path() / "flushed", &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  ASSERT_TRUE(db->Put({}, "key", "value").ok());
  ASSERT_TRUE(db->Flush({}).ok());
  EXPECT_TRUE(search->EndsWithin(absl::Seconds(20)));
  search->Join();
}

TEST_F(RocksUpkeepTest, DropsAnswersADayOld) {
  Put(Family::kRequests, "r1", ReceiptRecord({}, {"r1", 1}, clock_.Now()));
  Put(Family::kRequests, "r2",
      ReceiptRecord({}, {"r2", 1}, clock_.Now() + absl::Hours(1)));
  Put(Family::kRequests, "r3", "\xff damage");
  clock_.Set(clock_.Now() + absl::Hours(24));
  const KeyRange all{Family::kRequests, "a", "z"};
  ASSERT_TRUE(store_->Purge({&all, 1}).ok());
  std::string value;
  ASSERT_TRUE(store_->Get(Family::kRequests, "r1", value).ok());
  EXPECT_EQ(value, "");
  ASSERT_TRUE(store_->Get(Family::kRequests, "r2", value).ok());
  EXPECT_NE(value, "");
  ASSERT_TRUE(store_->Get(Family::kRequests, "r3", value).ok());
  EXPECT_NE(value, "") << "is not ours to remove";
}

}  // namespace
}  // namespace tenuto
