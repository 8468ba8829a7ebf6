#include <algorithm>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "training/verb.h"

namespace tenuto {
namespace {

class WorldVerbTest : public testing::Test {
 protected:
  WorldVerbTest()
      : directory_(
            std::filesystem::path(testing::TempDir()) /
            testing::UnitTest::GetInstance()->current_test_info()->name()),
        workshop_{Clock::Real(), Catalogue::Embedded(),
                  [this](const std::filesystem::path&,
                         LedgerAccess access) -> absl::StatusOr<OpenedLedger> {
                    EXPECT_EQ(access, LedgerAccess::kWrite);
                    ++opened_;
                    return OpenedLedger{
                        UserKeys::FromSecret("secret"),
                        std::make_unique<MemoryLedger>(Catalogue::Embedded())};
                  }} {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~WorldVerbTest() override { std::filesystem::remove_all(directory_); }

  absl::Status Run(std::vector<std::string> arguments) {
    CLI::App app("tenuto");
    VerbRun run;
    AddWorldVerb(app, workshop_, run);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    return run();
  }

  const std::filesystem::path directory_;
  int opened_ = 0;
  const Workshop workshop_;
};

TEST_F(WorldVerbTest, GeneratesAndWritesSummaryAndTruth) {
  const std::string ledger = directory_ / "w";
  const std::string summary = directory_ / "s.json";
  const absl::Status status =
      Run({"world", "generate", "--users", "30", "--days", "20", "--seed", "3",
           "--ledger", ledger, "--summary", summary, "--threads", "1"});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_NE(ReadFile(summary)->find("\"users\":30"), std::string::npos);
  EXPECT_NE(ReadFile(ledger + ".truth.csv")->find("churn_14d"),
            std::string::npos);
}

TEST_F(WorldVerbTest, RefusesBadNumbersAndDatesBeforeOpeningAnything) {
  const std::string ledger = directory_ / "w";
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

}  // namespace
}  // namespace tenuto
