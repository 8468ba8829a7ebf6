#include "training/simulation/simulate_ledger.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/atomic_file.h"
#include "features/memory_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/borrowed_ledger.h"
#include "tests/support/failure_lives.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/grace/train_grace.h"
#include "training/simulation/backtest.h"
#include "training/simulation/segments_csv.h"
#include "training/simulation/trial.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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

// A log of lives and the model that learned from it.
class LearnedLog {
 public:
  // `replanned` as FailureLives::Plan has it; below 0 without plans.
  explicit LearnedLog(double replanned) : ledger_(Catalogue::Embedded()) {
    const UserKeys keys = UserKeys::FromSecret("lives");
    FailureLives lives(ledger_, keys, 3);
    lives.Plan(replanned);
    for (int user = 0; user < 300; ++user) {
      lives.Live(absl::StrCat("u", user), 14);
    }
    TrainGraceOptions options;
    options.ledger = "lives";
    options.models = Models();
    options.threads = 2;
    options.champion = Crown::kAlways;
    ::testing::internal::CaptureStdout();
    const absl::Status status = TrainGrace(options, workshop_);
    ::testing::internal::GetCapturedStdout();
    EXPECT_TRUE(status.ok()) << status;
  }
  std::string Models() const { return (folder_.path() / "models").string(); }
  const Workshop& workshop() const { return workshop_; }
  LogSource Source(int threads) const {
    LogSource source;
    source.ledger = "lives";
    source.models = Models();
    source.threads = threads;
    return source;
  }
  absl::StatusOr<SimulationResult> Simulate(const char* policies,
                                            int threads) const {
    const auto file = PolicyFile::FromText(policies, "p.textproto");
    if (!file.ok()) return file.status();
    return SimulateLedger(Source(threads), *file, workshop_,
                          [](std::int64_t, std::int64_t) {});
  }

 private:
  MemoryLedger ledger_;
  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixSeconds(1'760'000'000)};
  const Workshop workshop_{clock_, Catalogue::Embedded(),
                           [this](const std::filesystem::path&, LedgerAccess) {
                             return OpenedLedger{
                                 UserKeys::FromSecret("lives"),
                                 std::make_unique<BorrowedLedger>(ledger_)};
                           }};
};

class SimulateLedgerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log_ = std::make_unique<LearnedLog>(-1); }
  static void TearDownTestSuite() { log_.reset(); }
  static absl::StatusOr<SimulationResult> Simulate(const char* policies,
                                                   int threads) {
    return log_->Simulate(policies, threads);
  }

  static std::unique_ptr<LearnedLog> log_;
};
std::unique_ptr<LearnedLog> SimulateLedgerTest::log_;

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
  EXPECT_THAT(result->estimators[0].text, StartsWith("model only: "));
  EXPECT_TRUE(IsModelOnly(*result, 0));
  // Of so many payments luck alone moves what is recovered by this much.
  const auto n = static_cast<double>(result->failures);
  const double share = in_force.recovered.value / n;
  EXPECT_GT(in_force.recovered.high - in_force.recovered.value,
            1.96 * std::sqrt(n * share * (1 - share)) +
                0.99 * n * result->model_error.value_or(1));
  EXPECT_THAT(FormatSimulation(*result), Not(HasSubstr("Choose")));
  EXPECT_THAT(FormatSimulation(*result),
              HasSubstr("only a randomised share can tell"));
  EXPECT_THAT(FormatSimulation(*result), HasSubstr(result->fidelity));
  EXPECT_THAT(result->fidelity, HasSubstr("later payments"));
  EXPECT_GT(result->fidelity_claims.size(), 7u) << "and those of segments";
}

TEST_F(SimulateLedgerTest, GivesTheSameBytesOnOneAndTwoThreads) {
  auto one = Simulate(kPolicies, 1), two = Simulate(kPolicies, 2);
  ASSERT_TRUE(one.ok() && two.ok());
  two->threads = one->threads;
  EXPECT_EQ(SimulationJson(*one), SimulationJson(*two));
  EXPECT_EQ(SegmentsCsv(*one), SegmentsCsv(*two));
  EXPECT_EQ(one->fidelity, two->fidelity);
}

