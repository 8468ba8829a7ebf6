#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/memory_ledger.h"
#include "features/state_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/borrowed_ledger.h"
#include "tests/support/child_process.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/pending_ledger.h"
#include "tests/support/random_events.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;

class DescribeVerb : public ::testing::Test {
 protected:
  absl::Status Describe(const std::string& words) {
    return testing::RunVerb(AddDescribeVerb, workshop_,
                            absl::StrSplit("describe " + words, ' '), shown_);
  }

  const TempFolder folder_;
  const std::string summary_ = (folder_.path() / "summary.json").string();
  const FixedClock clock_{absl::FromUnixMicros(kStartUs)};
  const Catalogue& catalogue_ = Catalogue::Embedded();
  MemoryLedger ledger_{catalogue_};
  const Workshop workshop_{
      clock_, catalogue_,
      [this](const std::filesystem::path&, LedgerAccess access) {
        EXPECT_EQ(access, LedgerAccess::kRead);
        return OpenedLedger{UserKeys::FromSecret("described"),
                            std::make_unique<BorrowedLedger>(ledger_)};
      }};
  std::string shown_;
};

TEST_F(DescribeVerb, ListsEveryFeatureOnALineAndCountsThem) {
  ASSERT_TRUE(Describe("catalogue").ok());
  const std::vector<std::string> lines =
      absl::StrSplit(shown_, '\n', absl::SkipEmpty());
  const auto features = catalogue_.features();
  ASSERT_EQ(lines.size(), features.size() + 1);
  for (std::size_t k = 0; k < features.size(); ++k) {
    EXPECT_THAT(lines[k], HasSubstr(absl::StrCat(" ", features[k].id, " ")));
    EXPECT_THAT(lines[k], HasSubstr(" " + features[k].name + " "));
    EXPECT_THAT(lines[k], HasSubstr(features[k].declaration.family()));
    EXPECT_THAT(lines[k], HasSubstr(features[k].reason_raises_risk));
  }
  EXPECT_EQ(lines.back(),
            absl::StrCat(catalogue_.signals().size(), " signals, ",
                         features.size(), " features"));
}

TEST_F(DescribeVerb, WritesTheCatalogueAsAMarkdownTable) {
  ASSERT_TRUE(Describe("catalogue --markdown").ok());
  const std::vector<std::string> lines =
      absl::StrSplit(shown_, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), catalogue_.features().size() + 2);
  for (const std::string& line : lines) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 6) << line;
  }
}

TEST_F(DescribeVerb, MeasuresEveryStateAndThoseOfActiveUsers) {
  for (int user = 0; user < 60; ++user) {
    // Some are silent for months before the log ends.
    testing::RandomEvents random(static_cast<std::uint64_t>(user) + 1, kStartUs,
                                 user % 3 == 0 ? 20 : 120);
    auto life = random.Life(testing::TestUser(user, user), 5 + 2 * user);
    for (GatedEvent& event : life) {
      event.known_time_us =
          std::min(event.known_time_us, kStartUs + 120 * kDayUs);
    }
    ASSERT_TRUE(ledger_.Commit(life, nullptr).ok());
  }
  std::vector<std::size_t> all;
  std::vector<std::size_t> active;
  const absl::Time since = ledger_.Facts().history_end - absl::Hours(24 * 28);
  for (int user = 0; user < 60; ++user) {
    std::string state;
    ASSERT_TRUE(ledger_.LoadState(testing::TestUser(user, user), state).ok());
    all.push_back(state.size());
    const auto last =
        StateReader::Open(catalogue_, state)->LastTime("last_action");
    if (last && *last >= since) active.push_back(state.size());
  }
  const auto json = [](std::vector<std::size_t> sizes) {
    std::sort(sizes.begin(), sizes.end());
    return absl::StrCat("{\"users\":", sizes.size(),
                        ",\"median_bytes\":", sizes[sizes.size() / 2],
                        ",\"p99_bytes\":", sizes[sizes.size() * 99 / 100],
                        ",\"max_bytes\":", sizes.back(), "}");
  };
  ASSERT_GT(active.size(), 10U);
  ASSERT_LT(active.size(), all.size());
  ASSERT_TRUE(Describe("state --ledger here --summary " + summary_).ok());
  EXPECT_EQ(*ReadFile(summary_),
            absl::StrCat("{\"events\":", ledger_.Facts().last_position,
                         ",\"active\":", json(active), ",\"all\":", json(all),
                         ",\"pending_signals\":[]}\n"));
  EXPECT_THAT(shown_, StartsWith("history                2023-11-"));
  EXPECT_THAT(shown_, HasSubstr("\nstates, all                   60 users"));
}

