#include "features/rocks_opening.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_reason.h"
#include "features/rocks_files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/write_batch.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

class RocksOpeningTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<RocksOpening>> Open(
      RocksOpening::For purpose) {
    options_.directory = folder_.path();
    return RocksOpening::Open(options_, purpose, *files_, nullptr);
  }
  static rocksdb::Status Put(const RocksOpening& opening, const char* key) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    return opening.db().Put(synced, opening.Of(Family::kState), key, "value");
  }
  static std::string Get(const RocksOpening& opening, const char* key) {
    std::string value;
    const rocksdb::Status status = opening.db().Get(
        rocksdb::ReadOptions(), opening.Of(Family::kState), key, &value);
    return status.ok() ? value : status.ToString();
  }

  const TempFolder folder_;
  std::unique_ptr<rocksdb::Env> files_ = MakePrivateFiles(nullptr);
  RocksStoreOptions options_;
};

// What RocksStore does after its disk failed rests on this.
TEST_F(RocksOpeningTest, ForReadingStandsBesideTheOldAndTheNextForWriting) {
  auto before = Open(RocksOpening::For::kWriting);
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_TRUE(Put(**before, "a").ok());
  auto between = Open(RocksOpening::For::kReadingAlone);
  ASSERT_TRUE(between.ok()) << between.status();
  EXPECT_EQ(Get(**between, "a"), "value") << "from the write-ahead log";
  EXPECT_EQ(Open(RocksOpening::For::kWriting).status().code(),
            absl::StatusCode::kFailedPrecondition);
  before->reset();
  EXPECT_EQ(Get(**between, "a"), "value");
  EXPECT_FALSE(Put(**between, "b").ok());
  auto next = Open(RocksOpening::For::kWriting);
  ASSERT_TRUE(next.ok()) << next.status();
  ASSERT_TRUE(Put(**next, "b").ok());
  ASSERT_TRUE(
      (*next)
          ->db()
          .CompactRange({}, (*next)->Of(Family::kState), nullptr, nullptr)
          .ok());
  EXPECT_EQ(Get(**between, "a"), "value") << "its files are gone by name only";
  between->reset();
  EXPECT_EQ(Get(**next, "a"), "value") << "what ended took no file along";
  next->reset();
  next = Open(RocksOpening::For::kWriting);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(Get(**next, "b"), "value");
}

TEST_F(RocksOpeningTest, LeavesNoTablesEachTimeThatItFails) {
  const auto tables = [this] {
    int count = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(folder_.path() / "rocks")) {
      count += file.path().extension() == ".sst";
    }
    return count;
  };
  ASSERT_TRUE(Put(**Open(RocksOpening::For::kWriting), "a").ok());
  const auto faulty = std::make_shared<testing::FaultyFileSystem>();
  files_ = MakePrivateFiles(faulty);
  int failures = 0;
  for (int n = 1; n < 80; ++n) {
    faulty->FailCall(n, testing::kEveryCall, testing::FailsAs::kNoSpace);
    const int before = tables();
    if (Open(RocksOpening::For::kWriting).ok()) continue;
    ++failures;
    // One, if the new manifest that names it had become the current one.
    EXPECT_LE(tables(), before + 1) << "call " << n;
  }
  EXPECT_GT(failures, 10);
  EXPECT_LE(tables(), 8);
  faulty->FailNoMore();
  EXPECT_EQ(Get(**Open(RocksOpening::For::kWriting), "a"), "value");
}

TEST_F(RocksOpeningTest, CanChangeNothingMoreOnceAChangeHasFailed) {
  const auto faulty = std::make_shared<testing::FaultyFileSystem>();
  files_ = MakePrivateFiles(faulty);
  const auto opening = *Open(RocksOpening::For::kWriting);
  EXPECT_TRUE(opening->can_change());
  faulty->FailCall(1, {testing::FileCall::kSync}, testing::FailsAs::kNoSpace);
  EXPECT_TRUE(Put(*opening, "a").IsNoSpace());
  EXPECT_FALSE(opening->can_change());
  EXPECT_FALSE(opening->damaged());
  EXPECT_FALSE(opening->db().Resume().ok()) << "it must not go on";
  EXPECT_FALSE(Put(*opening, "b").ok());
}

// Of the threads of this process that have such a name.
std::vector<int> NicenessOf(absl::string_view name) {
  std::vector<int> niceness;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    std::string its;
    std::getline(std::ifstream(task.path() / "comm"), its);
    if (its != name) continue;
    niceness.push_back(::getpriority(
        PRIO_PROCESS,
        static_cast<id_t>(std::stoi(task.path().filename().string()))));
  }
  return niceness;
}

