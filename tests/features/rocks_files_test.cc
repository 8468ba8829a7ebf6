#include "features/rocks_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <memory>

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
