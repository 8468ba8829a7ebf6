#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "features/base/atomic_file.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr char kLines[] =
    "{\"ts\":1538352000000,\"userId\":\"a\",\"page\":\"Home\"}\n"
    "{\"ts\":1538352001000,\"userId\":\"\",\"page\":\"Home\"}\n"
    "{\"ts\":1538352002000,\"userId\":\"b\",\"page\":\"Help\"}\n";

// The verb as main runs it, on a real ledger.
class ImportVerbTest : public ::testing::Test {
 protected:
  absl::Status Run(std::vector<std::string> flags) {
    flags.insert(flags.begin(), "import");
    return testing::RunVerb(AddImportVerb, workshop_, std::move(flags),
                            output_);
  }
  absl::Status Import(const std::filesystem::path& input,
                      std::vector<std::string> more = {}) {
    std::vector<std::string> flags = {"--format", "eventsim", "--input",
                                      input,      "--ledger", ledger_path_};
    flags.insert(flags.end(), more.begin(), more.end());
    return Run(std::move(flags));
  }

  const TempFolder folder_;
  const std::string ledger_path_ = folder_.path() / "ledger";
  std::string output_;
  const Workshop workshop_{
      Clock::Real(), Catalogue::Embedded(),
      [](const std::filesystem::path& path,
         LedgerAccess) -> absl::StatusOr<OpenedLedger> {
        UserKeys keys = UserKeys::FromSecret("secret");
        auto ledger =
            OpenRocksLedger({.directory = path, .clock = &Clock::Real()},
                            Catalogue::Embedded(), keys);
        if (!ledger.ok()) return ledger.status();
        return OpenedLedger{std::move(keys), *std::move(ledger)};
      }};
};

TEST_F(ImportVerbTest, PrintsAndWritesWhatItCounted) {
  const auto input = folder_.Write("a.gz", GzipBytes(kLines));
  const std::string summary = folder_.path() / "summary.json";
  ASSERT_TRUE(Import(input, {"--summary", summary}).ok());
  EXPECT_THAT(output_, HasSubstr("EMPTY_USER_ID"));
  EXPECT_THAT(output_, HasSubstr("line 2: user_id is empty"));
  EXPECT_THAT(output_, HasSubstr("every user met has granted"));
  EXPECT_THAT(*ReadFile(summary),
              HasSubstr("{\"lines\":3,\"accepted\":2,\"duplicate\":0,"
                        "\"rejected\":{\"EMPTY_USER_ID\":1},\"seconds\":"));
  ASSERT_TRUE(
      Import(input, {"--summary", summary, "--assume-consent", "withheld"})
          .ok());
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"accepted\":0,\"duplicate\":2"));
  EXPECT_THAT(output_, HasSubstr("had been imported before"));
  EXPECT_THAT(output_, HasSubstr("every user met has withheld"));
}

TEST_F(ImportVerbTest, LeavesNoLedgerBehindAMistake) {
  const auto input = folder_.Write("a", kLines);
  EXPECT_TRUE(absl::IsNotFound(Import(folder_.path() / "missing")));
  EXPECT_TRUE(absl::IsInvalidArgument(Import(folder_.path())));
  EXPECT_TRUE(absl::IsInvalidArgument(Import(folder_.Write("empty", ""))));
  EXPECT_TRUE(absl::IsDataLoss(
      Import(folder_.Write("head.gz", GzipBytes(kLines).substr(0, 6)))));
  const absl::Status unknown =
      Run({"--format", "csv", "--input", input, "--ledger", ledger_path_});
  EXPECT_TRUE(absl::IsInvalidArgument(unknown));
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("eventsim, jsonl"));
  EXPECT_FALSE(Import(input, {"--assume-consent", "maybe"}).ok());
  EXPECT_FALSE(Run({"--format", "eventsim", "--input", input}).ok());
  EXPECT_FALSE(std::filesystem::exists(ledger_path_));
}

