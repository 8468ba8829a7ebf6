#include "features/erasure_list.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/byte_scan.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

const UserKeys& Keys() {
  static const UserKeys* const keys =
      new UserKeys(UserKeys::FromSecret("secret"));
  return *keys;
}

TEST(ErasureList, IsReadAsItWasWrittenAndNamesNobody) {
  const TempFolder folder;
  EXPECT_TRUE(ErasureList::Load(folder.path())->entries().empty());
  ErasureList list;
  const UserKey anna = Keys().Of("anna");
  list.Add(ErasedName(Keys(), anna), {anna.partition(), 70, 9});
  ASSERT_TRUE(list.Save(folder.path()).ok());
  const auto loaded = ErasureList::Load(folder.path());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(list.Without(*loaded).entries().empty());
  EXPECT_TRUE(loaded->Covers(Keys(), anna, 70, 0));
  EXPECT_THAT(testing::FindBytes(folder.path(), {"anna", anna.Hex(),
                                                 std::string(anna.view())}),
              ::testing::IsEmpty());
}

TEST(ErasureList, CoversWhatWasBeforeOfItsUsersOnly) {
  ErasureList list;
  const UserKey anna = Keys().Of("anna");
  list.Add(ErasedName(Keys(), anna), {anna.partition(), 70, 9});
  UserKey neighbour = anna;  // Of the same partition.
  neighbour.bytes[15] ^= 1;
  EXPECT_TRUE(list.Covers(Keys(), anna, 70, 0));
  EXPECT_TRUE(list.Covers(Keys(), anna, 71, 9)) << "a score in the making";
  EXPECT_FALSE(list.Covers(Keys(), anna, 71, 10)) << "came back";
  EXPECT_FALSE(list.Covers(Keys(), anna, 71, 0)) << "asked for again";
  EXPECT_FALSE(list.Covers(Keys(), neighbour, 70, 9));
}

TEST(ErasureList, KeepsTheNewerEntryAndTellsWhatIsNew) {
  ErasureList a, b;
  a.Add("x", {1, 50, 5});
  a.Add("x", {1, 40, 4});
  EXPECT_EQ(a.entries().at("x").time_us, 50);
  a.Add("y", {2, 60, 6});
  b.Add("x", {1, 45, 5});
  EXPECT_EQ(a.Without(b).entries().size(), 2u);
  b.Add(a);
  EXPECT_TRUE(a.Without(b).entries().empty());
}

TEST(ErasureList, NamesALineThatCannotBeRead) {
  const std::string name(32, 'a');
  for (const std::string& line :
       {std::string("short 1 2 3"), name + " 256 2 3", name + " 1 2",
        name + " 1 x 3", name + " 1 2 -3"}) {
    const TempFolder folder;
    folder.Write("erased_users.txt", absl::StrCat(name, " 1 2 3\n", line));
    const auto list = ErasureList::Load(folder.path());
    EXPECT_TRUE(absl::IsDataLoss(list.status())) << line;
    EXPECT_THAT(std::string(list.status().message()),
                ::testing::HasSubstr("line 2"));
  }
}

}  // namespace
}  // namespace tenuto
