#include "features/record_log.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/record_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordLogTest : public ::testing::Test {
 protected:
  RecordLogOptions Options() const {
    RecordLogOptions options;
    options.directory = folder_.path() / "records";
    options.linger = absl::ZeroDuration();
    return options;
  }

  static v1::ScoreRecord Record(int number) {
    v1::ScoreRecord record;
    record.set_model("churn_14d");
    record.set_model_version(number);
    record.add_row(0.5f);
    return record;
  }

  // Writes records with these numbers as one process would.
  void Write(const std::vector<int>& numbers) const {
    const auto log = RecordLog::Open(Options());
    ASSERT_TRUE(log.ok()) << log.status();
    for (const int number : numbers) (*log)->Append(Record(number));
  }

  absl::Status Read(std::vector<int>& numbers) const {
    return ReadScoreRecords(
        Options().directory, [&](const v1::ScoreRecord& record) {
          numbers.push_back(static_cast<int>(record.model_version()));
          return true;
        });
  }

  std::filesystem::path File(const std::string& name) const {
    return Options().directory / name;
  }

  void Overwrite(const std::filesystem::path& file,
                 const std::string& bytes) const {
    std::ofstream(file, std::ios::binary) << bytes;
  }

  const TempFolder folder_;
};

TEST_F(RecordLogTest, GivesBackWhatSeveralProcessesWrote) {
  Write({1, 2, 3});
  Write({4});
  std::vector<int> numbers;
  EXPECT_TRUE(Read(numbers).ok());
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4));
}

TEST_F(RecordLogTest, KeepsEveryFieldOfARecord) {
  Write({7});
  std::string bytes;
  ASSERT_TRUE(
      ReadScoreRecords(Options().directory, [&](const v1::ScoreRecord& record) {
        bytes = record.SerializeAsString();
        return true;
      }).ok());
  EXPECT_EQ(bytes, Record(7).SerializeAsString());
}

TEST_F(RecordLogTest, IsReadableForItsOwnerOnly) {
  using std::filesystem::perms;
  Write({1});
  EXPECT_EQ(std::filesystem::status(Options().directory).permissions(),
            perms::owner_all);
  for (const auto& file :
       std::filesystem::directory_iterator(Options().directory)) {
    EXPECT_EQ(file.status().permissions(),
              perms::owner_read | perms::owner_write);
  }
}

TEST_F(RecordLogTest, StopsWhenTheVisitorHasEnough) {
  Write({1, 2});
  Write({3});
  int visits = 0;
  EXPECT_TRUE(
      ReadScoreRecords(Options().directory, [&](const v1::ScoreRecord&) {
        return ++visits < 2;
      }).ok());
  EXPECT_EQ(visits, 2);
}

TEST_F(RecordLogTest, EndsAFileCleanlyWhereverItsTailIsTorn) {
  Write({1, 2});
  const std::string whole = ReadFile(File("0000000001.scores")).value();
  Write({3});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Overwrite(File("0000000001.scores"), whole.substr(0, size));
    std::vector<int> numbers;
    const absl::Status status = Read(numbers);
    EXPECT_TRUE(status.ok()) << size << ": " << status;
    ASSERT_FALSE(numbers.empty());
    EXPECT_EQ(numbers.back(), 3) << "the next file must still be read";
    EXPECT_LE(numbers.size(), 2u);
  }
}

TEST_F(RecordLogTest, TakesUnfilledBlocksAtTheEndForATornTail) {
  Write({1, 2});
  const std::filesystem::path file = File("0000000001.scores");
  Overwrite(file, ReadFile(file).value() + std::string(4096, '\0'));
  std::vector<int> numbers;
  EXPECT_TRUE(Read(numbers).ok());
  EXPECT_THAT(numbers, ElementsAre(1, 2));
}

TEST_F(RecordLogTest, NamesTheFileAndByteOfDamageInTheMiddle) {
  Write({1, 2});
  const std::filesystem::path file = File("0000000001.scores");
  std::string bytes = ReadFile(file).value();
  bytes[8 + 12 + 1] ^= 0x40;
  Overwrite(file, bytes);
  std::vector<int> numbers;
  const absl::Status status = Read(numbers);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("0000000001.scores is damaged at byte 8"));
  EXPECT_TRUE(numbers.empty());
}

TEST_F(RecordLogTest, BeginsANewFileWhenOneIsLarge) {
  RecordLogOptions options = Options();
  options.file_bytes_max = 1;
  options.queue_max = 1000;
  for (int k = 1; k <= 3; ++k) {
    const auto log = RecordLog::Open(options);
    ASSERT_TRUE(log.ok());
    (*log)->Append(Record(k));
  }
  EXPECT_TRUE(std::filesystem::exists(File("0000000003.scores")));
  std::vector<int> numbers;
  EXPECT_TRUE(Read(numbers).ok());
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3));
}

TEST_F(RecordLogTest, CountsWhatAFullQueueLoses) {
  RecordLogOptions options = Options();
  options.queue_max = 8;
  // The writer waits for company that the queue has no room for.
  options.linger = absl::Hours(1);
  RecordLog::Counts before;
  {
    const auto log = RecordLog::Open(options);
    ASSERT_TRUE(log.ok());
    for (int k = 0; k < 100'000; ++k) (*log)->Append(Record(k));
    before = (*log)->counts();
  }
  std::vector<int> numbers;
  EXPECT_TRUE(Read(numbers).ok());
  EXPECT_EQ(static_cast<std::int64_t>(numbers.size()), 100'000 - before.lost);
  EXPECT_GT(before.lost, 0);
}

TEST_F(RecordLogTest, TakesAsManyOfACallsRecordsAsTheQueueHasRoomFor) {
  RecordLogOptions options = Options();
  options.queue_max = 10;
  std::string frames;
  for (int k = 1; k <= 25; ++k) AppendRecordFrame(Record(k), frames);
  {
    const auto log = RecordLog::Open(options);
    ASSERT_TRUE(log.ok());
    (*log)->Append(frames, 25);
    EXPECT_EQ((*log)->counts().lost, 15);
  }
  std::vector<int> numbers;
  EXPECT_TRUE(Read(numbers).ok());
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST_F(RecordLogTest, CountsWhatAFailingDiskLoses) {
  const auto log = RecordLog::Open(Options());
  ASSERT_TRUE(log.ok());
  std::filesystem::remove_all(Options().directory);
  (*log)->Append(Record(1));
  // Wait for the writer's verdict.
  while ((*log)->counts().lost == 0) std::this_thread::yield();
  EXPECT_EQ((*log)->counts().written, 0);

  std::filesystem::create_directories(Options().directory);
  (*log)->Append(Record(2));
  while ((*log)->counts().written == 0) std::this_thread::yield();
  std::vector<int> numbers;
  EXPECT_TRUE(Read(numbers).ok());
  EXPECT_THAT(numbers, ElementsAre(2));
}

TEST_F(RecordLogTest, SaysWhereThereAreNoRecords) {
  std::vector<int> numbers;
  const absl::Status status = Read(numbers);
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("records"));
}

}  // namespace
}  // namespace tenuto
