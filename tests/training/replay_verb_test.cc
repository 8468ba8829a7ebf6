#include <filesystem>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/record_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/model_bundle.h"
#include "simdjson.h"
#include "tests/support/child_process.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/temp_folder.h"
#include "xxhash.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::int64_t kAsOfUs = 1'735'900'000'000'000;

// The program on a small world and on scores that a server might have given.
class ReplayVerb : public ::testing::Test {
 protected:
  ReplayVerb() {
    EXPECT_EQ(Run({"world", "generate", "--users", "30", "--days", "20",
                   "--seed", "4", "--ledger", ledger_}),
              0)
        << errors_;
  }

  int Run(std::vector<std::string> words) {
    words.insert(words.begin(), BuiltProgram("tenuto"));
    ChildProcess child(words);
    output_ = child.ReadAll();
    const int exit_code = child.Wait();
    errors_ = child.errors();
    return exit_code;
  }
  int Verify() {
    return Run({"replay", "--verify", "--ledger", ledger_, "--models", models_,
                "--summary", summary_});
  }

  void ExpectOneLine(const std::string& reason) const {
    EXPECT_THAT(errors_, StartsWith("tenuto: "));
    EXPECT_THAT(errors_, HasSubstr(reason));
    EXPECT_EQ(errors_.find('\n'), errors_.size() - 1) << errors_;
  }

  std::int64_t Counted(const char* key) const {
    simdjson::dom::parser parser;
    const simdjson::padded_string text(*ReadFile(summary_));
    return int64_t{parser.parse(text)[key]};
  }

  // A score of a user never heard of, whose row is that of an empty state.
  v1::ScoreRecord StrangerScore() {
    WriteChurnBundle(models_, Catalogue::Embedded());
    const auto bundle =
        ModelBundle::Open(std::filesystem::path(models_) / "churn_14d" / "1",
                          Catalogue::Embedded());
    EXPECT_TRUE(bundle.ok()) << bundle.status();
    const FeaturePlan& plan = *(*bundle)->plan();
    std::vector<float> row(static_cast<std::size_t>(plan.width()));
    const absl::Time as_of = absl::FromUnixMicros(kAsOfUs);
    EXPECT_TRUE(
        plan.Assemble("", {as_of, as_of - absl::Hours(48)}, absl::MakeSpan(row))
            .ok());
    v1::ScoreRecord record;
    record.set_user_key(std::string(16, '\x7f'));
    record.set_as_of_us(kAsOfUs);
    record.set_history_start_us(kAsOfUs -
                                absl::ToInt64Microseconds(absl::Hours(48)));
    record.set_model("churn_14d");
    record.set_model_version(1);
    record.set_row_hash(XXH3_64bits(row.data(), row.size() * sizeof(float)));
    record.mutable_row()->Add(row.begin(), row.end());
    return record;
  }
  void Record(const v1::ScoreRecord& record) const {
    RecordLogOptions options;
    options.directory = std::filesystem::path(ledger_) / "records";
    auto log = RecordLog::Open(options);
    ASSERT_TRUE(log.ok()) << log.status();
    (*log)->Append(record);
  }

  const TempFolder folder_;
  const std::string ledger_ = (folder_.path() / "world").string();
  const std::string models_ = (folder_.path() / "models").string();
  const std::string summary_ = (folder_.path() / "summary.json").string();
  std::string output_;
  std::string errors_;
};

TEST_F(ReplayVerb, EndsWellWhenTheLogGivesWhatIsStored) {
  ASSERT_EQ(Verify(), 0) << errors_;
  EXPECT_EQ(errors_, "");
  EXPECT_THAT(output_, HasSubstr("states              30 compared, 0 differ"));
  EXPECT_GT(Counted("events"), 1000);
  EXPECT_EQ(Counted("states"), 30);
  EXPECT_EQ(Counted("states_differing"), 0);
  EXPECT_EQ(Counted("rows"), 0);
}

TEST_F(ReplayVerb, ComparesTheScoresThatWereRecorded) {
  Record(StrangerScore());
  ASSERT_EQ(Verify(), 0) << errors_;
  EXPECT_EQ(Counted("rows"), 1);
  EXPECT_EQ(Counted("rows_with_values"), 1);
  EXPECT_EQ(Counted("rows_differing"), 0);
}

TEST_F(ReplayVerb, FailsWithOneAndTheFeatureWhenARowDiffers) {
  v1::ScoreRecord record = StrangerScore();
  record.set_row(2, 42.5f);
  Record(record);
  EXPECT_EQ(Verify(), 1);
  EXPECT_THAT(errors_,
              StartsWith("tenuto: what was served and what the log gives "
                         "differ:\n  a row of churn_14d/1 read at position 0 "
                         "differs in " +
                         Catalogue::Embedded().features()[2].name +
                         ": served 42.5, replayed "));
  EXPECT_EQ(Counted("rows_differing"), 1) << "the summary is written anyway";
}

TEST_F(ReplayVerb, SaysWhichBundleTheRecordsNeed) {
  Record(StrangerScore());
  std::filesystem::remove_all(models_);
  EXPECT_EQ(Verify(), 2);
  ExpectOneLine("churn_14d");
  EXPECT_THAT(errors_, HasSubstr("1 score records are of that bundle"));
  EXPECT_FALSE(std::filesystem::exists(summary_));
  EXPECT_EQ(Run({"replay", "--verify", "--ledger", ledger_}), 2);
  ExpectOneLine("of churn_14d/1 (1 records)");
  EXPECT_THAT(errors_, HasSubstr("give --models DIR"));
}

TEST_F(ReplayVerb, RefusesWrongFlagsAndMissingLedgersInOneLine) {
  EXPECT_EQ(Run({"replay", "--ledger", ledger_, "--models", models_}), 2);
  ExpectOneLine("--verify");
  EXPECT_EQ(Run({"replay", "--verify", "--leger", ledger_}), 2);
  ExpectOneLine("there is no flag --leger");
  EXPECT_EQ(Run({"replay", "--verify", "--ledger", ledger_, "--threads", "-1"}),
            2);
  ExpectOneLine("--threads");
  const std::string nowhere = (folder_.path() / "nowhere").string();
  EXPECT_EQ(
      Run({"replay", "--verify", "--ledger", nowhere, "--summary", summary_}),
      2);
  ExpectOneLine("there is no ledger in " + nowhere);
  EXPECT_FALSE(std::filesystem::exists(nowhere));
  EXPECT_FALSE(std::filesystem::exists(summary_));
}

}  // namespace
}  // namespace tenuto
