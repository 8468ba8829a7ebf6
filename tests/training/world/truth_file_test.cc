#include "training/world/truth_file.h"

#include "features/base/atomic_file.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto::world {
namespace {

class TruthFileTest : public testing::Test {
 protected:
  const TempFolder folder_;
};

TEST_F(TruthFileTest, AppearsWholeOnlyWhenFinished) {
  const auto path = folder_.path() / "x.truth.csv";
  auto file = TruthFile::Create(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Append("a\n").ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file->Append("b\n").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(*ReadFile(path), "a\nb\n");
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            perms::owner_read | perms::owner_write);
}

TEST_F(TruthFileTest, LeavesTheOldFileAndNoRestWhenGivenUp) {
  const auto path = folder_.path() / "x.truth.csv";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  {
    auto file = TruthFile::Create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append("new").ok());
  }
  EXPECT_EQ(*ReadFile(path), "old");
  EXPECT_EQ(
      std::distance(std::filesystem::directory_iterator(folder_.path()), {}),
      1);
}

TEST_F(TruthFileTest, NamesThePathThatCannotBeWritten) {
  const auto file = TruthFile::Create(folder_.path() / "missing" / "x.csv");
  ASSERT_FALSE(file.ok());
  EXPECT_NE(file.status().message().find("missing"), std::string::npos);
}

TEST_F(TruthFileTest, StandsBesideTheLedgerNeverInIt) {
  EXPECT_EQ(TruthPathOf("x"), "x.truth.csv");
  EXPECT_EQ(TruthPathOf("a/b/"), "a/b.truth.csv");
  EXPECT_EQ(TruthPathOf("/tmp/./w//"), "/tmp/w.truth.csv");
}

}  // namespace
}  // namespace tenuto::world
