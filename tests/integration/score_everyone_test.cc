// `tenuto score --ledger` of everybody, as the real program: beside its list of
// users, killed and taken up again, and refused.
#include <algorithm>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "features/user_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/forest_bundle.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr int kUsers = 300;

// A world and a model, made once for all tests.
struct World {
  World() {
    ChildProcess generate({BuiltProgram("tenuto"), "world", "generate",
                           "--users", absl::StrCat(kUsers), "--days", "40",
                           "--seed", "4", "--ledger", ledger.string()});
    EXPECT_EQ(generate.Wait(), 0) << generate.errors();
    const FixedClock clock{absl::UnixEpoch()};
    const auto opened = OpenRocksLedger({ledger, true, 2, &clock},
                                        Catalogue::Embedded(), Keys());
    EXPECT_TRUE(opened.ok()) << opened.status();
    WriteForestBundle(models, Catalogue::Embedded(), **opened,
                      {.trees = 200, .depth = 5});
    WriteTableBundle(models, "visits");
  }
  UserKeys Keys() const { return UserKeys::Open(ledger / "user.key").value(); }

  const TempFolder folder;
  const std::filesystem::path ledger = folder.path() / "ledger";
  const std::filesystem::path models = folder.path() / "models";
};

const World& TheWorld() {
  static const World world;
  return world;
}

