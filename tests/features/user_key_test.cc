#include "features/user_key.h"

#include <filesystem>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using std::filesystem::perms;

std::filesystem::path KeyFile(const TempFolder& folder, const std::string& text,
                              perms mode = perms::owner_read) {
  const auto path = folder.Write("user.key", text);
  std::filesystem::permissions(path, mode);
  return path;
}

TEST(UserKeys, GivesTheSameKeyForTheSameAccountAndSecretOnly) {
  const UserKeys keys = UserKeys::FromSecret("a");
  EXPECT_EQ(keys.Of("anna"), UserKeys::FromSecret("a").Of("anna"));
  EXPECT_NE(keys.Of("anna"), keys.Of("bert"));
  EXPECT_NE(keys.Of("anna"), UserKeys::FromSecret("b").Of("anna"));
  EXPECT_NE(keys.CheckValue(), UserKeys::FromSecret("b").CheckValue());
}

TEST(UserKeys, MakesAFileThatOnlyItsOwnerReadsAndReadsItBack) {
  const TempFolder folder;
  const auto path = folder.path() / "user.key";
  const auto made = UserKeys::OpenOrCreate(path);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(std::filesystem::status(path).permissions() & perms::all,
            perms::owner_read | perms::owner_write);
  EXPECT_EQ(UserKeys::Open(path)->CheckValue(), made->CheckValue());
  EXPECT_EQ(UserKeys::OpenOrCreate(path)->CheckValue(), made->CheckValue());
}

TEST(UserKeys, RefusesAFileThatOthersMayRead) {
  const TempFolder folder;
  for (const perms open : {perms::group_read, perms::others_read}) {
    const auto path =
        KeyFile(folder, std::string(64, 'a'), perms::owner_all | open);
    const auto status = UserKeys::Open(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_NE(status.message().find("chmod 600"), std::string::npos);
    EXPECT_FALSE(UserKeys::OpenOrCreate(path).ok()) << "and keeps it";
  }
}

TEST(UserKeys, RefusesAFileOfTheWrongLengthOrAlphabet) {
  const std::string digits(62, 'a');
  const std::vector<std::string> wrong = {"",
                                          digits + "a",
                                          digits + "aaa",
                                          digits + "gg",
                                          digits + "a ",
                                          digits + "aa\n\n"};
  for (const std::string& text : wrong) {
    const TempFolder folder;
    EXPECT_EQ(UserKeys::Open(KeyFile(folder, text)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
  const TempFolder folder;
  EXPECT_TRUE(UserKeys::Open(KeyFile(folder, digits + "aa\n")).ok());
}

TEST(UserKeys, SaysWhenThereIsNoFile) {
  EXPECT_EQ(UserKeys::Open("/no/such/user.key").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(UserKeys, GivesEveryPurposePseudonymsOfItsOwn) {
  const UserKeys keys = UserKeys::FromSecret("a");
  const std::string name = keys.Pseudonym("requests", "anna");
  EXPECT_EQ(name.size(), 32u);
  EXPECT_EQ(name, keys.Pseudonym("requests", "anna"));
  EXPECT_NE(name, keys.Pseudonym("requests", "bert"));
  EXPECT_NE(name, keys.Pseudonym("bodies", "anna"));
  EXPECT_NE(name, keys.Of("anna").Hex());
  EXPECT_NE(name, keys.Of("requestsanna").Hex());
  EXPECT_NE(name, UserKeys::FromSecret("b").Pseudonym("requests", "anna"));
}

TEST(UserKey, GoesThroughBytesAndShowsHexadecimals) {
  const UserKey key = UserKeys::FromSecret("a").Of("anna");
  EXPECT_EQ(UserKey::FromBytes(key.view()), key);
  EXPECT_EQ(key.Hex().size(), 32u);
  EXPECT_EQ(key.partition(), static_cast<unsigned char>(key.view()[0]));
}

TEST(UserKeyDeathTest, IsSixteenBytes) {
  EXPECT_DEATH(UserKey::FromBytes("short"), "16 bytes");
}

}  // namespace
}  // namespace tenuto