// What the model expects of each payment, one after the other.
TEST_F(SimulateLedgerTest, GivesASegmentWhatIsExpectedOfItsPayments) {
  const auto result = Simulate(kPolicies, 2);
  const auto log = OpenLoggedFailures(log_->Source(1), log_->workshop());
  const auto file = PolicyFile::FromText(kPolicies, "p.textproto");
  const auto book = CaseBook::Create(PaymentRules::Embedded(),
                                     GraceValues::Embedded(), "EUR");
  ASSERT_TRUE(result.ok() && log.ok() && file.ok() && book.ok());
  std::map<std::string, std::array<double, 3>> expected;
  for (const GraceFailure& failure : log->failures) {
    const auto its_class = failure.decisions[0].payment.decline_class;
    FailureCase known;
    ASSERT_TRUE(FillCase(*book, *log, failure, "EUR", known).ok());
    HazardTable hazards;
    ASSERT_TRUE(
        log->model->Fill(failure.decisions[0].row, known.facts, hazards).ok());
    std::array<TrialOutcome, 2> outcomes;
    for (std::size_t k = 0; k < 2; ++k) {
      const ComparedPolicy& policy = file->policies()[k];
      RecoveryCurve curve;
      outcomes[k] =
          Expect(hazards, known.stakes.stakes,
                 book->Lawful({policy.actions, policy.last_day}, known), curve);
    }
    auto& sums =
        expected[its_class == v1::DECLINE_CLASS_SOFT         ? "soft"
                 : its_class == v1::DECLINE_CLASS_FIX_NEEDED ? "fix needed"
                                                             : "other"];
    sums[0] += 1;
    sums[1] += outcomes[1].recovered;
    sums[2] += outcomes[1].net_minor - outcomes[0].net_minor;
  }
  ASSERT_EQ(expected.size(), 2U);
  for (std::size_t k = 1; k <= 6; ++k) {
    const std::string& name = Segments()[k].name;
    SCOPED_TRACE(name);
    ASSERT_EQ(Segments()[k].kind, "decline class");
    EXPECT_EQ(result->tally.sums(1, k).size.payments, expected[name][0]);
    const PolicyTotals totals = TotalsOf(*result, 1, k);
    EXPECT_NEAR(totals.recovered.value, expected[name][1], 1e-6);
    EXPECT_NEAR(totals.difference_minor.value, expected[name][2], 1e-3);
  }
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
  LogSource source = log_->Source(2);
  const auto all = OpenLoggedFailures(source, log_->workshop());
  ASSERT_TRUE(all.ok()) << all.status();
  source.from = LearnedThrough(*all);
  const auto log = OpenLoggedFailures(source, log_->workshop());
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_LT(log->failures.size(), all->failures.size());
  EXPECT_EQ(LaterFailures(*all).size(), log->failures.size());
  EXPECT_EQ(LaterFailures(*log).size(), log->failures.size());
  const auto result =
      Backtest(*log, log->failures, "EUR", 2, [](std::int64_t) {});
  ASSERT_TRUE(result.ok()) << result.status();
  // The company ends it on day 21, beyond which nobody can watch.
  EXPECT_GE(result->days, 20);
  EXPECT_LE(result->days, 22);
  EXPECT_EQ(result->by_day.back().day, 14);
  EXPECT_LT(result->largest_gap, 0.08);
  EXPECT_GT(result->largest_by_chance, 0);
  const Compared& last = result->by_day.back().recovered;
  EXPECT_NEAR(result->observed[14], last.observed, 1e-12);
  EXPECT_LT(last.low, last.difference());
  EXPECT_THAT(BacktestJson(*result), HasSubstr(FidelityLine(*result)));
  // Near what the lives really gave: full access to the end of each day unpaid.
  double free_days = 0;
  for (const GraceFailure& failure : log->failures) {
    for (const UnpaidDay& day : failure.spell.days) {
      free_days += day.end == RecoveryEnd::kOpen;
    }
  }
  const auto n = static_cast<double>(log->failures.size());
  const Compared& free = result->outcomes.free_days;
  EXPECT_NEAR(free.observed, free_days / n, 0.05 * free_days / n);
  EXPECT_LT(std::abs(free.difference()), 4 * (free.high - free.low) / 3.92);
  const Compared& net = result->outcomes.net_minor;
  EXPECT_GT(net.observed, 0);
  EXPECT_LT(std::abs(net.difference()), 4 * (net.high - net.low) / 3.92);
  EXPECT_EQ(Backtest(*log, log->failures, "no", 1, [](std::int64_t) {})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  const auto one = Backtest(*log, log->failures, "EUR", 1, [](std::int64_t) {});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(BacktestJson(*one), BacktestJson(*result));
}

TEST_F(SimulateLedgerTest, BacktestsFromWhereTheModelHadLearned) {
  const auto all = OpenLoggedFailures(log_->Source(2), log_->workshop());
  ASSERT_TRUE(all.ok()) << all.status();
  const std::string learned =
      absl::FormatTime("%Y-%m-%d", LearnedThrough(*all), absl::UTCTimeZone());
  const TempFolder folder;
  const std::string summary = folder.path() / "b.json";
  std::string shown;
  const auto backtest = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"simulate", "backtest", "--ledger",
                                      "lives",    "--models", log_->Models()};
    words.insert(words.end(), more.begin(), more.end());
    return testing::RunVerb(AddSimulateVerb, log_->workshop(), words, shown);
  };
  const absl::Status status = backtest({"--summary", summary});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(shown, StartsWith(absl::StrCat(LaterFailures(*all).size(),
                                             " payments that failed ")));
  EXPECT_THAT(shown, HasSubstr("\nverdict: "));
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"verdict\":"));
  const std::pair<const char*, const char*> wrong[] = {
      {"--from", "had learned what happened; a backtest needs later failures"},
      {"--until", "2024-05-02 is not after"}};
  for (const auto& [flag, reason] : wrong) {
    const absl::Status refused = backtest({flag, "2024-05-02"});
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << flag;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(reason));
    EXPECT_THAT(std::string(refused.message()), HasSubstr(learned));
  }
}

