#include "training/read_ahead.h"

#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

std::string RandomBytes(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>('a' + random() % 20);
  return bytes;
}

// All of it, asked for in pieces of all sizes up to `size_max`.
std::string ReadAll(ReadAhead& ahead, std::size_t size_max,
                    absl::Status& status) {
  std::mt19937 random(11);
  std::string all;
  std::string piece(size_max, '\0');
  while (true) {
    const auto count = ahead.Read(piece.data(), 1 + random() % size_max);
    status = count.status();
    if (!count.ok() || *count == 0) return all;
    all.append(piece, 0, *count);
  }
}

TEST(ReadAhead, GivesWhatTheFileHolds) {
  const TempFolder folder;
  const std::string bytes = RandomBytes(100'000);
  for (const std::size_t block_bytes : {64u, 1000u, 65'536u, 1u << 20}) {
    for (const bool is_packed : {false, true}) {
      SCOPED_TRACE(block_bytes);
      const auto path = is_packed ? folder.Write("a.gz", GzipBytes(bytes))
                                  : folder.Write("a", bytes);
      const auto file = ByteFile::Open(path, 4096);
      ASSERT_TRUE(file.ok()) << file.status();
      ReadAhead ahead(**file, block_bytes);
      absl::Status status;
      EXPECT_TRUE(ReadAll(ahead, 3000, status) == bytes);
      EXPECT_TRUE(status.ok()) << status;
      char more = 0;
      EXPECT_EQ(*ahead.Read(&more, 1), 0u) << "the end stays the end";
    }
  }
}

TEST(ReadAhead, GivesWhatComesBeforeAFaultAndThenTheFaultForEver) {
  const TempFolder folder;
  const std::string bytes = RandomBytes(200'000);
  const std::string packed = GzipBytes(bytes);
  const auto path = folder.Write("a.gz", packed.substr(0, packed.size() / 2));
  const auto file = ByteFile::Open(path, 4096);
  ASSERT_TRUE(file.ok()) << file.status();
  ReadAhead ahead(**file, 1000);
  absl::Status status;
  const std::string read = ReadAll(ahead, 700, status);
  EXPECT_GT(read.size(), bytes.size() / 4);
  EXPECT_TRUE(read == bytes.substr(0, read.size()));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  char more = 0;
  EXPECT_EQ(ahead.Read(&more, 1).status(), status);
}

TEST(ReadAhead, MayBeLeftBeforeTheEnd) {
  const TempFolder folder;
  const auto file = ByteFile::Open(folder.Write("a", RandomBytes(50'000)), 64);
  ASSERT_TRUE(file.ok()) << file.status();
  { const ReadAhead unread(**file, 100); }
  ReadAhead ahead(**file, 100);
  char first = 0;
  EXPECT_EQ(*ahead.Read(&first, 1), 1u);
}

}  // namespace
}  // namespace tenuto
