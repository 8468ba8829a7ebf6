#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int exit_code = -1;
  std::string output;
  std::string errors;
};

Outcome RunTenuto(std::vector<std::string> words) {
  words.insert(words.begin(), BuiltProgram("tenuto"));
  ChildProcess child(words);
  Outcome outcome;
  outcome.output = child.ReadAll();
  outcome.exit_code = child.Wait();
  outcome.errors = child.errors();
  return outcome;
}

// The program itself on a ledger on disk, made once.
class TrainVerb : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<TempFolder>();
    const Outcome lived =
        RunTenuto({"world", "generate", "--users", "150", "--days", "120",
                   "--seed", "3", "--ledger", World()});
    ASSERT_EQ(lived.exit_code, 0) << lived.errors;
  }
  static void TearDownTestSuite() { shared_.reset(); }
  static std::string World() { return (shared_->path() / "world").string(); }

  Outcome Train(const std::vector<std::string>& flags) const {
    std::vector<std::string> words = {"train", "churn"};
    words.insert(words.end(), flags.begin(), flags.end());
    return RunTenuto(words);
  }
  Outcome TrainOnWorld(const std::vector<std::string>& flags) const {
    std::vector<std::string> words = {"--ledger", World(),     "--models",
                                      models_,    "--summary", summary_};
    words.insert(words.end(), flags.begin(), flags.end());
    return Train(words);
  }

  // Bad input: exit code 2, one line that says `reason`, nothing left behind.
  void ExpectRefused(const Outcome& outcome, const std::string& reason) const {
    SCOPED_TRACE(reason);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.errors, StartsWith("tenuto: "));
    EXPECT_THAT(outcome.errors, HasSubstr(reason));
    EXPECT_EQ(outcome.errors.find('\n'), outcome.errors.size() - 1)
        << outcome.errors;
    EXPECT_FALSE(std::filesystem::exists(models_));
    EXPECT_FALSE(std::filesystem::exists(summary_));
  }

  static std::unique_ptr<TempFolder> shared_;
  const TempFolder folder_;
  const std::string models_ = (folder_.path() / "models").string();
  const std::string summary_ = (folder_.path() / "summary.json").string();
};
std::unique_ptr<TempFolder> TrainVerb::shared_;

TEST_F(TrainVerb, TrainsFromALedgerAndGivesTheSameBytesOnAnyThreads) {
  for (const char* threads : {"1", "2"}) {
    const Outcome outcome = TrainOnWorld(
        {"--eligible", "all", "--horizon", "21d", "--windows", "1", "--seed",
         "7", "--champion", "always", "--threads", threads});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_EQ(outcome.errors, "");
    EXPECT_THAT(outcome.output, HasSubstr("\nwrote     " + models_));
    EXPECT_THAT(outcome.output, HasSubstr(", the champion\n"));
  }
  const auto read = [&](int version, const char* name) {
    return *ReadFile(folder_.path() / "models" / "churn_21d" /
                     absl::StrCat(version) / name);
  };
  for (const char* name : {"model.json", "golden.bin"}) {
    EXPECT_EQ(read(1, name), read(2, name)) << name;
  }
  const std::string summary = *ReadFile(summary_);
  EXPECT_THAT(summary,
              StartsWith("{\"model\":\"churn_21d\",\"version\":2,\"rows\":"));
  for (const char* key : {"train",
                          "calibrate",
                          "test",
                          "positives",
                          "auc",
                          "auc_low",
                          "auc_high",
                          "average_precision",
                          "log_loss",
                          "log_loss_constant",
                          "brier",
                          "ece",
                          "calibration_slope",
                          "calibration_intercept",
                          "lift_top_decile",
                          "dropped_columns",
                          "column",
                          "reason",
                          "seconds",
                          "champion"}) {
    EXPECT_THAT(summary, HasSubstr(absl::StrCat("\"", key, "\":"))) << key;
  }
}

