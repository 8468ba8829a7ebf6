#include "training/fresh_ledger.h"

#include <fstream>

#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;

void MakeLedger(const fs::path& directory) {
  fs::create_directories(directory / "rocks" / "inner");
  std::ofstream(directory / "user.key", std::ios::app) << "key";
}

TEST(FreshLedger, TakesBackTheDirectoryAndThoseMadeForIt) {
  const TempFolder folder;
  for (const char* name : {"a/b/ledger", "a/b/ledger/", "ledger"}) {
    const FreshLedger fresh(folder.path() / name);
    MakeLedger(folder.path() / name);
    fresh.TakeBack();
    EXPECT_TRUE(fs::is_empty(folder.path())) << name;
  }
}

TEST(FreshLedger, LeavesALedgerThatWasThere) {
  const TempFolder folder;
  MakeLedger(folder.path());
  const FreshLedger fresh(folder.path());
  fresh.TakeBack();
  EXPECT_TRUE(fs::exists(folder.path() / "rocks" / "inner"));
  EXPECT_TRUE(fs::exists(folder.path() / "user.key"));
}

TEST(FreshLedger, LeavesADirectoryThatWasThereWithItsKeyAndOtherFiles) {
  const TempFolder folder;
  const fs::path key = folder.Write("user.key", "mine");
  const fs::path other = folder.Write("notes", "mine too");
  const FreshLedger fresh(folder.path());
  MakeLedger(folder.path());
  fresh.TakeBack();
  EXPECT_TRUE(fs::exists(key));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_FALSE(fs::exists(folder.path() / "rocks"));
}

TEST(FreshLedger, LeavesWhatSomebodyElsePutIntoTheDirectoryMeanwhile) {
  const TempFolder folder;
  const fs::path ledger = folder.path() / "ledger";
  const FreshLedger fresh(ledger);
  MakeLedger(ledger);
  const fs::path other = folder.Write("ledger/notes", "theirs");
  fresh.TakeBack();
  EXPECT_TRUE(fs::exists(other));
  EXPECT_FALSE(fs::exists(ledger / "rocks"));
}

}  // namespace
}  // namespace tenuto