class ScoreEveryone : public ::testing::Test {
 protected:
  std::vector<std::string> Words(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {BuiltProgram("tenuto"),
                                      "score",
                                      "--model",
                                      "churn_14d",
                                      "--models",
                                      TheWorld().models.string(),
                                      "--ledger",
                                      TheWorld().ledger.string(),
                                      "--output",
                                      output_.string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // What a run writes that nobody disturbs.
  std::string Score(const std::vector<std::string>& more = {}) {
    ChildProcess score(Words(more));
    EXPECT_EQ(score.Wait(), 0) << score.errors();
    said_ = score.errors();
    const std::string bytes = *ReadFile(output_);
    std::filesystem::remove(output_);
    EXPECT_FALSE(std::filesystem::exists(notes_));
    EXPECT_FALSE(std::filesystem::exists(partial_));
    return bytes;
  }
  // Lines of `csv` by their first cell, cut off.
  static std::map<std::string, std::string> ByUser(const std::string& csv) {
    std::map<std::string, std::string> lines;
    for (const auto line : absl::StrSplit(csv, '\n', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> cells =
          absl::StrSplit(line, absl::MaxSplits(',', 1));
      EXPECT_TRUE(lines.insert(cells).second) << cells.first;
    }
    return lines;
  }
  // Everybody's line is that of the list of users, by what key the id has.
  void ExpectAsOfAList(const std::vector<std::string>& more) {
    std::string ids;
    std::map<std::string, std::string> keys;  // By id as a cell.
    const UserKeys of = TheWorld().Keys();
    for (int k = 0; k <= kUsers; ++k) {
      const std::string id = absl::StrFormat("u%07d", k);
      absl::StrAppend(&ids, id, "\n");
      keys[absl::StrCat("\"", id, "\"")] = of.Of(id).Hex();
    }
    std::vector<std::string> listed = more;
    listed.push_back("--users");
    listed.push_back(folder_.Write("ids", ids).string());
    const auto list = ByUser(Score(listed));
    std::vector<std::string> everybody = more;
    everybody.push_back("--reasons");
    auto all = ByUser(Score(everybody));
    EXPECT_EQ(all["user_key"], "eligible,probability,reasons");
    int known = 0;
    for (const auto& [id, key] : keys) {
      const std::string& line = list.at(id);
      known += line[0] == '1';
      EXPECT_EQ(all[key], line[0] == '1' ? line.substr(2) : "") << id;
    }
    EXPECT_GT(known, kUsers / 3);
  }

  const TempFolder folder_;
  const std::filesystem::path output_ = folder_.path() / "scores.csv";
  const std::filesystem::path partial_ = folder_.path() / "scores.csv.partial";
  const std::filesystem::path notes_ =
      folder_.path() / "scores.csv.partial.notes";
  std::string said_;
};

TEST_F(ScoreEveryone, SaysOfEverybodyWhatItSaysOfAList) { ExpectAsOfAList({}); }

TEST_F(ScoreEveryone, SaysOfThePastWhatItSaysOfAList) {
  const FixedClock clock{absl::UnixEpoch()};
  const auto ledger = OpenRocksLedger({TheWorld().ledger, true, 2, &clock},
                                      Catalogue::Embedded(), TheWorld().Keys());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const absl::Time then =
      (*ledger)->Facts().history_start + absl::Hours(24 * 25);
  ExpectAsOfAList({"--as-of", absl::FormatTime(then, absl::UTCTimeZone())});
}

TEST_F(ScoreEveryone, WritesTheSameOnOneThreadAndOnTwoAndSaysHowFast) {
  const std::filesystem::path summary = folder_.path() / "summary.json";
  const std::string two = Score({"--threads", "2"});
  EXPECT_EQ(Score({"--threads", "1", "--summary", summary.string()}), two);
  EXPECT_EQ(Score({"--as-of", "2999-01-01"}), two);
  EXPECT_EQ(said_, "");
  const std::string json = *ReadFile(summary);
  EXPECT_THAT(json, ContainsRegex("\"users\":[0-9]+,\"eligible\":[0-9]+,"));
  EXPECT_THAT(json, HasSubstr("\"rows_from\":\"states\""));
  EXPECT_THAT(json, HasSubstr("\"users_of_earlier_runs\":0,\"threads\":1,"));
  EXPECT_THAT(json, ContainsRegex("\"users_per_second_per_core\":[1-9]"));
}

TEST_F(ScoreEveryone, GoesOnAfterAKillAndWritesTheSame) {
  const std::vector<std::string> flags = {"--reasons", "--threads", "2"};
  const std::string expected = Score(flags);
  int kills = 0;
  // A run that ended before it was killed has found its work done, or was
  // quicker than this test looked.
  for (int round = 0; round < 200; ++round) {
    std::error_code error;
    const auto before = std::filesystem::file_size(notes_, error);
    const std::uintmax_t wanted = (error ? 0 : before) + 1'000;
    ChildProcess score(Words(flags));
    while (!std::filesystem::exists(output_)) {
      const auto size = std::filesystem::file_size(notes_, error);
      if (!error && size >= wanted) break;
      std::this_thread::yield();
    }
    score.Signal(SIGKILL);
    if (score.Wait() == 0 || std::filesystem::exists(output_)) {
      if (kills > 0) break;
      std::filesystem::remove(output_);
      continue;
    }
    ++kills;
    EXPECT_FALSE(std::filesystem::exists(output_));
    EXPECT_TRUE(std::filesystem::exists(partial_));
  }
  EXPECT_GT(kills, 0);
  // The last run was quicker than this test, or it is still to come.
  if (std::filesystem::exists(output_)) {
    EXPECT_EQ(*ReadFile(output_), expected);
  } else {
    EXPECT_EQ(Score(flags), expected);
    EXPECT_THAT(said_, HasSubstr("going on where an earlier run stopped"));
  }
}

TEST_F(ScoreEveryone, LeavesTheWholePartitionsWhenTheDiskIsFull) {
  const std::string expected = Score();
  std::string command = "trap '' XFSZ; ulimit -f 8; exec";  // 4 KiB.
  for (const std::string& word : Words({"--threads", "1"})) {
    absl::StrAppend(&command, " '", word, "'");
  }
  ChildProcess full({"/bin/sh", "-c", command});
  EXPECT_EQ(full.Wait(), 1);
  EXPECT_THAT(full.errors(),
              ContainsRegex("^tenuto: cannot write .*scores.csv.partial.*: "
                            "File too large; .*goes on where it stopped\n$"));
  EXPECT_FALSE(std::filesystem::exists(output_));
  EXPECT_EQ(Score(), expected);
  EXPECT_THAT(said_, HasSubstr("going on where an earlier run stopped"));
}

TEST_F(ScoreEveryone, RefusesInOneLineAndLeavesNothing) {
  const auto refuse = [&](const std::string& flag, const std::string& value,
                          const std::string& expected) {
    std::vector<std::string> words = Words({});
    *(std::find(words.begin(), words.end(), flag) + 1) = value;
    ChildProcess score(words);
    EXPECT_EQ(score.Wait(), 2);
    EXPECT_THAT(score.errors(), HasSubstr(expected));
    const std::vector<std::string> lines =
        absl::StrSplit(score.errors(), '\n', absl::SkipEmpty());
    EXPECT_EQ(lines.size(), 1U) << score.errors();
  };
  refuse("--model", "grace_14d", "grace_14d");
  refuse("--model", "visits", "was trained on a table");
  refuse("--ledger", (folder_.path() / "nowhere").string(), "no ledger in");
  refuse("--output", (folder_.path() / "no" / "scores.csv").string(),
         "there is no directory");
  refuse("--output", folder_.path().string(), "is a directory");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));

  const std::filesystem::path empty = folder_.path() / "empty";
  const FixedClock clock{absl::UnixEpoch()};
  std::filesystem::create_directory(empty);
  const UserKeys keys = UserKeys::OpenOrCreate(empty / "user.key").value();
  ASSERT_TRUE(
      OpenRocksLedger({empty, false, 2, &clock}, Catalogue::Embedded(), keys)
          .ok());
  refuse("--ledger", empty.string(), "has no event yet");
  EXPECT_FALSE(std::filesystem::exists(output_));
  EXPECT_FALSE(std::filesystem::exists(partial_));
}

}  // namespace
}  // namespace tenuto
