#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/log_file_check.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DoctorVerb : public ::testing::Test {
 protected:
  DoctorVerb() {
    EXPECT_EQ(Run({"world", "generate", "--users", "10", "--days", "10",
                   "--seed", "4", "--ledger", ledger_}),
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
  int Examine(bool repair = false) {
    std::vector<std::string> words = {"ledger-doctor", "--ledger", ledger_};
    if (repair) words.push_back("--repair-tail");
    return Run(words);
  }
  fs::path Log() const { return LogFilesOf(ledger_ + "/rocks").back(); }
  void Damage(std::uintmax_t from_end) const {
    std::string bytes = *ReadFile(Log());
    char& byte = bytes[bytes.size() - from_end];
    byte = static_cast<char>(byte ^ 1);
    std::ofstream(Log(), std::ios::binary) << bytes;
  }

  const TempFolder folder_;
  const std::string ledger_ = (folder_.path() / "world").string();
  std::string output_;
  std::string errors_;
};

TEST_F(DoctorVerb, EndsWithZeroOnAHealthyLedger) {
  EXPECT_EQ(Examine(), 0) << errors_;
  EXPECT_THAT(output_, HasSubstr("\nhealthy\n"));
  EXPECT_EQ(errors_, "");
}

TEST_F(DoctorVerb, RepairsADamagedTailOnlyWhenAsked) {
  Damage(1);
  EXPECT_EQ(Examine(), 2);
  EXPECT_THAT(output_, AllOf(HasSubstr(Log().string() + ", offset "),
                             HasSubstr("only the last record")));
  EXPECT_THAT(errors_, HasSubstr("--repair-tail"));
  EXPECT_EQ(Examine(), 2) << "it repaired without the flag";
  EXPECT_EQ(Examine(true), 0) << errors_;
  EXPECT_THAT(output_, AllOf(HasSubstr(".log.cut_at_"), HasSubstr("healthy")));
  EXPECT_EQ(Examine(), 0) << errors_;
}

TEST_F(DoctorVerb, SaysWhatToDoAboutMore) {
  Damage(fs::file_size(Log()) - 20);  // In its first record.
  const auto size = fs::file_size(Log());
  EXPECT_EQ(Examine(true), 2);
  EXPECT_THAT(errors_, AllOf(HasSubstr("nothing was changed"),
                             HasSubstr("restore the last backup")));
  EXPECT_EQ(fs::file_size(Log()), size);
}

TEST_F(DoctorVerb, AdvisesACopyOfAFileThatLiesBesideTheLog) {
  std::ofstream(ledger_ + "/erased_users.txt") << "half a li";
  EXPECT_EQ(Examine(), 2);
  EXPECT_THAT(output_, HasSubstr("erased_users.txt, line 1"));
  EXPECT_THAT(errors_, HasSubstr("put a good copy of the files named"));
}

TEST_F(DoctorVerb, EndsWithItsAdviceWhereBothStreamsGoToOneFile) {
  Damage(1);
  ChildProcess child({"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1",
                      BuiltProgram("tenuto"), "ledger-doctor", "--ledger",
                      ledger_});
  const std::string both = child.ReadAll();
  EXPECT_EQ(child.Wait(), 2);
  EXPECT_THAT(both, StartsWith("write-ahead logs"));
  EXPECT_LT(both.find("damaged  "), both.find("tenuto: the ledger is damaged"));
}

TEST_F(DoctorVerb, WantsALedger) {
  EXPECT_EQ(Run({"ledger-doctor", "--ledger", "/nowhere"}), 2);
  EXPECT_THAT(errors_, HasSubstr("there is no ledger in /nowhere"));
}

}  // namespace
}  // namespace tenuto
