#include "features/rocks_store.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/seen_events.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using Entries = std::map<std::string, std::string>;

constexpr std::array<Family, 5> kAllFamilies = {Family::kLog, Family::kState,
                                                Family::kSeen, Family::kMeta,
                                                Family::kRequests};

class RocksStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<RocksStore>> TryOpen(bool read_only = false) {
    return RocksStore::Open({folder_.path(), read_only, 2});
  }
  std::unique_ptr<RocksStore> Open(bool read_only = false) {
    auto store = TryOpen(read_only);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  static void Put(RocksStore& store, Family family, absl::string_view key,
                  absl::string_view value) {
    StoreBatch batch(store);
    batch.Put(family, key, value);
    EXPECT_EQ(store.Write(batch), absl::OkStatus());
  }
  static void Merge(RocksStore& store, Family family, absl::string_view key,
                    absl::string_view value) {
    StoreBatch batch(store);
    batch.Merge(family, key, value);
    EXPECT_EQ(store.Write(batch), absl::OkStatus());
  }
  static std::string Get(const RocksStore& store, Family family,
                         absl::string_view key) {
    std::string value = "from before";
    EXPECT_EQ(store.Get(family, key, value), absl::OkStatus());
    return value;
  }

  const TempFolder folder_;
};

TEST_F(RocksStoreTest, IsReadableForItsOwnerOnly) {
  using std::filesystem::perms;
  const std::filesystem::path ledger = folder_.path() / "new" / "ledger";
  for (int round = 0; round < 2; ++round) {
    auto store = RocksStore::Open({ledger, false, 2});
    ASSERT_TRUE(store.ok()) << store.status();
    Put(**store, Family::kState, "a", "b");
  }
  for (const auto& directory : {ledger, ledger / "rocks"}) {
    EXPECT_EQ(std::filesystem::status(directory).permissions(),
              perms::owner_all)
        << directory;
  }
  int files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(ledger / "rocks")) {
    EXPECT_EQ(entry.status().permissions(),
              perms::owner_read | perms::owner_write)
        << entry.path();
    ++files;
  }
  EXPECT_GT(files, 4);
}

TEST_F(RocksStoreTest, KeepsTheFamiliesApartAndOverReopening) {
  const std::string key("\0\xff\0k", 4);
  auto store = Open();
  StoreBatch batch(*store);
  for (const Family family : kAllFamilies) {
    batch.Put(family, key, absl::StrCat("value ", static_cast<int>(family)));
  }
  ASSERT_EQ(store->Write(batch), absl::OkStatus());
  for (int times = 0; times < 2; ++times) {
    for (const Family family : kAllFamilies) {
      EXPECT_EQ(Get(*store, family, key),
                absl::StrCat("value ", static_cast<int>(family)));
      EXPECT_EQ(Get(*store, family, "another"), "");
    }
    store.reset();
    store = Open();
  }
}

TEST_F(RocksStoreTest, ShowsABatchOnlyWhenItIsWritten) {
  const auto store = Open();
  StoreBatch batch(*store);
  EXPECT_TRUE(batch.empty());
  {
    std::string value = "first";
    batch.Put(Family::kState, "a", value);
    value = "other";  // The batch has its own copy.
  }
  batch.Put(Family::kLog, "b", "second");
  EXPECT_FALSE(batch.empty());
  EXPECT_EQ(Get(*store, Family::kState, "a"), "");
  ASSERT_EQ(store->Write(batch), absl::OkStatus());
  EXPECT_EQ(Get(*store, Family::kState, "a"), "first");
  EXPECT_EQ(Get(*store, Family::kLog, "b"), "second");
}

// Two bytes of day, eight of hash.
std::string Mark(std::mt19937_64& random) {
  std::string mark(10, '\0');
  mark[0] = static_cast<char>(random() % 60);
  for (std::size_t k = 2; k < 10; ++k) mark[k] = static_cast<char>(random());
  return mark;
}

