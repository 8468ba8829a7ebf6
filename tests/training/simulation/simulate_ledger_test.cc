#include "training/simulation/simulate_ledger.h"

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/memory_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/borrowed_ledger.h"
#include "tests/support/failure_lives.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"
#include "training/grace/train_grace.h"
#include "training/simulation/backtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

// These lives see full access, attempts on days 1, 3, 6 and 10, and the end on
// day 21.
constexpr char kPolicies[] = R"(
current: "in_force"
policies { name: "in_force"
  fixed { full_days: 21 retry_days: [1, 3, 6, 10] ends_after_days: 21 } }
policies { name: "fewer"
  fixed { full_days: 21 retry_days: [1, 3] ends_after_days: 21 } }
policies { name: "no_access"
  fixed { full_days: 0 retry_days: [1, 3, 6, 10] ends_after_days: 21 } }
policies { name: "half" mixture {
  parts { policy: "fewer" share: 0.5 } parts { policy: "in_force" share: 0.5 }
} }
policies { name: "part_unseen" mixture {
  parts { policy: "fewer" share: 0.5 } parts { policy: "no_access" share: 0.5 }
} }
policies { name: "oracle" oracle {} }
)";

class SimulateLedgerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ledger_ = std::make_unique<MemoryLedger>(Catalogue::Embedded());
    const UserKeys keys = UserKeys::FromSecret("lives");
    FailureLives lives(*ledger_, keys, 3);
    for (int user = 0; user < 300; ++user) {
      lives.Live(absl::StrCat("u", user), 14);
    }
    folder_ = std::make_unique<TempFolder>();
    TrainGraceOptions options;
    options.ledger = "lives";
    options.models = Models();
    options.threads = 2;
    ::testing::internal::CaptureStdout();
    const absl::Status status = TrainGrace(options, TheWorkshop());
    ::testing::internal::GetCapturedStdout();
    ASSERT_TRUE(status.ok()) << status;
  }
  static void TearDownTestSuite() {
    ledger_.reset();
    folder_.reset();
  }
  static std::string Models() { return (folder_->path() / "models").string(); }
  static const Workshop& TheWorkshop() {
    static const FixedClock clock(absl::FromUnixSeconds(1'760'000'000));
    static const Workshop workshop{
        clock, Catalogue::Embedded(),
        [](const std::filesystem::path&, LedgerAccess) {
          return OpenedLedger{UserKeys::FromSecret("lives"),
                              std::make_unique<BorrowedLedger>(*ledger_)};
        }};
    return workshop;
  }
  static absl::StatusOr<SimulationResult> Simulate(const char* policies,
                                                   int threads) {
    const auto file = PolicyFile::FromText(policies, "p.textproto");
    if (!file.ok()) return file.status();
    return SimulateLedger(Source(threads), *file, TheWorkshop(),
                          [](std::int64_t, std::int64_t) {});
  }
  static LogSource Source(int threads) {
    LogSource source;
    source.ledger = "lives";
    source.models = Models();
    source.threads = threads;
    return source;
  }

  static std::unique_ptr<MemoryLedger> ledger_;
  static std::unique_ptr<TempFolder> folder_;
};
std::unique_ptr<MemoryLedger> SimulateLedgerTest::ledger_;
std::unique_ptr<TempFolder> SimulateLedgerTest::folder_;

TEST_F(SimulateLedgerTest, TellsWhatTheLogHasSeenAndRefusesTheRest) {
  const auto result = Simulate(kPolicies, 2);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->policies,
              ::testing::ElementsAre("in_force", "fewer", "half"));
  ASSERT_EQ(result->refused.size(), 3u);
  EXPECT_EQ(result->refused[0].policy, "no_access");
  EXPECT_THAT(result->refused[0].reason, HasSubstr("no access on days 1 to"));
  EXPECT_THAT(result->refused[1].reason, HasSubstr("of its part no_access"));
  EXPECT_THAT(result->refused[2].reason, HasSubstr("simulated world"));
  // Fewer attempts recover less; a mixture lies in the middle.
  const PolicyTotals in_force = TotalsOf(*result, 0);
  const PolicyTotals fewer = TotalsOf(*result, 1);
  const PolicyTotals half = TotalsOf(*result, 2);
  EXPECT_LT(fewer.recovered.value, in_force.recovered.value);
  EXPECT_NEAR(half.recovered.value,
              (fewer.recovered.value + in_force.recovered.value) / 2, 1e-6);
  EXPECT_THAT(result->estimators[0].text, HasSubstr("model only"));
  EXPECT_THAT(FormatSimulation(*result), HasSubstr(result->fidelity));
  EXPECT_THAT(result->fidelity, HasSubstr("later payments"));
}

TEST_F(SimulateLedgerTest, GivesTheSameBytesOnOneAndTwoThreads) {
  auto one = Simulate(kPolicies, 1), two = Simulate(kPolicies, 2);
  ASSERT_TRUE(one.ok() && two.ok());
  two->threads = one->threads;
  EXPECT_EQ(SimulationJson(*one), SimulationJson(*two));
  EXPECT_EQ(one->fidelity, two->fidelity);
}

TEST_F(SimulateLedgerTest, ComparesWithTheNearestWhereItRefusesTheCurrent) {
  std::string policies = kPolicies;
  policies.replace(policies.find("in_force"), 8, "no_access");
  const auto result = Simulate(policies.c_str(), 2);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->refused_current, "no_access");
  EXPECT_EQ(result->refused[0].policy, "no_access");
  EXPECT_EQ(result->policies[result->current], "in_force");
  EXPECT_EQ(TotalsOf(*result, result->current).difference_minor.value, 0);
  EXPECT_NE(TotalsOf(*result, 1).difference_minor.value, 0);
}

TEST_F(SimulateLedgerTest, SaysWhatIsMissingWhereItRefusesAll) {
  const auto result = Simulate(
      "current: \"none\"\npolicies { name: \"none\" fixed { full_days: 0 } }",
      1);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      std::string(result.status().message()),
      HasSubstr(" failed payments, can tell of no policy; of the current "
                "one: the log has too few days of unpaid payments like "
                "100 % of the policy's, with no access on days 1 to "
                "60"));
}

TEST_F(SimulateLedgerTest, IsCheckedAgainstWhatHappenedLater) {
  LogSource source = Source(2);
  const auto all = OpenLoggedFailures(source, TheWorkshop());
  ASSERT_TRUE(all.ok()) << all.status();
  source.from = LearnedThrough(*all);
  const auto log = OpenLoggedFailures(source, TheWorkshop());
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_LT(log->failures.size(), all->failures.size());
  const auto result = Backtest(*log, log->failures, 2, [](std::int64_t) {});
  ASSERT_TRUE(result.ok()) << result.status();
  // The company ends it on day 21, beyond which nobody can watch.
  EXPECT_GE(result->days, 20);
  EXPECT_LE(result->days, 22);
  EXPECT_EQ(result->by_day.back().day, 14);
  EXPECT_LT(result->largest_gap, 0.08);
  EXPECT_GT(result->largest_by_chance, 0);
  const ComparedShare& last = result->by_day.back().recovered;
  EXPECT_NEAR(result->observed[14], last.observed, 1e-12);
  EXPECT_LT(last.low, last.difference());
  EXPECT_THAT(BacktestJson(*result), HasSubstr(FidelityLine(*result)));
  const auto one = Backtest(*log, log->failures, 1, [](std::int64_t) {});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(BacktestJson(*one), BacktestJson(*result));
}

}  // namespace
}  // namespace tenuto
