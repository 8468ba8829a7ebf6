#include "training/train_table.h"

#include <cmath>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/catalogue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/model_bundle.h"
#include "model/model_registry.h"
#include "simdjson.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/temp_folder.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kSeed = 2026;

// Users whose hours fall before they leave, and two columns that know it.
// From 2018-05 on they fall before users stay, if the world `turns`.
std::string UsersCsv(int rows, int rows_a_user = 1, bool turns = false) {
  SplitMix64 random(kSeed);
  std::string csv = "user,taken,plan,hours,seats,seats_later,ended_at,churn\n";
  for (int r = 0; r < rows; ++r) {
    const bool leaves = random.Below(4) == 0;
    const std::uint64_t seats = 1 + random.Below(9);
    absl::StrAppend(
        &csv, "u", r / rows_a_user, ",2018-0", 1 + r % 6, "-01,",
        random.Below(3) == 0 ? "gold" : "basic", ",",
        random.Below(40) + (leaves == (turns && r % 6 >= 4) ? 15 : 0), ",",
        seats, ",", seats + (leaves ? 1 + random.Below(3) : 0), ",",
        leaves ? "2018-09-01" : "", ",", leaves ? "Yes" : "No", "\n");
  }
  return csv;
}

class TrainTableTest : public ::testing::Test {
 protected:
  TrainTableTest() {
    options_.columns.target = "churn";
    options_.columns.key = "user";
    options_.model = "churn_test";
    options_.models_dir = folder_.path() / "models";
    options_.summary = folder_.path() / "summary.json";
    options_.seed = kSeed;
    options_.threads = 2;
  }

  absl::Status Train(const std::string& csv) {
    options_.table = folder_.Write("users.csv.gz", GzipBytes(csv));
    return TrainTable(options_, workshop_);
  }

  std::string Summary() const { return *ReadFile(options_.summary); }

  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  const Workshop workshop_{clock_, Catalogue::Embedded(), nullptr};
  TrainTableOptions options_;
};

TEST_F(TrainTableTest, WritesABundleAndASummary) {
  ASSERT_TRUE(Train(UsersCsv(1200)).ok());
  simdjson::dom::parser parser;
  simdjson::padded_string text(Summary());
  const simdjson::dom::element json = parser.parse(text);
  EXPECT_EQ(int64_t{json["version"]}, 1);
  EXPECT_EQ(int64_t{json["rows"]["train"]} +
                int64_t{json["rows"]["calibrate"]} +
                int64_t{json["rows"]["test"]},
            1200);
  EXPECT_GT(double{json["test"]["auc"]}, 0.7);
  EXPECT_LT(double{json["test"]["auc"]}, 0.95) << "the leaks are left out";
  EXPECT_LT(double{json["test"]["log_loss"]},
            double{json["test"]["log_loss_constant"]});
  for (const char* leak : {"seats", "seats_later", "ended_at", "user"}) {
    EXPECT_THAT(Summary(),
                HasSubstr(absl::StrCat("{\"column\":\"", leak, "\"")));
  }
  const auto directory = FindChampion(options_.models_dir, "churn_test");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto bundle = ModelBundle::Open(*directory, Catalogue::Embedded());
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  EXPECT_EQ((*bundle)->manifest().label(), "churn = Yes");
  EXPECT_EQ((*bundle)->manifest().training().rows_test(),
            int64_t{json["rows"]["test"]});
}

TEST_F(TrainTableTest, SplitsByTimeAndComparesBaselines) {
  options_.columns.time = "taken";
  options_.columns.train_before = "2018-04-15";
  options_.columns.test_from = "2018-05-01";
  options_.baseline = true;
  ASSERT_TRUE(Train(UsersCsv(1200)).ok());
  EXPECT_THAT(Summary(), HasSubstr("\"test\":400}"));
  EXPECT_THAT(Summary(), HasSubstr("\"name\":\"plain xgboost\""));
  EXPECT_THAT(Summary(), HasSubstr("dates the row, by --time"));
}