TEST_F(RocksStoreTest, MergesMarksAsTheCommitPlanDoes) {
  std::mt19937_64 random(81);
  auto store = Open();
  std::map<std::string, std::string> expected;
  for (int k = 0; k < 60; ++k) {
    const std::string user = absl::StrCat("user ", random() % 3);
    const std::string mark = Mark(random);
    Merge(*store, Family::kSeen, user, mark);
    expected[user] = MergeMarks(expected[user], mark);
    if (k == 30) {  // What was merged before a restart counts as well.
      store.reset();
      store = Open();
    }
    ASSERT_EQ(Get(*store, Family::kSeen, user), expected[user]) << "seed 81";
  }
}

TEST_F(RocksStoreTest, MergesTheOutermostTimes) {
  std::mt19937_64 random(82);
  std::uniform_int_distribution<std::int64_t> times(-1000, 1000);
  const auto store = Open();
  std::int64_t start = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = std::numeric_limits<std::int64_t>::min();
  for (int k = 0; k < 40; ++k) {
    const std::int64_t time = times(random);
    start = std::min(start, time);
    end = std::max(end, time);
    StoreBatch batch(*store);
    batch.Merge(Family::kMeta, kHistoryStartKey, absl::StrCat(time));
    batch.Merge(Family::kMeta, "history_end_us", absl::StrCat(time));
    ASSERT_EQ(store->Write(batch), absl::OkStatus());
    ASSERT_EQ(Get(*store, Family::kMeta, kHistoryStartKey),
              absl::StrCat(start));
    ASSERT_EQ(Get(*store, Family::kMeta, "history_end_us"), absl::StrCat(end));
  }
}

TEST_F(RocksStoreTest, CallsAMergeOfNoNumbersDamage) {
  const auto store = Open();
  Put(*store, Family::kMeta, kHistoryStartKey, "yesterday");
  Merge(*store, Family::kMeta, kHistoryStartKey, "12");
  std::string value;
  const absl::Status status =
      store->Get(Family::kMeta, kHistoryStartKey, value);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("reading meta: "));
}

std::string RandomKey(std::mt19937_64& random) {
  std::string key(1 + random() % 3, '\0');
  for (char& byte : key) byte = static_cast<char>(random() % 5 * 63);
  return key;
}

void ExpectSame(const StoreCursor& cursor, const Entries& entries,
                Entries::const_iterator at) {
  ASSERT_EQ(cursor.IsIn(""), at != entries.end());
  if (at == entries.end()) return;
  EXPECT_EQ(cursor.key(), at->first);
  EXPECT_EQ(cursor.value(), at->second);
}

// std::map orders keys by their unsigned bytes too.
TEST_F(RocksStoreTest, WalksLikeAnOrderedMap) {
  std::mt19937_64 random(83);
  const auto store = Open();
  Entries entries;
  StoreBatch batch(*store);
  for (int k = 0; k < 60; ++k) {
    const std::string key = RandomKey(random);
    entries[key] = absl::StrCat("value ", k);
    batch.Put(Family::kLog, key, entries[key]);
  }
  batch.Put(Family::kState, "a", "of another family");
  ASSERT_EQ(store->Write(batch), absl::OkStatus());
  StoreCursor cursor(*store, Family::kLog);
  for (int k = 0; k < 200; ++k) {
    SCOPED_TRACE(absl::StrCat("seed 83, round ", k));
    const std::string key = RandomKey(random);
    const auto after = entries.upper_bound(key);
    cursor.SeekBack(key);
    ExpectSame(cursor, entries,
               after == entries.begin() ? entries.end() : std::prev(after));
    auto at = entries.lower_bound(key);
    cursor.Seek(key);
    ExpectSame(cursor, entries, at);
    for (; at != entries.end(); cursor.Next()) {
      EXPECT_EQ(cursor.IsIn(key), at->first.rfind(key, 0) == 0);
      ExpectSame(cursor, entries, at++);
    }
    EXPECT_FALSE(cursor.IsIn(""));
    EXPECT_EQ(cursor.status("walking"), absl::OkStatus());
  }
}

TEST_F(RocksStoreTest, WalksWhatThereWasWhenTheCursorWasMade) {
  const auto store = Open();
  Put(*store, Family::kState, "a", "1");
  StoreCursor cursor(*store, Family::kState);
  Put(*store, Family::kState, "b", "2");
  cursor.Seek("");
  ASSERT_TRUE(cursor.IsIn("a"));
  cursor.Next();
  EXPECT_FALSE(cursor.IsIn(""));
}