TEST_F(TrainVerb, RefusesWrongFlagsInOneLine) {
  ExpectRefused(TrainOnWorld({"--labell", "x"}), "--labell");
  ExpectRefused(TrainOnWorld({"--eligible", "gold"}),
                "--eligible: gold not in {paid,free,all}");
  ExpectRefused(TrainOnWorld({"--windows", "0"}), "--windows: Value 0");
  ExpectRefused(TrainOnWorld({"--horizon", "14"}),
                "--horizon: \"14\" is no length of time");
  ExpectRefused(TrainOnWorld({"--snapshot-every", "-7d"}),
                "--snapshot-every: \"-7d\" is no length of time");
  ExpectRefused(TrainOnWorld({"--first-snapshot", "soon"}),
                "--first-snapshot: \"soon\" is no moment");
  ExpectRefused(TrainOnWorld({"--first-snapshot", "infinite-past"}),
                "--first-snapshot: \"infinite-past\" is no moment");
  ExpectRefused(TrainOnWorld({"--train-before", "x"}), "--train-before: \"x\"");
  ExpectRefused(TrainOnWorld({"--test-from", "x"}), "--test-from: \"x\"");
  ExpectRefused(TrainOnWorld({"--label", "boredom"}),
                "label \"boredom\" is unknown; there are: churn_by_choice");
  ExpectRefused(TrainOnWorld({"--model", "../churn"}), "--model \"../churn\"");
}

TEST_F(TrainVerb, RefusesTheFlagsOfTheOtherSource) {
  ExpectRefused(TrainOnWorld({"--target", "churn"}),
                "--target has no meaning with --ledger: leave it out");
  ExpectRefused(TrainOnWorld({"--test-share", "0.2"}),
                "--test-share has no meaning with --ledger");
  const std::string table = folder_.Write("t.csv", "x,y\n1,0\n").string();
  for (const std::vector<std::string>& flag :
       {std::vector<std::string>{"--horizon", "14d"},
        {"--ablation"},
        {"--label", "churn_by_choice"},
        {"--windows", "2"}}) {
    std::vector<std::string> words = {"--table", table, "--target", "y",
                                      "--model", "m",   "--models", models_};
    words.insert(words.end(), flag.begin(), flag.end());
    ExpectRefused(Train(words), flag[0] + " has no meaning with --table");
  }
  ExpectRefused(
      Train({"--table", table, "--target", "y", "--model", "m", "--models",
             models_, "--time", "x", "--test-share", "0.2"}),
      "--time excludes --test-share");
}

TEST_F(TrainVerb, RefusesToLearnFromTheTestPeriod) {
  ExpectRefused(TrainOnWorld({"--train-before", "2025-03-21", "--test-from",
                              "2025-03-20"}),
                "--train-before 2025-03-21 is later than --test-from "
                "2025-03-20");
}

TEST_F(TrainVerb, NamesTheVerbsWhenTheWordIsNone) {
  ExpectRefused(RunTenuto({"foo"}),
                "\"foo\" is no verb of `tenuto`; there are: import, world, "
                "simulate, train, score, replay, backfill, ledger-doctor, "
                "describe,");
  ExpectRefused(RunTenuto({"foo", "--ledger", "x"}), "\"foo\" is no verb");
  ExpectRefused(
      RunTenuto({"train", "foo"}),
      "\"foo\" is no verb of `tenuto train`; there are: churn, grace;");
  ExpectRefused(RunTenuto({}), "`tenuto` needs a verb; there are: import");
  ExpectRefused(RunTenuto({"train"}), "`tenuto train` needs a verb");
}

TEST_F(TrainVerb, RefusesTimesThatLeaveNothingToLearnOrTest) {
  ExpectRefused(TrainOnWorld({"--test-from", "2031-01-01"}),
                "none of them from 2031-01-01 (try an earlier --test-from");
  ExpectRefused(TrainOnWorld({"--first-snapshot", "2031-01-01"}),
                "no snapshot is left to test on");
  ExpectRefused(TrainOnWorld({"--horizon", "500d"}), "a shorter --horizon");
  ExpectRefused(TrainOnWorld({"--train-before", "2025-01-02"}),
                "only 0 snapshots have known labels");
}

TEST_F(TrainVerb, WantsOneSourceAndAPlaceForTheModel) {
  const std::string one = "one source: --ledger DIR or --table FILE";
  ExpectRefused(TrainOnWorld({"--table", "users.csv"}), one);
  ExpectRefused(Train({"--models", models_}), one);
  ExpectRefused(Train({"--ledger", World()}), "--models is required");
}

