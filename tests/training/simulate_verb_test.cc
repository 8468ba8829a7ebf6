#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/memory_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr char kPolicies[] = R"(
current: "seven"
policies { name: "seven" fixed { full_days: 7 retry_days: [3, 9, 15, 21] } }
policies { name: "none" fixed { full_days: 0 retry_days: [3, 9, 15, 21] } }
)";

class SimulateVerbTest : public ::testing::Test {
 protected:
  absl::Status Run(std::vector<std::string> arguments) {
    return testing::RunVerb(AddSimulateVerb, workshop_, std::move(arguments),
                            shown_);
  }
  // Of a run that must fail.
  std::string ErrorOf(const std::string& world, const std::string& policies) {
    const absl::Status status =
        Run({"simulate", "grace", "--world", world, "--policies",
             folder_.Write("p.textproto", policies), "--summary", summary_});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_FALSE(std::filesystem::exists(summary_));
    return std::string(status.message());
  }

  const TempFolder folder_;
  const std::string summary_ = folder_.path() / "s.json";
  const Workshop workshop_{
      Clock::Real(), Catalogue::Embedded(),
      [](const std::filesystem::path&,
         LedgerAccess) -> absl::StatusOr<OpenedLedger> {
        return absl::InternalError("a world needs no ledger");
      }};
  std::string shown_;
};

TEST_F(SimulateVerbTest, WritesTheSummaryTheSegmentsAndTheReportOfAWorld) {
  const std::string report = folder_.path() / "r.html";
  const std::string segments = folder_.path() / "s.csv";
  const absl::Status status =
      Run({"simulate", "grace", "--world", "1,3000", "--policies",
           folder_.Write("p.textproto", kPolicies), "--summary", summary_,
           "--segments", segments, "--report", report});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(*ReadFile(summary_), HasSubstr("{\"failures\":3000,\"days\":60"));
  EXPECT_THAT(*ReadFile(segments), HasSubstr("\n\"none\",country,Sweden,"));
  EXPECT_THAT(*ReadFile(report), HasSubstr("</html>"));
}

TEST_F(SimulateVerbTest, NamesThePlaceOfAMistake) {
  EXPECT_THAT(ErrorOf("1", kPolicies), HasSubstr("SEED,N"));
  EXPECT_THAT(ErrorOf("1,0", kPolicies), HasSubstr("SEED,N"));
  EXPECT_THAT(ErrorOf("1,100", "current: \"x\"\npolicies { nome: \"x\" }"),
              HasSubstr("p.textproto:2"));
  EXPECT_THAT(ErrorOf("1,100", std::string(kPolicies) + "currency: \"XAU\"\n"),
              HasSubstr("XAU"));
}

TEST_F(SimulateVerbTest, RefusesAReportNobodyCanWriteBeforeTheWork) {
  const absl::Status status =
      Run({"simulate", "grace", "--world", "1,100", "--policies",
           folder_.Write("p.textproto", kPolicies), "--report",
           folder_.path() / "no" / "r.html"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("--report"));
}

TEST_F(SimulateVerbTest, OverwritesNeitherItsPoliciesNorItsOtherResult) {
  const std::string file = folder_.Write("p.textproto", kPolicies);
  const std::string segments = folder_.path() / "s.csv";
  const std::string page = folder_.path() / "r.html";
  const auto refuses = [&](const std::string& report,
                           const std::string& summary,
                           const std::string& by_segment) {
    const absl::Status status = Run(
        {"simulate", "grace", "--world", "1,100", "--policies", file,
         "--report", report, "--summary", summary, "--segments", by_segment});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("is also a file of this command"));
    EXPECT_EQ(*ReadFile(file), kPolicies);
  };
  refuses(file, summary_, segments);
  refuses(folder_.path() / "." / "p.textproto", summary_, segments);
  refuses(page, file, segments);
  refuses(summary_, summary_, segments);
  refuses(page, summary_, file);
  refuses(page, summary_, page);
  refuses(page, summary_, summary_);
  EXPECT_FALSE(std::filesystem::exists(summary_));
}

TEST_F(SimulateVerbTest, RefusesMoreThreadsThanAnyMachineHas) {
  const std::string file = folder_.Write("p.textproto", kPolicies);
  for (const char* threads : {"20000", "257", "-1"}) {
    const absl::Status status = Run({"simulate", "grace", "--world", "1,100",
                                     "--policies", file, "--threads", threads});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << threads;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--threads"));
  }
}

TEST_F(SimulateVerbTest, SaysWhichAttemptsAreNotLivedAsWritten) {
  const std::string daily = R"(policies { name: "daily_60"
    fixed { full_days: 7 retry_every { days: 1 times: 60 } } })";
  ::testing::internal::CaptureStderr();
  const absl::Status status =
      Run({"simulate", "grace", "--world", "1,100", "--policies",
           folder_.Write("p.textproto", kPolicies + daily)});
  const std::string told = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(told, HasSubstr("tenuto: policy \"daily_60\": rules strike "));
  EXPECT_THAT(told, HasSubstr(" of 60 attempts on "));
  EXPECT_THAT(told, ::testing::Not(HasSubstr("\"seven\"")));
}

TEST_F(SimulateVerbTest, TakesAWorldOrALedger) {
  const std::string file = folder_.Write("p.textproto", kPolicies);
  const auto message = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"simulate", "grace", "--policies",
                                          file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::string(Run(std::move(arguments)).message());
  };
  EXPECT_THAT(message({}), HasSubstr("either --world"));
  EXPECT_THAT(message({"--world", "1,100", "--ledger", "l"}),
              HasSubstr("either --world"));
  EXPECT_THAT(message({"--ledger", "l"}), HasSubstr("--models DIR"));
  EXPECT_THAT(message({"--world", "1,100", "--from", "2025-01-01"}),
              HasSubstr("belong to --ledger"));
  // The ledger is looked for before a model: that it can train.
  EXPECT_THAT(message({"--ledger", "l", "--models", folder_.path() / "absent"}),
              HasSubstr("a world needs no ledger"));
}

TEST_F(SimulateVerbTest, ChecksTheFlagsOfABacktest) {
  const absl::Status status = Run({"simulate", "backtest", "--ledger", "l",
                                   "--models", "m", "--from", "tomorrow"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--from"));
}

TEST_F(SimulateVerbTest, HasNoPoliciesWithoutAFile) {
  const absl::Status status =
      Run({"simulate", "grace", "--world", "1,100", "--policies",
           folder_.path() / "absent.textproto"});
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("absent.textproto"));
}

}  // namespace
}  // namespace tenuto
