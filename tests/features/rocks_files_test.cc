#include "features/rocks_files.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "features/store_lock.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using std::filesystem::perms;
using testing::FaultyFileSystem;
using testing::FileCall;

class RocksFilesTest : public ::testing::Test {
 protected:
  RocksFilesTest() { ::umask(0); }
  ~RocksFilesTest() override { ::umask(022); }
  perms Of(const char* name) const {
    return std::filesystem::status(folder_.path() / name).permissions();
  }
  std::string Path(const char* name) const { return folder_.path() / name; }

  const TempFolder folder_;
};

TEST_F(RocksFilesTest, AreTheirOwnersOnlyWhateverTheMask) {
  const auto files = MakePrivateFiles(nullptr);
  std::unique_ptr<rocksdb::WritableFile> file;
  ASSERT_TRUE(files->NewWritableFile(Path("a"), &file, {}).ok());
  rocksdb::FileLock* lock = nullptr;
  ASSERT_TRUE(files->LockFile(Path("LOCK"), &lock).ok());
  std::shared_ptr<rocksdb::Logger> log;
  ASSERT_TRUE(files->NewLogger(Path("LOG"), &log).ok());
  for (const char* name : {"a", "LOCK", "LOG"}) {
    EXPECT_EQ(Of(name), perms::owner_read | perms::owner_write) << name;
  }
  EXPECT_TRUE(files->UnlockFile(lock).ok());
}

TEST_F(RocksFilesTest, KeepTheirLockFromOneOpeningToTheNext) {
  std::filesystem::create_directory(folder_.path() / "rocks");
  const std::string file = Path("rocks/LOCK");
  const auto is_held = [&] {  // Asked in another process.
    const pid_t child = ::fork();
    if (child == 0) ::_exit(WriterOf(folder_.path()).empty() ? 1 : 0);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0;
  };
  auto files = MakePrivateFiles(nullptr);
  rocksdb::FileLock* lock = nullptr;
  ASSERT_TRUE(files->LockFile(file, &lock).ok());
  rocksdb::FileLock* another = nullptr;
  const rocksdb::Status refused =
      MakePrivateFiles(nullptr)->LockFile(file, &another);
  EXPECT_TRUE(refused.IsBusy()) << refused.ToString();
  EXPECT_STREQ(refused.getState(), "this process itself");
  ASSERT_TRUE(files->UnlockFile(lock).ok());
  EXPECT_TRUE(is_held());
  ASSERT_TRUE(files->LockFile(file, &lock).ok());
  EXPECT_TRUE(files->UnlockFile(lock).ok());
  files.reset();
  EXPECT_FALSE(is_held());
}

TEST_F(RocksFilesTest, StandOnThoseThatTheyAreGiven) {
  const auto faulty = std::make_shared<FaultyFileSystem>();
  const auto files = MakePrivateFiles(faulty);
  faulty->FailCall(1, {FileCall::kOpen});
  std::unique_ptr<rocksdb::WritableFile> file;
  EXPECT_TRUE(files->NewWritableFile(Path("a"), &file, {}).IsIOError());
  EXPECT_TRUE(files->NewWritableFile(Path("a"), &file, {}).ok());
}

}  // namespace
}  // namespace tenuto