TEST_F(TrainVerb, SaysThatALedgerIsMissingOrEmpty) {
  const std::string nowhere = (folder_.path() / "nowhere").string();
  ExpectRefused(Train({"--ledger", nowhere, "--models", models_}),
                "there is no ledger in " + nowhere + "; make one with");
  EXPECT_FALSE(std::filesystem::exists(nowhere));
  const std::filesystem::path empty = folder_.path() / "empty";
  std::filesystem::create_directories(empty);
  {
    const auto keys = UserKeys::OpenOrCreate(empty / "user.key");
    ASSERT_TRUE(keys.ok()) << keys.status();
    RocksLedgerOptions options;
    options.directory = empty;
    options.clock = &Clock::Real();
    const auto ledger = OpenRocksLedger(options, Catalogue::Embedded(), *keys);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
  }
  ExpectRefused(Train({"--ledger", empty.string(), "--models", models_}),
                "the ledger " + empty.string() + " is empty");
}

TEST_F(TrainVerb, SaysThatNobodyLeaves) {
  std::string lines;
  for (int day = 1; day <= 28; ++day) {
    for (int month = 1; month <= 4; ++month) {
      absl::StrAppend(&lines, "{\"eventId\":\"", month, "-", day,
                      "\",\"userId\":\"u", day % 5, "\",\"eventTime\":\"2025-0",
                      month, "-", day < 10 ? "0" : "", day,
                      "T10:00:00Z\",\"plan\":\"PLAN_PREMIUM\",",
                      "\"pageView\":{\"page\":\"PAGE_HOME\"}}\n");
    }
  }
  const std::string ledger = (folder_.path() / "faithful").string();
  const Outcome imported = RunTenuto(
      {"import", "--format", "jsonl", "--input",
       folder_.Write("stay.jsonl", lines).string(), "--ledger", ledger});
  ASSERT_EQ(imported.exit_code, 0) << imported.errors;
  ExpectRefused(
      Train({"--ledger", ledger, "--models", models_, "--summary", summary_}),
      "have one class only (0 positive)");
}

TEST_F(TrainVerb, LeavesNoModelWhenTheSummaryCannotBeWritten) {
  ExpectRefused(Train({"--ledger", World(), "--models", models_, "--summary",
                       (folder_.path() / "no" / "s.json").string()}),
                "there is no directory");
}

TEST_F(TrainVerb, FailsWithOneWhenTheModelCannotBeWritten) {
  const std::string file = folder_.Write("file", "in the way").string();
  const Outcome outcome =
      Train({"--ledger", World(), "--models", file, "--windows", "1",
             "--eligible", "all", "--summary", summary_});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr(file));
  EXPECT_FALSE(std::filesystem::exists(summary_));
}

TEST_F(TrainVerb, TeachesInItsHelp) {
  const Outcome help = Train({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.errors, "");
  for (const char* flag :
       {"--ledger", "--table", "--horizon", "--snapshot-every",
        "--first-snapshot", "--train-before", "--test-from", "--eligible",
        "--baseline", "--ablation", "--champion", "--summary"}) {
    EXPECT_THAT(help.output, HasSubstr(flag));
  }
  EXPECT_THAT(help.output, HasSubstr("random"));
  EXPECT_THAT(help.output, HasSubstr("Example: tenuto train churn --ledger "));
}

TEST_F(TrainVerb, ListsOneLineAVerb) {
  const Outcome help = RunTenuto({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  const std::vector<std::string> lines = absl::StrSplit(help.output, '\n');
  EXPECT_LT(lines.size(), 30u);
  for (const std::string& line : lines) EXPECT_LE(line.size(), 80u) << line;
  for (const char* line :
       {"\n  import        Take a log file into a ledger\n",
        "\n  simulate      What policies would have saved and cost\n",
        "\n  train         Train a model\n",
        "\n  checkpoint    Copy a ledger as of now\n"}) {
    EXPECT_THAT(help.output, HasSubstr(line));
  }
  EXPECT_THAT(RunTenuto({"train", "--help"}).output,
              HasSubstr("\n  churn         Who will leave\n"));
  EXPECT_THAT(RunTenuto({"import", "--help"}).output,
              HasSubstr("TIME_FAR_FROM_NEIGHBOURS"));
}

}  // namespace
}  // namespace tenuto
