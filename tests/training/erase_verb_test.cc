#include <filesystem>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/byte_scan.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The program on a log of two users; an import adds two assumed consents each.
class EraseVerb : public ::testing::Test {
 protected:
  EraseVerb() {
    std::string lines;
    for (const std::string user : {"sentinel-anna", "sentinel-ben"}) {
      lines += "{\"eventId\":\"e\",\"userId\":\"" + user +
               "\",\"eventTime\":\"2025-01-01T10:00:00Z\",\"playback\":{"
               "\"trackId\":\"track-of-" +
               user + "\"}}\n";
    }
    EXPECT_EQ(
        Run({"import", "--format", "jsonl", "--input",
             folder_.Write("in.jsonl", lines).string(), "--ledger", ledger_}),
        0)
        << errors_;
  }

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

TEST_F(EraseVerb, LeavesNoByteOfTheUser) {
  const std::string summary = (folder_.path() / "summary").string();
  EXPECT_THAT(testing::FindBytes(ledger_, {"track-of-sentinel-anna"}),
              Not(IsEmpty()));
  ASSERT_EQ(Run({"erase", "--ledger", ledger_, "--user", "sentinel-anna",
                 "--summary", summary}),
            0)
      << errors_;
  EXPECT_THAT(output_, HasSubstr("erased 3 events"));
  EXPECT_THAT(output_ + errors_, Not(HasSubstr("anna")));
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"events\":3,"));
  EXPECT_THAT(testing::FindBytes(ledger_, {"sentinel-anna"}), IsEmpty());
  EXPECT_THAT(testing::FindBytes(ledger_, {"track-of-sentinel-ben"}),
              Not(IsEmpty()));
  EXPECT_EQ(Run({"replay", "--verify", "--ledger", ledger_}), 0) << errors_;
  EXPECT_THAT(output_, ::testing::ContainsRegex("events +3 replayed"));
}

TEST_F(EraseVerb, ReplaysTheListOnARestoredCheckpoint) {
  ASSERT_EQ(Run({"checkpoint", "--ledger", ledger_, "--to", copy_}), 0);
  ASSERT_EQ(Run({"erase", "--ledger", ledger_, "--user", "sentinel-anna"}), 0);
  EXPECT_EQ(Run({"erase", "--ledger", copy_, "--replay"}), 2);
  EXPECT_THAT(errors_, HasSubstr("user.key"));
  EXPECT_FALSE(std::filesystem::exists(copy_ + "/user.key")) << "made none";
  for (const char* name : {"/user.key", "/erased_users.txt"}) {
    std::filesystem::copy(ledger_ + name, copy_ + name);
  }
  EXPECT_EQ(Run({"replay", "--verify", "--ledger", copy_}), 2) << "not yet";
  EXPECT_THAT(errors_, HasSubstr("erase --replay"));
  const std::string summary = (folder_.path() / "summary").string();
  ASSERT_EQ(Run({"erase", "--ledger", copy_, "--replay", "--summary", summary}),
            0)
      << errors_;
  EXPECT_THAT(output_, HasSubstr("in the list 1; 1 of them, with 3 events"));
  EXPECT_THAT(errors_, HasSubstr("erased again 1 users, 3 events"));
  EXPECT_THAT(errors_, HasSubstr(copy_));
  EXPECT_THAT(*ReadFile(summary),
              AllOf(HasSubstr("\"events\":3,"), HasSubstr("\"listed\":1,"),
                    HasSubstr("\"erased_again\":1,")));
  EXPECT_THAT(testing::FindBytes(copy_, {"sentinel-anna"}), IsEmpty());
  EXPECT_EQ(Run({"replay", "--verify", "--ledger", copy_}), 0) << errors_;
  ASSERT_EQ(Run({"erase", "--ledger", copy_, "--replay"}), 0) << errors_;
  EXPECT_THAT(output_, HasSubstr("in the list 1; 0 of them, with 0 events"));
  EXPECT_EQ(errors_, "");
}

TEST_F(EraseVerb, DoubtsAnIdOfWhomNothingIsKnown) {
  const std::string summary = (folder_.path() / "summary").string();
  const auto erase = [&](const std::string& user) {
    return Run(
        {"erase", "--ledger", ledger_, "--user", user, "--summary", summary});
  };
  ASSERT_EQ(erase("sentinel-ana"), 0) << errors_;
  EXPECT_THAT(output_, HasSubstr("erased 0 events"));
  EXPECT_THAT(output_, HasSubstr("is the id right?"));
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"known\":false,"));
  ASSERT_EQ(erase("sentinel-anna"), 0) << errors_;
  EXPECT_THAT(output_, Not(HasSubstr("nothing was known")));
  EXPECT_THAT(*ReadFile(summary), AllOf(HasSubstr("\"known\":true,"),
                                        HasSubstr("\"listed_before\":false")));
  ASSERT_EQ(erase("sentinel-anna"), 0) << errors_;
  EXPECT_THAT(output_, HasSubstr("names them already"));
  EXPECT_THAT(*ReadFile(summary), AllOf(HasSubstr("\"known\":false,"),
                                        HasSubstr("\"listed_before\":true")));
}

TEST_F(EraseVerb, SaysWhatIsMissing) {
  EXPECT_EQ(Run({"erase", "--ledger", ledger_}), 2);
  EXPECT_THAT(errors_, HasSubstr("--user or --replay"));
  EXPECT_EQ(Run({"erase", "--ledger", copy_, "--user", "x"}), 2);
  EXPECT_THAT(errors_, HasSubstr("there is no "));
  EXPECT_FALSE(std::filesystem::exists(copy_));
}

}  // namespace
}  // namespace tenuto