TEST_F(DescribeVerb, DescribesAnEmptyLedgerWithoutAHistory) {
  ASSERT_TRUE(Describe("state --ledger here").ok());
  EXPECT_THAT(shown_, StartsWith("events                 0\n"));
  EXPECT_THAT(shown_, HasSubstr("median      0"));
}

TEST_F(DescribeVerb, NamesTheSignalsThatMissThePast) {
  ASSERT_TRUE(Describe("state --ledger here").ok());
  EXPECT_THAT(shown_, Not(HasSubstr("pending")));
  const auto id = catalogue_.signals()[3].declaration.id();
  const std::string& name = catalogue_.signals()[3].declaration.name();
  const Workshop pending{
      clock_, catalogue_, [&](const std::filesystem::path&, LedgerAccess) {
        return OpenedLedger{
            UserKeys::FromSecret("described"),
            std::make_unique<PendingLedger>(ledger_, PendingSignals({id}))};
      }};
  ASSERT_EQ(testing::RunVerb(
                AddDescribeVerb, pending,
                {"describe", "state", "--ledger", "x", "--summary", summary_},
                shown_),
            absl::OkStatus());
  EXPECT_THAT(shown_, HasSubstr("pending signals        " + name + "\n"));
  EXPECT_THAT(shown_, HasSubstr("`tenuto backfill`"));
  EXPECT_THAT(*ReadFile(summary_),
              HasSubstr("\"pending_signals\":[\"" + name + "\"]}"));
}

TEST_F(DescribeVerb, EndsTheProgramWithTheDocumentedCodes) {
  const auto run = [](std::vector<std::string> words, std::string& errors) {
    words.insert(words.begin(), BuiltProgram("tenuto"));
    ChildProcess child(words);
    child.ReadAll();
    const int exit_code = child.Wait();
    errors = child.errors();
    return exit_code;
  };
  std::string errors;
  EXPECT_EQ(run({"describe", "catalogue"}, errors), 0);
  EXPECT_EQ(errors, "");
  const std::string nowhere = (folder_.path() / "nowhere").string();
  const std::pair<std::vector<std::string>, std::string> wrong[] = {
      {{"describe"}, "`tenuto describe` needs a verb"},
      {{"describe", "weather"}, "\"weather\" is no verb of `tenuto describe`"},
      {{"describe", "catalogue", "--html"}, "--html"},
      {{"describe", "state"}, "--ledger is required"},
      {{"describe", "state", "--leger", nowhere}, "there is no flag --leger"},
      {{"describe", "state", "--ledger", nowhere, "--summary", summary_},
       "there is no ledger in " + nowhere}};
  for (const auto& [words, reason] : wrong) {
    EXPECT_EQ(run(words, errors), 2) << reason;
    EXPECT_THAT(errors, StartsWith("tenuto: "));
    EXPECT_THAT(errors, HasSubstr(reason));
    EXPECT_EQ(errors.find('\n'), errors.size() - 1) << errors;
  }
  EXPECT_FALSE(std::filesystem::exists(nowhere));
  EXPECT_FALSE(std::filesystem::exists(summary_));
}

}  // namespace
}  // namespace tenuto