TEST_F(ImportVerbTest, TakesBackTheLedgerOfARunThatTookInNothing) {
  const std::string times = absl::StrReplaceAll(kLines, {{"000,", ","}});
  for (const auto& input :
       {folder_.Write("a.csv", "ts,user\n1,alice\n"),
        folder_.Write("seconds", times),
        folder_.Write("cut.gz", GzipBytes(kLines).substr(0, 30))}) {
    EXPECT_FALSE(Import(input).ok()) << input;
    EXPECT_FALSE(std::filesystem::exists(ledger_path_)) << input;
  }
  std::filesystem::create_directory(ledger_path_);
  EXPECT_FALSE(Import(folder_.path() / "a.csv").ok());
  EXPECT_TRUE(std::filesystem::is_empty(ledger_path_));
}

TEST_F(ImportVerbTest, LeavesALedgerThatWasThereBeforeAMistake) {
  ASSERT_TRUE(Import(folder_.Write("a", kLines)).ok());
  EXPECT_FALSE(Import(folder_.Write("a.csv", "ts,user\n1,alice\n")).ok());
  ASSERT_TRUE(Import(folder_.path() / "a").ok());
  EXPECT_THAT(output_, HasSubstr("had been imported before"));
}

TEST_F(ImportVerbTest, FailsWhenEveryLineIsRefused) {
  const absl::Status status = Import(
      folder_.Write("seconds", absl::StrReplaceAll(kLines, {{"000,", ","}})));
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("line 1 is BAD_TIME (event_time 1970-01-18T19:19:12Z "
                        "is before 1990)"));
}

TEST_F(ImportVerbTest, BoundsHowFarATimeMayBeFromItsNeighbours) {
  const auto input = folder_.Write(
      "a", absl::StrCat(kLines, absl::StrReplaceAll(kLines, {{"1538", "1545"}}),
                        kLines));
  EXPECT_TRUE(
      absl::IsInvalidArgument(Import(input, {"--time-gap-max", "soon"})));
  ASSERT_TRUE(Import(input).ok());
  EXPECT_FALSE(absl::StrContains(output_, "TIME_FAR_FROM_NEIGHBOURS"));
  const std::string lone = absl::StrCat(
      kLines, "{\"ts\":1545352000000,\"userId\":\"a\",\"page\":\"Home\"}\n",
      kLines);
  ASSERT_TRUE(Import(folder_.Write("b", lone), {"--time-gap-max", "30d"}).ok());
  EXPECT_THAT(output_, HasSubstr("line 4: event_time is 2018-12-21; the lines "
                                 "before it lie in 2018-10-01 to 2018-10-01"));
}

TEST_F(ImportVerbTest, SaysWhereAFileIsDamagedAfterItsGoodLines) {
  std::string packed = GzipBytes(kLines);
  packed.resize(packed.size() - 4);
  const std::string summary = folder_.path() / "summary.json";
  const absl::Status status =
      Import(folder_.Write("cut.gz", packed), {"--summary", summary});
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("cut.gz is cut off"));
  EXPECT_EQ(absl::StrContains(status.message(), "\n"), false);
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"accepted\":2"));
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"complete\":false"));
}

TEST_F(ImportVerbTest, AsksForTheFormatWhenNoLineReadsAsTheOneGiven) {
  const absl::Status status =
      Import(folder_.Write("a.csv", "ts,user\n1,alice\n"));
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("line 1 is MALFORMED_JSON"));
  EXPECT_FALSE(absl::StrContains(status.message(), "alice"));
  // A log of guests only reads well and holds nothing for us.
  EXPECT_TRUE(Import(folder_.Write("guests",
                                   "{\"ts\":1538352000000,\"userId\":\"\","
                                   "\"page\":\"Home\"}\n"))
                  .ok());
}

}  // namespace
}  // namespace tenuto