TEST_F(RocksStoreTest, TakesBatchesOfManyThreads) {
  const auto store = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int k = 0; k < 25; ++k) {
        const std::string time = absl::StrCat(100 * t + k);
        Put(*store, Family::kState, time, time);
        Merge(*store, Family::kMeta, kHistoryStartKey, time);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Get(*store, Family::kMeta, kHistoryStartKey), "0");
  for (int t = 0; t < 4; ++t) {
    for (int k = 0; k < 25; ++k) {
      const std::string time = absl::StrCat(100 * t + k);
      EXPECT_EQ(Get(*store, Family::kState, time), time);
    }
  }
}

TEST_F(RocksStoreTest, ReadsBesideAWriterAndWritesNothing) {
  const auto writer = Open();
  Put(*writer, Family::kState, "a", "1");
  const auto reader = Open(true);
  ASSERT_NE(reader, nullptr);
  Put(*writer, Family::kState, "b", "2");
  EXPECT_EQ(Get(*reader, Family::kState, "a"), "1");
  EXPECT_EQ(Get(*reader, Family::kState, "b"), "");
  StoreBatch batch(*reader);
  batch.Put(Family::kState, "a", "3");
  const absl::Status refused = reader->Write(batch);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("committing"));
  EXPECT_EQ(Get(*writer, Family::kState, "a"), "1");
}

// Rows are kept at hand when they are read.
TEST_F(RocksStoreTest, ReadsTheSameAgainAndAgain) {
  const auto expect = [](const RocksStore& store, const std::string& state,
                         const std::string& start) {
    for (int k = 0; k < 3; ++k) {
      EXPECT_EQ(Get(store, Family::kState, "user"), state);
      EXPECT_EQ(Get(store, Family::kState, "nobody"), "");
      EXPECT_EQ(Get(store, Family::kMeta, kHistoryStartKey), start);
      std::vector<std::string> values;
      const absl::string_view keys[] = {"user", "nobody"};
      const auto note = [&](std::size_t key, absl::string_view value) {
        EXPECT_EQ(key, values.size());
        values.emplace_back(value);
        return absl::OkStatus();
      };
      EXPECT_EQ(store.GetEach(Family::kState, keys, note), absl::OkStatus());
      EXPECT_EQ(values, (std::vector<std::string>{state, ""}));
    }
  };
  const auto store = Open();
  Put(*store, Family::kState, "user", "old");
  Merge(*store, Family::kMeta, kHistoryStartKey, "30");
  ASSERT_TRUE(store->Flush().ok());
  expect(*store, "old", "30");
  expect(*Open(/*read_only=*/true), "old", "30");
  Put(*store, Family::kState, "user", "new");
  Merge(*store, Family::kMeta, kHistoryStartKey, "20");
  expect(*store, "new", "20");
  ASSERT_TRUE(store->Flush().ok());
  expect(*store, "new", "20");
  expect(*Open(/*read_only=*/true), "new", "20");
  StoreBatch batch(*store);
  batch.Delete(Family::kState, "user");
  ASSERT_TRUE(store->Write(batch).ok());
  expect(*store, "", "20");
  ASSERT_TRUE(store->Purge({{Family::kState, "user", "user"}}).ok());
  expect(*store, "", "20");
  expect(*Open(/*read_only=*/true), "", "20");
}

TEST_F(RocksStoreTest, IsNotFoundWhereNoneWasMade) {
  const absl::Status status = TryOpen(true).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(folder_.path().string()));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(RocksStoreTest, IsHeldByItsOneWriter) {
  const auto store = Open();
  const absl::Status status = TryOpen().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("this process itself"));
}

TEST_F(RocksStoreTest, RefusesADamagedStore) {
  Put(*Open(), Family::kState, "a", "1");
  folder_.Write("rocks/CURRENT", "nothing of the kind");
  for (const bool read_only : {false, true}) {
    const absl::Status status = TryOpen(read_only).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("opening the ledger"));
  }
}

TEST_F(RocksStoreTest, SaysWhichFolderItCannotMake) {
  const std::filesystem::path file = folder_.Write("file", "");
  const absl::Status status = RocksStore::Open({file, false, 2}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr((file).string()));
}

}  // namespace
}  // namespace tenuto
