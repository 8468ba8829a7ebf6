#include "features/base/atomic_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

TEST(AtomicFile, GivesBackTheBytesThatWereWritten) {
  const TempFolder folder;
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "f", bytes).ok());
  EXPECT_EQ(ReadFile(folder.path() / "f").value(), bytes);
}

TEST(AtomicFile, ReplacesAFileAndLeavesNothingBeside) {
  const TempFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "f", "a long text").ok());
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "f", "short").ok());
  EXPECT_EQ(ReadFile(folder.path() / "f").value(), "short");
  int files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder.path())) {
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST(AtomicFile, SetsThePermissionsItWasGiven) {
  const TempFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "f", "secret", 0600).ok());
  struct stat facts;
  ASSERT_EQ(::stat((folder.path() / "f").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST(AtomicFile, KeepsTheOldFileWhenItCannotReplaceIt) {
  const TempFolder folder;
  std::filesystem::create_directories(folder.path() / "f" / "inside");
  EXPECT_FALSE(WriteFileAtomically(folder.path() / "f", "text").ok());
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "f" / "inside"));
  EXPECT_FALSE(WriteFileAtomically(folder.path() / "no/such", "text").ok());
}

TEST(AtomicFile, MakesADirectoryThatOnlyItsOwnerReads) {
  using std::filesystem::perms;
  const TempFolder folder;
  const auto made = folder.path() / "a" / "b";
  for (const char* path : {"a/b", "a/b/"}) {
    ASSERT_TRUE(MakePrivateDirectory(folder.path() / path).ok());
    EXPECT_EQ(std::filesystem::status(made).permissions(), perms::owner_all);
  }
  std::filesystem::permissions(made, perms::owner_all | perms::group_read);
  ASSERT_TRUE(MakePrivateDirectory(made).ok());
  EXPECT_EQ(std::filesystem::status(made).permissions(),
            perms::owner_all | perms::group_read);
  const auto file = folder.Write("file", "x");
  for (const auto& path : {file, file / "below"}) {
    const absl::Status status = MakePrivateDirectory(path);
    EXPECT_TRUE(absl::IsUnavailable(status));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path.string()));
  }
}

TEST(AtomicFile, SaysWhichFileIsMissingTooLargeOrNoFile) {
  const TempFolder folder;
  const auto missing = ReadFile(folder.path() / "absent").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("absent"));
  folder.Write("large", "12345");
  EXPECT_EQ(ReadFile(folder.path() / "large", 4).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadFile(folder.path() / "large", 5).value(), "12345");
  EXPECT_EQ(ReadFile(folder.path()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tenuto
