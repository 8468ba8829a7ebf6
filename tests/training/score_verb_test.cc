#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/catalogue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/split_mix.h"
#include "training/train_table.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

std::string UsersCsv(int rows) {
  SplitMix64 random(4);
  std::string csv = "hours,plan,churn\n";
  for (int r = 0; r < rows; ++r) {
    const bool leaves = random.Below(3) == 0;
    absl::StrAppend(&csv, random.Below(40) + (leaves ? 0 : 15), ",",
                    random.Below(2) == 0 ? "gold" : "basic", ",", leaves, "\n");
  }
  return csv;
}

class ScoreVerb : public ::testing::Test {
 protected:
  ScoreVerb() {
    TrainTableOptions train;
    train.table = folder_.Write("train.csv", UsersCsv(400));
    train.columns.target = "churn";
    train.model = "churn";
    train.models_dir = folder_.path() / "models";
    const absl::Status status = TrainTable(train, workshop_);
    EXPECT_TRUE(status.ok()) << status;
  }

  absl::Status Run(const std::string& flags) {
    std::string shown;
    return testing::RunVerb(
        AddScoreVerb, workshop_,
        absl::StrSplit("score " + flags, ' ', absl::SkipEmpty()), shown);
  }
  absl::Status Score(const std::string& csv,
                     const std::string& model = "churn") {
    const std::filesystem::path table = folder_.Write("score.csv", csv);
    return Run(absl::StrCat("--model ", model, " --models ",
                            (folder_.path() / "models").string(), " --table ",
                            table.string(), " --output ", output_.string(),
                            " --summary ", summary_.string()));
  }

  const TempFolder folder_;
  const FixedClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  const Workshop workshop_{clock_, Catalogue::Embedded(), nullptr};
  const std::filesystem::path output_ = folder_.path() / "scores.csv";
  const std::filesystem::path summary_ = folder_.path() / "summary.json";
};

TEST_F(ScoreVerb, TakesEitherATableOrALedger) {
  for (const std::string& flags :
       {std::string(), std::string("--table a --ledger b --users c"),
        std::string("--users c"), std::string("--users c --table a"),
        std::string("--table a --as-of 2024-01-01"),
        std::string("--table a --reasons"),
        std::string("--ledger b --threads -1"),
        std::string("--ledger b --threads two")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        Run("--model churn --models m --output o " + flags)))
        << flags;
  }
}

TEST_F(ScoreVerb, WritesUsersOfALedgerAsOfItsEnd) {
  const Catalogue& catalogue = Catalogue::Embedded();
  WriteChurnBundle(folder_.path() / "models", catalogue);
  const std::filesystem::path ledger = folder_.path() / "ledger";
  const std::string tenuto = BuiltProgram("tenuto");
  ChildProcess world({tenuto, "world", "generate", "--users", "20", "--days",
                      "30", "--seed", "4", "--ledger", ledger.string()});
  ASSERT_EQ(world.Wait(), 0) << world.errors();
  const std::filesystem::path users =
      folder_.Write("users.txt", "u0000001\nu0000002\nno, \"body\"\n");
  ChildProcess score({tenuto, "score", "--model", "churn_14d", "--models",
                      (folder_.path() / "models").string(), "--ledger",
                      ledger.string(), "--users", users.string(), "--output",
                      output_.string(), "--summary", summary_.string()});
  ASSERT_EQ(score.Wait(), 0) << score.errors();
  const std::string bytes = *ReadFile(output_);
  const std::vector<std::string> lines = absl::StrSplit(bytes, '\n');
  ASSERT_EQ(lines.size(), 5U) << bytes;
  EXPECT_EQ(lines[0], "user_id,known,eligible,probability,reasons");
  EXPECT_THAT(lines[1], ::testing::StartsWith("\"u0000001\",1,"));
  EXPECT_THAT(lines[3], ::testing::StartsWith("\"no, \"\"body\"\"\",0,0,"));
  EXPECT_THAT(*ReadFile(summary_), HasSubstr("\"rows\":3,"));
}

TEST_F(ScoreVerb, WritesAProbabilityForEachRowInItsOrder) {
  const absl::Status status =
      Score("plan,hours\nbasic,2\ngold,52\nbasic,\nunheard-of,30\n");
  ASSERT_TRUE(status.ok()) << status;
  const std::string bytes = *ReadFile(output_);
  const std::vector<std::string> lines = absl::StrSplit(bytes, '\n');
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0], "row,probability");
  std::vector<double> probabilities;
  for (int row = 1; row <= 4; ++row) {
    const std::vector<std::string> cells =
        absl::StrSplit(lines[static_cast<std::size_t>(row)], ',');
    ASSERT_EQ(cells.size(), 2U);
    EXPECT_EQ(cells[0], absl::StrCat(row));
    double probability = -1;
    ASSERT_TRUE(absl::SimpleAtod(cells[1], &probability));
    EXPECT_GT(probability, 0);
    EXPECT_LT(probability, 1);
    probabilities.push_back(probability);
  }
  EXPECT_GT(probabilities[0], probabilities[1]) << "few hours, more risk";
  EXPECT_THAT(*ReadFile(summary_),
              HasSubstr("{\"model\":\"churn\",\"version\":1,\"rows\":4,"));
}

TEST_F(ScoreVerb, NamesWhatTheTableLacksAndWritesNothing) {
  const absl::Status lacking = Score("plan,hour\nbasic,2\n");
  EXPECT_EQ(lacking.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(lacking.message()), HasSubstr("column \"hours\""));
  const absl::Status text = Score("plan,hours\nbasic,many\n");
  EXPECT_THAT(std::string(text.message()),
              HasSubstr("line 2: column \"hours\" holds \"many\""));
  EXPECT_FALSE(std::filesystem::exists(output_));
  EXPECT_FALSE(std::filesystem::exists(summary_));
}

TEST_F(ScoreVerb, SaysWhenThereIsNoSuchModel) {
  EXPECT_EQ(Score("plan,hours\nbasic,2\n", "grace").code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace tenuto
