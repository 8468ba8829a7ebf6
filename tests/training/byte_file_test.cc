#include "training/byte_file.h"

#include <sys/stat.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

// Everything up to the end or the fault, read in steps of `size`.
std::string ReadAll(ByteFile& file, std::size_t size, absl::Status& status) {
  std::string bytes;
  std::string buffer(size, '\0');
  while (true) {
    const auto count = file.Read(buffer.data(), buffer.size());
    status = count.status();
    if (!count.ok() || *count == 0) return bytes;
    bytes.append(buffer, 0, *count);
  }
}

std::string RandomBytes(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  // Packs about by half.
  for (char& c : bytes) c = static_cast<char>('a' + random() % 16);
  return bytes;
}

TEST(ByteFile, UnpacksAllMembersInStepsOfAnySize) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const TempFolder folder;
  for (int round = 0; round < 30; ++round) {
    std::string bytes, packed;
    for (int member = 0; member < 4; ++member) {
      const std::string part = RandomBytes(random, random() % 3000);
      bytes += part;
      packed += GzipBytes(part);
    }
    const auto path = folder.Write("a.gz", packed);
    for (const std::size_t block : {1u, 13u, 1u << 16}) {
      auto file = ByteFile::Open(path, block);
      ASSERT_TRUE(file.ok()) << file.status();
      absl::Status status;
      ASSERT_TRUE(ReadAll(**file, 1 + random() % 5000, status) == bytes);
      ASSERT_TRUE(status.ok()) << status;
      EXPECT_EQ((*file)->read_bytes(), (*file)->file_bytes());
      EXPECT_EQ((*file)->file_bytes(),
                static_cast<std::int64_t>(packed.size()));
    }
  }
}

TEST(ByteFile, GivesWhatCameBeforeEveryCut) {
  std::mt19937 random(3);
  const TempFolder folder;
  const std::string bytes = RandomBytes(random, 200);
  const std::string packed = GzipBytes(bytes);
  for (std::size_t left = 2; left < packed.size(); ++left) {
    auto file =
        ByteFile::Open(folder.Write("cut.gz", packed.substr(0, left)), 64);
    ASSERT_TRUE(file.ok());
    absl::Status status;
    const std::string given = ReadAll(**file, 100, status);
    EXPECT_TRUE(absl::IsDataLoss(status)) << left << ": " << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("cut.gz is cut off: its gzip data ends "
                                       "at byte ",
                                       left)));
    EXPECT_EQ(given, bytes.substr(0, given.size()));
  }
}

TEST(ByteFile, NeverPassesDamagedBytesOffAsWhole) {
  std::mt19937 random(4);
  const TempFolder folder;
  const std::string bytes = RandomBytes(random, 200);
  const std::string packed = GzipBytes(bytes);
  int noticed = 0;
  constexpr std::size_t kHeader = 10;
  for (std::size_t at = kHeader; at < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    auto file = ByteFile::Open(folder.Write("bad.gz", damaged), 64);
    ASSERT_TRUE(file.ok());
    absl::Status status;
    const std::string given = ReadAll(**file, 100, status);
    // A bit or two of a block's header mean nothing.
    if (status.ok()) {
      EXPECT_EQ(given, bytes) << at;
      continue;
    }
    ++noticed;
    EXPECT_TRUE(absl::IsDataLoss(status)) << at;
    EXPECT_THAT(std::string(status.message()), HasSubstr("bad.gz is "));
  }
  EXPECT_GT(noticed, static_cast<int>(packed.size()) - 20);
}

TEST(ByteFile, KeepsSayingWhatIsWrong) {
  const TempFolder folder;
  auto file = ByteFile::Open(
      folder.Write("a.gz", GzipBytes("one") + "stray bytes"), 64);
  ASSERT_TRUE(file.ok());
  absl::Status status;
  EXPECT_EQ(ReadAll(**file, 100, status), "one");
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  char buffer[8];
  EXPECT_EQ((*file)->Read(buffer, sizeof buffer).status(), status);
}

TEST(ByteFile, RefusesWhatIsNoFileOfBytes) {
  const TempFolder folder;
  const auto error = [](const std::filesystem::path& path) {
    return ByteFile::Open(path, 64).status();
  };
  EXPECT_TRUE(absl::IsNotFound(error(folder.path() / "missing")));
  EXPECT_TRUE(absl::IsNotFound(error(folder.Write("a", "x") / "below")));
  EXPECT_TRUE(absl::IsInvalidArgument(error(folder.path())));
  EXPECT_TRUE(absl::IsInvalidArgument(error(folder.Write("empty", ""))));
  EXPECT_TRUE(absl::IsInvalidArgument(error(folder.Write("a.gz", "{}\n"))));
  const std::filesystem::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(error(pipe)));
}

TEST(ByteFile, IsKnownByItsContentNotItsPath) {
  const TempFolder folder;
  const auto identity = [](const std::filesystem::path& path) {
    return (*ByteFile::Open(path, 64))->identity();
  };
  const std::string a = identity(folder.Write("a", "one\n"));
  EXPECT_EQ(identity(folder.Write("b", "one\n")), a);
  EXPECT_NE(identity(folder.Write("b", "two\n")), a);
  EXPECT_NE(identity(folder.Write("b", "one\none\n")), a);
}

}  // namespace
}  // namespace tenuto
