#include "features/record_file.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

std::string FileOf(int records) {
  std::string bytes(kRecordFileMagic.data(), kRecordFileMagic.size());
  for (int k = 1; k <= records; ++k) {
    v1::ScoreRecord record;
    record.set_as_of_us(k);
    AppendRecordFrame(record, bytes);
  }
  return bytes;
}

TEST(RecordFile, IsReadUntilItsTornTail) {
  const TempFolder folder;
  const std::string bytes = FileOf(3);
  for (std::size_t cut = 0; cut <= 14; cut += 7) {
    std::int64_t sum = 0;
    const auto more = ReadRecordFile(
        folder.Write("1.scores", bytes.substr(0, bytes.size() - cut)),
        [&](const v1::ScoreRecord& record) {
          sum += record.as_of_us();
          return true;
        });
    ASSERT_TRUE(more.ok()) << more.status();
    EXPECT_TRUE(*more);
    EXPECT_EQ(sum, cut == 0 ? 6 : 3) << cut;
  }
}

TEST(RecordFile, NamesDamage) {
  const TempFolder folder;
  std::string bytes = FileOf(3);
  bytes[21] ^= 1;
  const auto read = ReadRecordFile(folder.Write("1.scores", bytes),
                                   [](const v1::ScoreRecord&) { return true; });
  EXPECT_TRUE(absl::IsDataLoss(read.status())) << read.status();
}

TEST(RecordFile, KeepsTheFramesThatAreWanted) {
  const std::string frames = FileOf(5).substr(kRecordFileMagic.size());
  EXPECT_EQ(KeepRecordFrames(frames, [](const auto&) { return true; }), frames);
  EXPECT_EQ(KeepRecordFrames(frames, [](const auto&) { return false; }), "");
  const std::string kept = KeepRecordFrames(
      frames,
      [](const v1::ScoreRecord& record) { return record.as_of_us() <= 2; });
  EXPECT_EQ(kept, frames.substr(0, 2 * RecordFrameSize(frames)));
}

TEST(RecordFile, IsListedByRisingNumber) {
  const TempFolder folder;
  for (const char* name :
       {"10.scores", "9.scores", "x.scores", "erased_users.txt"}) {
    folder.Write(name, "");
  }
  const auto files = ListRecordFiles(folder.path());
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].first, 9);
  EXPECT_EQ((*files)[1].first, 10);
}

}  // namespace
}  // namespace tenuto