TEST_F(RocksOpeningTest, MakesTablesBehindWhoeverWaitsForAnAnswer) {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  options_.answers_first = true;
  const auto opening = *Open(RocksOpening::For::kWriting);
  ASSERT_TRUE(Put(*opening, "a").ok());
  ASSERT_TRUE(opening->db().Flush({}, opening->Of(Family::kState)).ok());
  ASSERT_TRUE(
      opening->db()
          .CompactRange({}, opening->Of(Family::kState), nullptr, nullptr)
          .ok());
  for (const char* const name : {"rocksdb:high", "rocksdb:low"}) {
    EXPECT_THAT(NicenessOf(name), ::testing::Contains(before + 5)) << name;
  }
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), before) << "this thread answers";
}

TEST_F(RocksOpeningTest, ForReadingHasAllThatWasDurableHoweverBusyTheWriter) {
  const auto writer = *Open(RocksOpening::For::kWriting);
  std::atomic<bool> done{false};
  std::atomic<int> durable{0};
  std::thread busy([&] {  // New logs, tables and manifests; old ones go.
    for (int k = 1; !done; ++k) {
      EXPECT_TRUE(Put(*writer, absl::StrCat(k).c_str()).ok());
      durable = k;
      if (k % 10 != 0) continue;
      EXPECT_TRUE(writer->db().Flush({}, writer->Of(Family::kState)).ok());
      if (k % 40 != 0) continue;
      EXPECT_TRUE(
          writer->db()
              .CompactRange({}, writer->Of(Family::kState), nullptr, nullptr)
              .ok());
    }
  });
  while (durable < 10) std::this_thread::yield();
  for (int k = 0; k < 200; ++k) {
    const int before = durable;
    const auto reader = Open(RocksOpening::For::kReadingBesideWriter);
    EXPECT_TRUE(reader.ok()) << reader.status();
    if (!reader.ok()) continue;
    for (int back = 0; back < std::min(before, 30); ++back) {
      EXPECT_EQ(Get(**reader, absl::StrCat(before - back).c_str()), "value");
    }
  }
  done = true;
  busy.join();
}

TEST_F(RocksOpeningTest, MissesNoTableThatIsGone) {
  for (const char* key : {"a", "b"}) {  // A table each.
    const auto writer = *Open(RocksOpening::For::kWriting);
    ASSERT_TRUE(Put(*writer, key).ok());
    ASSERT_TRUE(writer->db().Flush({}, writer->Of(Family::kState)).ok());
  }
  for (const auto& file :
       std::filesystem::directory_iterator(folder_.path() / "rocks")) {
    if (file.path().extension() != ".sst") continue;
    const auto aside = folder_.path() / "aside";
    std::filesystem::rename(file.path(), aside);
    for (const auto purpose :
         {RocksOpening::For::kReadingAlone, RocksOpening::For::kWriting,
          RocksOpening::For::kReadingBesideWriter}) {
      EXPECT_TRUE(absl::IsDataLoss(Open(purpose).status())) << file.path();
    }
    std::filesystem::rename(aside, file.path());
  }
  EXPECT_EQ(Get(**Open(RocksOpening::For::kReadingBesideWriter), "a"), "value");
}

TEST_F(RocksOpeningTest, MakesNothingForReading) {
  for (const auto purpose : {RocksOpening::For::kReadingAlone,
                             RocksOpening::For::kReadingBesideWriter}) {
    EXPECT_FALSE(Open(purpose).ok());
  }
}

TEST(FromRocks, TellsAFullDiskFromDamageAndFromTheRest) {
  const auto reason = [](const rocksdb::Status& status) {
    const auto payload = FromRocks(status, "x").GetPayload(kReasonUrl);
    return payload ? std::string(*payload) : "";
  };
  EXPECT_TRUE(FromRocks(rocksdb::Status::OK(), "x").ok());
  EXPECT_EQ(FromRocks(rocksdb::Status::Corruption("bad"), "x").code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(FromRocks(rocksdb::Status::IOError("bad"), "x").code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(reason(rocksdb::Status::NoSpace()), "DISK_FULL");
  EXPECT_EQ(reason(rocksdb::Status::IOError("bad")), "IO_ERROR");
  EXPECT_EQ(FromRocks(rocksdb::Status::IOError("bad"), "doing it").message(),
            "doing it: IO error: bad");
}

}  // namespace
}  // namespace tenuto
