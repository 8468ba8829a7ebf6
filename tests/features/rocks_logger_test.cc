#include "features/rocks_logger.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(RocksLogger, WritesALineForEachCallIntoAFileOfItsOwners) {
  const TempFolder folder;
  const std::filesystem::path path = folder.path() / "LOG";
  for (const char* word : {"first", "second"}) {
    std::shared_ptr<rocksdb::Logger> logger;
    ASSERT_TRUE(RocksLogger::Open(path.string(), &logger).ok());
    rocksdb::Warn(logger, "the %s of %d", word, 2);
  }
  EXPECT_THAT(TextOf(path), HasSubstr("the first of 2\n"));
  EXPECT_THAT(TextOf(path), EndsWith("the second of 2\n"));
  EXPECT_EQ(
      std::filesystem::status(path).permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(RocksLogger, CutsALineThatIsTooLong) {
  const TempFolder folder;
  const std::filesystem::path path = folder.path() / "LOG";
  std::shared_ptr<rocksdb::Logger> logger;
  ASSERT_TRUE(RocksLogger::Open(path.string(), &logger).ok());
  rocksdb::Warn(logger, "%s", std::string(10'000, 'x').c_str());
  EXPECT_THAT(TextOf(path), EndsWith("x\n"));
  EXPECT_LT(TextOf(path).size(), 5'000u);
}

TEST(RocksLogger, LosesLinesOfAFullDiskAndNothingElse) {
  std::shared_ptr<rocksdb::Logger> logger;
  ASSERT_TRUE(RocksLogger::Open("/dev/full", &logger).ok());
  for (int k = 0; k < 100; ++k) rocksdb::Warn(logger, "line %d", k);
  EXPECT_NE(logger, nullptr) << "and nobody died";
}

TEST(RocksLogger, SaysWhichFileCannotBeMade) {
  std::shared_ptr<rocksdb::Logger> logger;
  const rocksdb::IOStatus status =
      RocksLogger::Open("/no-such-folder/LOG", &logger);
  EXPECT_TRUE(status.IsIOError());
  EXPECT_THAT(status.ToString(), HasSubstr("/no-such-folder/LOG"));
  EXPECT_EQ(logger, nullptr);
}

}  // namespace
}  // namespace tenuto
