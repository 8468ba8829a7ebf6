#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/memory_ledger.h"
#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"
#include "training/world/ledger_mark.h"

namespace tenuto {
namespace {

class WorldVerbTest : public ::testing::Test {
 protected:
  WorldVerbTest()
      : workshop_{Clock::Real(), Catalogue::Embedded(),
                  [this](const std::filesystem::path&,
                         LedgerAccess access) -> absl::StatusOr<OpenedLedger> {
                    EXPECT_EQ(access, LedgerAccess::kWrite);
                    ++opened_;
                    return OpenedLedger{
                        UserKeys::FromSecret("secret"),
                        std::make_unique<MemoryLedger>(Catalogue::Embedded())};
                  }} {}

  absl::Status Run(std::vector<std::string> arguments) {
    return testing::RunVerb(AddWorldVerb, workshop_, std::move(arguments),
                            shown_);
  }

  const TempFolder folder_;
  int opened_ = 0;
  const Workshop workshop_;
  std::string shown_;
};

TEST_F(WorldVerbTest, GeneratesAndWritesSummaryAndTruth) {
  const std::string ledger = folder_.path() / "w";
  const std::string summary = folder_.path() / "s.json";
  const absl::Status status =
      Run({"world", "generate", "--users", "30", "--days", "20", "--seed", "3",
           "--ledger", ledger, "--summary", summary, "--threads", "1"});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_NE(ReadFile(summary)->find("\"users\":30"), std::string::npos);
  EXPECT_NE(ReadFile(ledger + ".truth.csv")->find("churn_14d"),
            std::string::npos);
}

TEST_F(WorldVerbTest, ReportsAWorldWithoutALedger) {
  const absl::Status status =
      Run({"world", "report", "--users", "30", "--days", "40"});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(opened_, 0);
  const absl::Status tables = Run({"world", "report", "--users", "30", "--days",
                                   "40", "--kkbox", folder_.path() / "none"});
  EXPECT_EQ(tables.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(tables.message().find("--kkbox"), std::string::npos);
}

TEST_F(WorldVerbTest, RefusesBadNumbersAndDatesBeforeOpeningAnything) {
  const std::string ledger = folder_.path() / "w";
  const absl::Status users =
      Run({"world", "generate", "--users", "-1", "--days", "20", "--seed", "3",
           "--ledger", ledger});
  EXPECT_EQ(users.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(users.message().find("--users"), std::string::npos);
  const absl::Status start =
      Run({"world", "generate", "--users", "5", "--days", "20", "--seed", "3",
           "--ledger", ledger, "--start", "2025-02-30"});
  EXPECT_EQ(start.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(start.message().find("2025-02-30"), std::string::npos);
  EXPECT_EQ(opened_, 0);
}

// The program on a ledger that an ended `world generate` left.
TEST_F(WorldVerbTest, NoVerbReadsHalfAWorldAndTheSameCommandEndsIt) {
  const std::filesystem::path directory = folder_.path() / "half";
  const std::string summary = folder_.path() / "s.json";
  ASSERT_TRUE(MakePrivateDirectory(directory).ok());
  {
    const auto keys = UserKeys::OpenOrCreate(directory / "user.key");
    ASSERT_TRUE(keys.ok()) << keys.status();
    RocksLedgerOptions options;
    options.directory = directory;
    options.clock = &Clock::Real();
    const auto ledger = OpenRocksLedger(options, Catalogue::Embedded(), *keys);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    const SourceMark mark = world::ToSourceMark(
        {.world = "users 30, days 20, seed 3, start 2025-01-01"});
    ASSERT_TRUE((*ledger)->Commit({}, &mark).ok());
  }
  const auto run = [](std::vector<std::string> words) {
    words.insert(words.begin(), BuiltProgram("tenuto"));
    ChildProcess child(words);
    child.ReadAll();
    return std::pair(child.Wait(), child.errors());
  };
  const std::vector<std::string> read = {"describe", "state",     "--ledger",
                                         directory,  "--summary", summary};
  const auto [exit_code, errors] = run(read);
  EXPECT_EQ(exit_code, 2);
  EXPECT_NE(errors.find("the same command goes on where it stopped"),
            std::string::npos)
      << errors;
  EXPECT_FALSE(std::filesystem::exists(summary));
  EXPECT_EQ(run({"world", "generate", "--users", "30", "--days", "20", "--seed",
                 "3", "--ledger", directory})
                .first,
            0);
  EXPECT_EQ(run(read).first, 0);
}

}  // namespace
}  // namespace tenuto