TEST_F(TrainTableTest, CrownsNoModelThatTheTestPutsBelowAConstant) {
  options_.columns.time = "taken";
  options_.columns.train_before = "2018-04-15";
  options_.columns.test_from = "2018-05-01";
  ::testing::internal::CaptureStdout();
  const absl::Status status = Train(UsersCsv(1200, 1, true));
  const std::string shown = ::testing::internal::GetCapturedStdout();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(shown, HasSubstr("the model tells nobody apart: AUC 0."));
  EXPECT_THAT(shown, HasSubstr("a challenger\nchallenger because on the later "
                               "test its log loss, "));
  EXPECT_THAT(Summary(), HasSubstr(",\"champion\":false,"));
  EXPECT_FALSE(FindChampion(options_.models_dir, "churn_test").ok());
  // The same table without that turn.
  ASSERT_TRUE(Train(UsersCsv(1200)).ok());
  EXPECT_THAT(Summary(), HasSubstr(",\"champion\":true,"));
  EXPECT_EQ(*FindChampion(options_.models_dir, "churn_test"),
            options_.models_dir / "churn_test" / "2");
}

TEST_F(TrainTableTest, WarnsWhenKeysTakeMostRowsAway) {
  options_.columns.time = "taken";
  options_.columns.train_before = "2018-05-01";
  options_.columns.test_from = "2018-05-01";
  ::testing::internal::CaptureStdout();
  const absl::Status status = Train(UsersCsv(2400, 6));
  const std::string shown = ::testing::internal::GetCapturedStdout();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(shown, HasSubstr("of 2400 rows are left out, more than half: "));
  EXPECT_THAT(shown, HasSubstr("other rows of their --key are in another"));
  ::testing::internal::CaptureStdout();
  EXPECT_TRUE(Train(UsersCsv(1200)).ok());
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              Not(HasSubstr("warning")));
}

TEST_F(TrainTableTest, SaysHowManyRowsCalibrationNeedsAndWhoTookThem) {
  options_.columns.time = "taken";
  options_.columns.train_before = "2018-05-01";
  options_.columns.test_from = "2018-05-01";
  const absl::Status status = Train(UsersCsv(180, 6));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("of 180 rows are left to calibrate on, and at least 20 "
                        "of both outcomes are needed"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("because their --key is in another part: 1"));
  EXPECT_FALSE(std::filesystem::exists(options_.models_dir));
}

TEST_F(TrainTableTest, RefusesToLearnFromRowsOfTheTestPeriod) {
  options_.columns.time = "taken";
  options_.columns.train_before = "2018-05-02";
  options_.columns.test_from = "2018-05-01";
  const absl::Status status = Train(UsersCsv(1200));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("--train-before is later than --test-from"));
}

TEST_F(TrainTableTest, GivesTheSameModelOnOneAndTwoThreads) {
  const std::string csv = UsersCsv(600);
  ASSERT_TRUE(Train(csv).ok());
  options_.threads = 1;
  ASSERT_TRUE(Train(csv).ok());
  const auto model = [&](const char* version) {
    return *ReadFile(options_.models_dir / "churn_test" / version /
                     "model.json");
  };
  EXPECT_EQ(model("1"), model("2"));
}

TEST_F(TrainTableTest, LeavesNothingBehindWhenTheInputIsBad) {
  const struct {
    std::string csv, reason;
  } cases[] = {
      {"user,x,churn\na,1,0\nb,2,0\n", "is always \"0\""},
      {"user,x,left\na,1,0\nb,2,1\n", "it has user, x, left"},
      {"user,x,churn\na,1,0\nb,2\n", "line 3: 2 fields"},
      {"user,x,churn\na,1,red\nb,2,blue\n", "which of them means leaving"},
      {"user,x,churn\n", "no rows"}};
  for (const auto& [csv, reason] : cases) {
    const absl::Status status = Train(csv);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    EXPECT_FALSE(std::filesystem::exists(options_.models_dir));
    EXPECT_FALSE(std::filesystem::exists(options_.summary));
  }
}

TEST_F(TrainTableTest, RefusesATableWhoseColumnsAllLeak) {
  std::string csv = "user,x,churn\n";
  for (int r = 0; r < 200; ++r) {
    absl::StrAppend(&csv, "u", r, ",", r % 3 == 0, ",", r % 3 == 0, "\n");
  }
  const absl::Status status = Train(csv);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("no column is left to learn from"));
}

TEST_F(TrainTableTest, FindsOutWrongFlagsBeforeTheWork) {
  options_.model = "Churn 1";
  EXPECT_THAT(std::string(Train(UsersCsv(50)).message()),
              HasSubstr("--model \"Churn 1\""));
  options_.model = "churn";
  options_.summary = folder_.path() / "nowhere" / "s.json";
  EXPECT_THAT(std::string(Train(UsersCsv(50)).message()),
              HasSubstr("there is no directory"));
}

}  // namespace
}  // namespace tenuto
