#include "features/log_file_check.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/rocks_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

// A log that RocksDB wrote: its checksums are not ours.
class LogFileCheckTest : public ::testing::Test {
 protected:
  LogFileCheckTest() {
    auto store = RocksStore::Open({folder_.path()});
    EXPECT_TRUE(store.ok()) << store.status();
    // The third takes more than a block.
    for (const int size : {100, 200, 40'000, 300}) {
      StoreBatch batch(**store);
      batch.Put(Family::kState, "key",
                std::string(static_cast<std::size_t>(size), 'v'));
      EXPECT_TRUE((*store)->Write(batch).ok());
    }
    log_ = LogFilesOf(folder_.path() / "rocks").back();
    bytes_ = *ReadAll(log_);
  }
  static absl::StatusOr<std::string> ReadAll(const std::filesystem::path& path);
  // The length of the frame at `at`, as the file says.
  std::size_t End(std::size_t at) const {
    return at + 7 + static_cast<unsigned char>(bytes_[at + 4]) +
           256 * static_cast<unsigned char>(bytes_[at + 5]);
  }
  LogFileCheck Check(CheckDepth depth = CheckDepth::kChecksums) const {
    return CheckLogBytes(bytes_, depth);
  }
  void Flip(std::size_t at) { bytes_[at] = static_cast<char>(bytes_[at] ^ 4); }

  const TempFolder folder_;
  std::filesystem::path log_;
  std::string bytes_;
};

absl::StatusOr<std::string> LogFileCheckTest::ReadAll(
    const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST_F(LogFileCheckTest, FindsWhatRocksDbWroteWhole) {
  for (const CheckDepth depth : {CheckDepth::kFrames, CheckDepth::kChecksums}) {
    const auto check = CheckLogFile(log_, depth);
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_EQ(check->end, LogEnd::kWhole) << check->what;
    EXPECT_EQ(check->records, 4);
    EXPECT_EQ(check->offset, bytes_.size());
  }
  EXPECT_EQ(CheckLogBytes("", CheckDepth::kFrames).end, LogEnd::kWhole);
  const auto manifest = CheckLogFile(ManifestOf(folder_.path() / "rocks"),
                                     CheckDepth::kChecksums);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->end, LogEnd::kWhole) << manifest->what;
  EXPECT_GT(manifest->records, 4);
}

TEST_F(LogFileCheckTest, CallsEveryCutTornUnlessItIsBetweenRecords) {
  const std::string whole = bytes_;
  int between = 0;
  for (std::size_t size = 1; size < whole.size(); size += size < 700 ? 1 : 97) {
    bytes_ = whole.substr(0, size);
    const LogFileCheck check = Check();
    ASSERT_TRUE(check.end == LogEnd::kTorn || check.end == LogEnd::kWhole)
        << size << ": " << check.what;
    between += check.end == LogEnd::kWhole;
    EXPECT_EQ(Check(CheckDepth::kFrames).end, check.end) << size;
    EXPECT_LE(check.offset, size);
  }
  EXPECT_EQ(between, 2) << "behind the first record and the second";
}

TEST_F(LogFileCheckTest, TellsAWrongLengthFromATornTail) {
  Flip(5);  // 1,024 bytes more: past the next records, in the same block.
  EXPECT_EQ(Check(CheckDepth::kFrames).end, LogEnd::kDamaged);
  Flip(5);
  bytes_.resize(End(End(0)));  // The first two, and the last one's length.
  bytes_[End(0) + 5] = 0x20;
  const LogFileCheck last = Check(CheckDepth::kFrames);
  EXPECT_EQ(last.end, LogEnd::kDamagedLast);
  EXPECT_EQ(last.offset, End(0));
  EXPECT_EQ(last.what, "has a wrong length");
}

TEST_F(LogFileCheckTest, NamesTheRecordThatDoesNotMatchItsChecksum) {
  const std::size_t second = End(0);
  Flip(second + 50);
  EXPECT_EQ(Check(CheckDepth::kFrames).end, LogEnd::kWhole);
  const LogFileCheck check = Check();
  EXPECT_EQ(check.end, LogEnd::kDamaged);
  EXPECT_EQ(check.offset, second);
  EXPECT_EQ(check.records, 1);
  EXPECT_THAT(check.what, HasSubstr("checksum"));
  Flip(second + 50);
  Flip(bytes_.size() - 1);
  EXPECT_EQ(Check().end, LogEnd::kDamagedLast);
  EXPECT_EQ(Check().records, 3);
}

TEST_F(LogFileCheckTest, TakesZerosAtTheEndForSpaceNeverWritten) {
  const std::size_t size = bytes_.size();
  bytes_.append(5000, '\0');
  EXPECT_EQ(Check().end, LogEnd::kWhole);
  EXPECT_EQ(Check().offset, size);
  bytes_[size + 3000] = 1;
  EXPECT_EQ(Check().end, LogEnd::kDamagedLast);
}

TEST_F(LogFileCheckTest, MakesSenseOfAnyBytes) {
  constexpr std::uint64_t kSeed = 77;
  testing::Draws draws(kSeed);
  const auto below = [&](std::size_t n) {
    return static_cast<std::size_t>(
        draws.Between(0, static_cast<std::int64_t>(n) - 1));
  };
  const std::string whole = bytes_;
  const std::size_t first = End(0), second = End(first);
  int unchanged = 0;
  for (int round = 0; round < 3000; ++round) {
    bytes_ = whole;
    for (auto changes = draws.Between(1, 4); changes > 0; --changes) {
      const std::size_t at = below(bytes_.size());
      switch (draws.Between(0, 4)) {
        case 0:
          bytes_.resize(at + 1);
          break;
        case 1:  // A frame's header, as good as any.
          bytes_.insert(at, std::string("\1\2\3\4\xff\x7f\1", 7));
          break;
        case 2:
          bytes_.insert(at, bytes_.substr(below(bytes_.size()), 300));
          break;
        case 3:
          bytes_[first + 4 + below(3)] = static_cast<char>(draws.Next());
          break;
        default:
          bytes_[at] = static_cast<char>(draws.Next());
      }
      if (bytes_.size() < first + 7) bytes_ = whole;
    }
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", round ", round));
    const LogFileCheck frames = Check(CheckDepth::kFrames);
    const LogFileCheck check = Check();
    EXPECT_LE(check.offset, frames.offset) << "checksums find no less";
    EXPECT_LE(check.records, frames.records);
    for (const LogFileCheck& one : {frames, check}) {
      ASSERT_LE(one.offset, bytes_.size());
      EXPECT_LE(one.records, static_cast<std::int64_t>(bytes_.size() / 7));
      EXPECT_EQ(one.what.empty(), one.end == LogEnd::kWhole) << one.what;
    }
    // What is before the first change is still there.
    const auto same = static_cast<std::size_t>(
        std::mismatch(bytes_.begin(), bytes_.end(), whole.begin(), whole.end())
            .first -
        bytes_.begin());
    unchanged += same == whole.size();
    EXPECT_GE(check.records, (same >= first) + (same >= second));
  }
  EXPECT_LT(unchanged, 300);
}

