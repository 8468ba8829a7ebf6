#include <filesystem>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class CheckpointVerb : public ::testing::Test {
 protected:
  int Run(std::vector<std::string> words) {
    words.insert(words.begin(), BuiltProgram("tenuto"));
    ChildProcess child(words);
    output_ = child.ReadAll();
    const int exit_code = child.Wait();
    errors_ = child.errors();
    return exit_code;
  }

  const TempFolder folder_;
  const std::string ledger_ = (folder_.path() / "ledger").string();
  const std::string copy_ = (folder_.path() / "copy").string();
  std::string output_;
  std::string errors_;
};

TEST_F(CheckpointVerb, MakesALedgerThatReplaysToTheSame) {
  ASSERT_EQ(Run({"world", "generate", "--users", "20", "--days", "20", "--seed",
                 "4", "--ledger", ledger_}),
            0)
      << errors_;
  const std::string summary = (folder_.path() / "summary").string();
  ASSERT_EQ(Run({"checkpoint", "--ledger", ledger_, "--to", copy_, "--summary",
                 summary}),
            0)
      << errors_;
  EXPECT_THAT(output_, HasSubstr("without user.key"));
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"last_position\":"));
  EXPECT_FALSE(std::filesystem::exists(copy_ + "/user.key"));
  std::filesystem::copy(ledger_ + "/user.key", copy_ + "/user.key");
  ASSERT_EQ(
      Run({"replay", "--verify", "--ledger", ledger_, "--summary", summary}), 0)
      << errors_;
  const std::string of_ledger = *ReadFile(summary);
  ASSERT_EQ(
      Run({"replay", "--verify", "--ledger", copy_, "--summary", summary}), 0)
      << errors_;
  const std::string counts = "\"states_differing\":0";
  const auto upto = [](const std::string& text) {
    return text.substr(0, text.find(",\"seconds\""));
  };
  EXPECT_EQ(upto(*ReadFile(summary)), upto(of_ledger));
  EXPECT_THAT(of_ledger, HasSubstr(counts));
}

TEST_F(CheckpointVerb, CopiesTheKeyOnlyWhenAskedAndOverwritesNothing) {
  EXPECT_EQ(Run({"checkpoint", "--ledger", ledger_, "--to", copy_}), 2);
  EXPECT_THAT(errors_, HasSubstr("no ledger"));
  EXPECT_FALSE(std::filesystem::exists(ledger_)) << "makes none";
  ASSERT_EQ(Run({"world", "generate", "--users", "5", "--days", "5", "--seed",
                 "4", "--ledger", ledger_}),
            0);
  ASSERT_EQ(
      Run({"checkpoint", "--ledger", ledger_, "--to", copy_, "--with-key"}), 0);
  EXPECT_EQ(*ReadFile(copy_ + "/user.key"), *ReadFile(ledger_ + "/user.key"));
  EXPECT_EQ(
      std::filesystem::status(copy_ + "/user.key").permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(Run({"checkpoint", "--ledger", ledger_, "--to", copy_}), 2);
  EXPECT_THAT(errors_, HasSubstr("not there yet"));
}

TEST_F(CheckpointVerb, NamesTheCallThatDoesItBesideAServer) {
  const FixedClock clock(absl::FromUnixSeconds(1'700'000'000));
  const auto held =
      OpenRocksLedger({ledger_, false, 2, &clock}, Catalogue::Embedded(),
                      UserKeys::FromSecret("held"));
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(Run({"checkpoint", "--ledger", ledger_, "--to", copy_}), 2);
  EXPECT_THAT(errors_, HasSubstr("is held by process "));
  EXPECT_THAT(errors_, HasSubstr("`tenuto call Admin.CreateCheckpoint"));
  EXPECT_FALSE(std::filesystem::exists(copy_));
}

}  // namespace
}  // namespace tenuto
