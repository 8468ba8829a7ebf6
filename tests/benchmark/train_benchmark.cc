// What `tenuto train churn` costs beside the XGBoost fits inside it: reading
// and folding the log, rows, calibration, evaluation, writing. On one thread,
// so that the time of the run and the sum of its fits count the same core: with
// two, fits run side by side and their sum would be more than they took.
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

// So many people give, with a snapshot every day, a million rows to train,
// calibrate and test on. $TENUTO_TRAIN_USERS asks for other numbers.
std::int64_t Users() {
  std::int64_t users = 9'000;
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
             "--snapshot-every", "1d", "--windows", "1", "--summary", summary});
  const double seconds = absl::ToDoubleSeconds(Clock::Real().Now() - start);
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  ASSERT_EQ(parser.load(summary).get(json), simdjson::SUCCESS);
  double xgboost = 0;
  ASSERT_EQ(json["seconds"]["xgboost"].get(xgboost), simdjson::SUCCESS);
  ASSERT_GT(xgboost, 0);
  std::int64_t rows = 0;
  for (const char* part : {"train", "calibrate", "test"}) {
    std::int64_t of_part = 0;
    ASSERT_EQ(json["rows"][part].get(of_part), simdjson::SUCCESS) << part;
    rows += of_part;
  }
  ReportFigure("train.overhead",
               {.measured = seconds / xgboost,
                .note = absl::StrFormat(
                    "%d rows of a world; %.1f s of %.1f s are XGBoost", rows,
                    xgboost, seconds)});
}

}  // namespace
}  // namespace tenuto