constexpr char kDrawnPolicies[] = R"(
current: "long"
policies { name: "long"
  fixed { full_days: 21 retry_days: [1, 3, 6, 10] ends_after_days: 21 } }
policies { name: "short"
  fixed { full_days: 7 retry_days: [1, 3, 6, 10] ends_after_days: 21 } }
policies { name: "half" mixture {
  parts { policy: "long" share: 0.5 } parts { policy: "short" share: 0.5 } } }
policies { name: "fewer"
  fixed { full_days: 21 retry_days: [1, 3] ends_after_days: 21 } }
policies { name: "long_or_fewer" mixture {
  parts { policy: "long" share: 0.5 } parts { policy: "fewer" share: 0.5 } } }
)";

// By the chances of FailureLives: four attempts on soft declines, else none.
double RecoveredInTruth() {
  double recovered = 0;
  for (const bool soft : {true, false}) {
    double open = 1, paid = 0;
    const auto pay = [&](double chance) {
      paid += open * chance;
      open *= 1 - chance;
    };
    for (int day = 1; day <= 21; ++day) {
      pay(soft ? FailureLives::kSoftUser : FailureLives::kFixUser);
      if (soft && (day == 1 || day == 3 || day == 6 || day == 10)) {
        pay(FailureLives::kSoftRetry);
      }
      open *= 1 - FailureLives::kCancels;
    }
    recovered += (soft ? 0.6 : 0.4) * paid;
  }
  return recovered;
}

// Half of the payments that are open on day 5 get no attempt after it, which
// nobody drew by chance: their first plan must not be blamed.
TEST(SimulateDrawnPlans, PutsRightByWhatTheFirstPlanDid) {
  const LearnedLog log(0.5);
  const auto result = log.Simulate(kDrawnPolicies, 2);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->policies.size(), 5u);
  const auto n = static_cast<double>(result->failures);
  EXPECT_GT(static_cast<double>(result->strayed), 0.05 * n);
  EXPECT_LT(static_cast<double>(result->strayed), 0.2 * n);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_FALSE(IsModelOnly(*result, k));
    EXPECT_THAT(result->estimators[k].text, StartsWith("doubly robust: "));
    const Estimate recovered = TotalsOf(*result, k).recovered;
    EXPECT_NEAR(recovered.value / n, RecoveredInTruth(), 0.035)
        << result->policies[k];
    EXPECT_LT((recovered.high - recovered.low) / n, 0.12);
  }
  // Payments that ended by day 5 agree with it, and say nothing of later days.
  EXPECT_TRUE(IsModelOnly(*result, 3));
  // The model alone speaks for both parts of a mixture, also for one that is
  // put right where it stands for itself.
  EXPECT_TRUE(IsModelOnly(*result, 4));
  const auto recovered = [&](std::size_t policy) {
    return TotalsOf(*result, policy).recovered.value;
  };
  EXPECT_GT(std::abs(2 * recovered(4) - recovered(3) - recovered(0)), 1e-3);
  EXPECT_THAT(FormatSimulation(*result),
              HasSubstr("payments were later treated otherwise"));
}

TEST(SimulateDrawnPlans, LeavesItToTheModelWhereAllAreTreatedOtherwise) {
  const LearnedLog log(1);
  const auto result = log.Simulate(kDrawnPolicies, 2);
  ASSERT_TRUE(result.ok()) << result.status();
  for (std::size_t k = 0; k < result->policies.size(); ++k) {
    EXPECT_TRUE(IsModelOnly(*result, k)) << result->estimators[k].text;
  }
}

}  // namespace
}  // namespace tenuto