TEST_F(LogFileCheckTest, LeavesFilesThatAreGoneToTheLockOfTheirWriter) {
  const auto rocks = folder_.path() / "copy" / "rocks";
  std::filesystem::create_directories(rocks);
  folder_.Write("copy/rocks/000009.log", bytes_.substr(0, bytes_.size() - 1));
  std::filesystem::create_symlink("gone", rocks / "000010.log");
  EXPECT_TRUE(absl::IsNotFound(
      CheckLogFile(rocks / "000010.log", CheckDepth::kFrames).status()));
  EXPECT_EQ(*CountTornTails(rocks, CheckDepth::kChecksums), 1);
}

TEST_F(LogFileCheckTest, TellsAStartWhatItCannotRecover) {
  const auto rocks = folder_.path() / "copy" / "rocks";
  std::filesystem::create_directories(rocks);
  const std::string whole = bytes_;
  folder_.Write("copy/rocks/000009.log", whole.substr(0, whole.size() - 1));
  folder_.Write("copy/rocks/000010.log", whole);
  EXPECT_EQ(LogFilesOf(rocks).back().filename(), "000010.log");
  EXPECT_EQ(*CountTornTails(rocks, CheckDepth::kChecksums), 1);
  Flip(End(0) + 50);
  folder_.Write("copy/rocks/000010.log", bytes_);
  EXPECT_EQ(*CountTornTails(rocks, CheckDepth::kFrames), 1);
  const absl::Status status =
      CountTornTails(rocks, CheckDepth::kChecksums).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("000010.log, offset " + std::to_string(End(0))));
}

}  // namespace
}  // namespace tenuto
