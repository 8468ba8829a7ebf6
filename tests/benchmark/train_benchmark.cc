// What `tenuto train churn` costs beside the XGBoost fits inside it, on one
// thread: reading and folding the log, rows, calibration, evaluation, writing.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "features/base/clock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/benchmark/targets.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

// So many people give, with a snapshot every third day and one window, more
// training rows than those from which a forest is chosen by one held-out part
// instead of five (model_fit.h): what a million rows would do too.
// $TENUTO_TRAIN_USERS asks for other numbers.
std::int64_t Users() {
  std::int64_t users = 4'000;
  const char* const asked = std::getenv("TENUTO_TRAIN_USERS");
  if (asked != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(asked, &users)) << asked;
  }
  return users;
}

void RunTenuto(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {BuiltProgram("tenuto")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  ChildProcess process(command);
  std::fputs(process.ReadAll().c_str(), stdout);
  ASSERT_EQ(process.Wait(), 0) << process.errors();
}

TEST(TrainBenchmark, TrainsBesideTheFitsInsideIt) {
  const TempFolder folder;
  const std::string ledger = (folder.path() / "ledger").string();
  const std::string summary = (folder.path() / "summary.json").string();
  RunTenuto({"world", "generate", "--users", absl::StrCat(Users()), "--days",
             "270", "--seed", "1", "--ledger", ledger});
  const absl::Time start = Clock::Real().Now();
  RunTenuto({"train", "churn", "--ledger", ledger, "--models",
             (folder.path() / "models").string(), "--threads", "1",
             "--snapshot-every", "3d", "--windows", "1", "--summary", summary});
  const double seconds = absl::ToDoubleSeconds(Clock::Real().Now() - start);
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  ASSERT_EQ(parser.load(summary).get(json), simdjson::SUCCESS);
  double xgboost = 0;
  ASSERT_EQ(json["seconds"]["xgboost"].get(xgboost), simdjson::SUCCESS);
  ASSERT_GT(xgboost, 0);
  std::int64_t rows = 0;
  ASSERT_EQ(json["rows"]["train"].get(rows), simdjson::SUCCESS);
  ReportFigure("train.overhead",
               {.measured = seconds / xgboost,
                .note = absl::StrFormat(
                    "%d training rows of a world; %.1f s of %.1f s are XGBoost",
                    rows, xgboost, seconds)});
}

}  // namespace
}  // namespace tenuto
