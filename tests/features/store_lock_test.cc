#include "features/store_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::StartsWith;

// Locks `file` as RocksDB does, says so, and waits to be killed.
[[noreturn]] void Hold(const std::filesystem::path& file, int said) {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const int fd = ::open(file.c_str(), O_RDWR);
  const char done = ::fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
  if (::write(said, &done, 1) != 1) ::_exit(1);
  ::pause();
  ::_exit(0);
}

TEST(StoreLock, NamesItsHolderUntilThatEnds) {
  const TempFolder folder;
  EXPECT_EQ(WriterOf(folder.path()), "") << "there is no store";
  std::filesystem::create_directory(folder.path() / "rocks");
  const std::filesystem::path file = folder.Write("rocks/LOCK", "");
  EXPECT_EQ(WriterOf(folder.path()), "") << "nobody holds it";
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  const pid_t child = ::fork();
  if (child == 0) Hold(file, said[1]);
  char answer = 0;
  ASSERT_EQ(::read(said[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_THAT(WriterOf(folder.path()),
              StartsWith(absl::StrCat("process ", child, " (")));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(WriterOf(folder.path()), "") << "it died";
}

}  // namespace
}  // namespace tenuto
