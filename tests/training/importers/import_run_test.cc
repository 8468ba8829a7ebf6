#include "training/importers/import_run.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/failing_ledger.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/gzip_bytes.h"
#include "tests/support/temp_folder.h"
#include "training/importers/import_mark.h"

namespace tenuto {
namespace {

constexpr std::int64_t kStartMs = 1'538'352'000'000;
constexpr std::int64_t kMs1992 = 700'000'000'000;
constexpr std::int64_t kMs2025 = 1'740'000'000'000;

std::string LineAt(std::int64_t ts_ms, absl::string_view user,
                   absl::string_view page = "Home") {
  return absl::StrCat("{\"ts\":", ts_ms, ",\"userId\":\"", user,
                      "\",\"page\":\"", page, "\",\"level\":\"paid\"}\n");
}

// `count` lines, one a second, of 5 users in turn.
std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += LineAt(kStartMs + i * 1000, absl::StrCat("user", i % 5));
  }
  return text;
}

class ImportRunTest : public testing::Test {
 protected:
  absl::StatusOr<ImportReport> TryImport(const std::filesystem::path& path,
                                         Ledger& ledger) {
    auto source = LineSource::Open(path);
    if (!source.ok()) return source.status();
    return RunImport(options_, **source, keys_, clock_, ledger);
  }
  ImportReport Import(const std::string& text) {
    auto report = TryImport(folder_.Write("a.jsonl", text), ledger_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : ImportReport();
  }

  struct Logged {
    std::int64_t event_time_us;
    std::int64_t known_time_us;
    v1::Event event;
  };
  // Everything in the ledger by known time, then event time, assumptions first.
  std::vector<Logged> Log() const {
    std::vector<Logged> log;
    for (int partition = 0; partition < kPartitions; ++partition) {
      EXPECT_TRUE(ledger_
                      .Scan(partition, 1,
                            [&log](const LoggedEvent& logged) {
                              v1::Event event;
                              EXPECT_TRUE(event.ParseFromArray(
                                  logged.event.data(),
                                  static_cast<int>(logged.event.size())));
                              log.push_back(
                                  {event.event_time().seconds() * 1'000'000,
                                   logged.known_time_us, event});
                              return true;
                            })
                      .ok());
    }
    std::sort(log.begin(), log.end(), [](const Logged& a, const Logged& b) {
      return std::make_tuple(a.known_time_us, a.event_time_us,
                             a.event.sequence()) <
             std::make_tuple(b.known_time_us, b.event_time_us,
                             b.event.sequence());
    });
    return log;
  }

  // Positions may differ where batches end elsewhere.
  static std::vector<std::string> Contents(const Ledger& ledger) {
    std::vector<std::string> log;
    for (int partition = 0; partition < kPartitions; ++partition) {
      EXPECT_TRUE(ledger
                      .Scan(partition, 1,
                            [&log](const LoggedEvent& logged) {
                              log.push_back(absl::StrCat(logged.user.Hex(), " ",
                                                         logged.known_time_us,
                                                         " ", logged.event));
                              return true;
                            })
                      .ok());
    }
    std::sort(log.begin(), log.end());
    return log;
  }

  ImportOptions options_{.format = "eventsim"};
  FixedClock clock_{absl::FromUnixMillis(kStartMs) + absl::Hours(24 * 365)};
  const TempFolder folder_;
  const UserKeys keys_ = UserKeys::FromSecret("secret");
  MemoryLedger ledger_{Catalogue::Embedded(), clock_};
};

TEST_F(ImportRunTest, AcceptsNothingOfAFileTheSecondTime) {
  const std::string text = Lines(100);
  const ImportReport first = Import(text);
  EXPECT_EQ(first.lines, 100);
  EXPECT_EQ(first.accepted, 100);
  EXPECT_EQ(first.duplicate, 0);
  EXPECT_EQ(first.assumed_consents, 10);
  EXPECT_FALSE(first.repeated);
  for (const bool restart : {false, true}) {
    options_.restart = restart;
    const ImportReport again = Import(text);
    EXPECT_EQ(again.lines, 100);
    EXPECT_EQ(again.accepted, 0);
    EXPECT_EQ(again.duplicate, 100);
    EXPECT_EQ(again.assumed_consents, 0);
    EXPECT_TRUE(again.repeated);
  }
  EXPECT_EQ(ledger_.Facts().last_position, 110u);
}

TEST_F(ImportRunTest, AcceptsOnlyTheNewLinesOfAFileThatGrew) {
  Import(Lines(60));
  const ImportReport report = Import(Lines(100));
  EXPECT_EQ(report.accepted, 40);
  EXPECT_EQ(report.duplicate, 60);
  EXPECT_EQ(report.resumed_at_line, 0);
}

TEST_F(ImportRunTest, CountsEveryBadLineByItsReason) {
  const ImportReport report = Import(absl::StrCat(
      LineAt(kStartMs, "a"), LineAt(kStartMs, ""), LineAt(kStartMs, ""),
      "not json\n", "\n", LineAt(kStartMs, "a", "Karaoke"), LineAt(-5, "a"),
      LineAt(4'000'000'000'000, "a"), std::string(kLineBytesMax + 1, ' '), "\n",
      LineAt(kStartMs, "a"), LineAt(kStartMs + 1, "a")));
  EXPECT_EQ(report.lines, 11);
  EXPECT_EQ(report.accepted, 2);
  EXPECT_EQ(report.duplicate, 1);
  std::map<std::string, std::int64_t> counts;
  for (const auto& [reason, of_reason] : report.rejected) {
    counts[reason] = of_reason.count;
  }
  const std::map<std::string, std::int64_t> expected = {
      {"EMPTY_USER_ID", 2}, {"MALFORMED_JSON", 1}, {"EMPTY_LINE", 1},
      {"UNKNOWN_PAGE", 1},  {"BAD_TIME", 1},       {"FUTURE", 1},
      {"LINE_TOO_LONG", 1}};
  EXPECT_EQ(counts, expected);
  EXPECT_EQ(report.rejected.at("EMPTY_USER_ID").first[0].line, 2);
  EXPECT_EQ(report.rejected.at("EMPTY_USER_ID").first[1].line, 3);
  EXPECT_EQ(report.rejected.at("FUTURE").first[0].line, 8);
  EXPECT_EQ(report.rejected.at("FUTURE").first[0].message,
            "event_time 2096-10-02T07:06:40Z is more than 5 minutes ahead of "
            "the clock");
  EXPECT_EQ(report.rejected.at("BAD_TIME").first[0].message,
            "event_time 1969-12-31T23:59:59Z is before 1990");
}

TEST_F(ImportRunTest, TakesBothOfTwoJoinedRecords) {
  std::string joined = LineAt(kStartMs, "a");
  joined.pop_back();
  const ImportReport report = Import(joined + LineAt(kStartMs + 1, "b"));
  EXPECT_EQ(report.lines, 2);
  EXPECT_EQ(report.accepted, 2);
}

TEST_F(ImportRunTest, KnowsAnEventWhenTheFileHadReachedItsTime) {
  Import(absl::StrCat(LineAt(kStartMs + 5000, "a"), LineAt(kStartMs, "a"),
                      LineAt(4'000'000'000'000, "a"),
                      LineAt(kStartMs + 9000, "a"),
                      LineAt(kStartMs + 6000, "b")));
  std::vector<std::pair<std::int64_t, std::int64_t>> times;
  for (const Logged& logged : Log()) {
    if (logged.event.has_consent_changed()) continue;
    times.emplace_back(logged.event_time_us / 1000 - kStartMs,
                       logged.known_time_us / 1000 - kStartMs);
  }
  EXPECT_THAT(times, testing::ElementsAre(std::make_pair(0, 5000),
                                          std::make_pair(5000, 5000),
                                          std::make_pair(6000, 9000),
                                          std::make_pair(9000, 9000)));
}

TEST_F(ImportRunTest, StatesTheAssumedConsentOfEachUserOnce) {
  options_.lines.assumed_consent = v1::CONSENT_WITHHELD;
  Import(absl::StrCat(LineAt(-5, "a"), LineAt(kStartMs + 5000, "a"),
                      LineAt(kStartMs, "a"), LineAt(kStartMs + 6000, "a")));
  std::vector<v1::ConsentChanged> consents;
  for (const Logged& logged : Log()) {
    if (!logged.event.has_consent_changed()) continue;
    consents.push_back(logged.event.consent_changed());
    EXPECT_EQ(logged.event.event_time().seconds(), kStartMs / 1000 + 5);
    EXPECT_EQ(logged.event.sequence(), 0u);
  }
  ASSERT_EQ(consents.size(), 2u);
  EXPECT_NE(consents[0].consent_class(), consents[1].consent_class());
  for (const v1::ConsentChanged& consent : consents) {
    EXPECT_EQ(consent.consent(), v1::CONSENT_WITHHELD);
    EXPECT_TRUE(consent.assumed());
  }
}

TEST_F(ImportRunTest, GoesOnWhereAFailedRunStopped) {
  options_.batch_events_max = 30;
  const auto path = folder_.Write("a.gz", GzipBytes(Lines(200)));
  FailingLedger failing(ledger_, 3);
  EXPECT_TRUE(absl::IsUnavailable(TryImport(path, failing).status()));
  const Position durable = ledger_.Facts().last_position;
  EXPECT_GE(durable, 90u);
  EXPECT_LT(durable, 210u);

  const auto report = TryImport(path, ledger_);
  ASSERT_TRUE(report.ok());
  // 10 of what is durable are assumed consents.
  EXPECT_EQ(report->resumed_at_line, static_cast<int>(durable) - 10 + 1);
  EXPECT_EQ(report->lines, 200 - (static_cast<int>(durable) - 10));
  EXPECT_EQ(report->accepted, report->lines);
  EXPECT_EQ(report->duplicate, 0);
  EXPECT_EQ(ledger_.Facts().last_position, 210u);
}

TEST_F(ImportRunTest, LeavesTheSameLogWhetherItWasInterruptedOrNot) {
  options_.batch_events_max = 30;
  // Out of order, so that the maximum of event time crosses the interruption.
  const std::string text = LineAt(kStartMs + 100'000, "late") + Lines(200);
  const auto path = folder_.Write("a", text);
  FailingLedger failing(ledger_, 3);
  ASSERT_FALSE(TryImport(path, failing).ok());
  ASSERT_TRUE(TryImport(path, ledger_).ok());
  MemoryLedger whole(Catalogue::Embedded(), clock_);
  ASSERT_TRUE(TryImport(path, whole).ok());
  EXPECT_TRUE(Contents(ledger_) == Contents(whole));
  EXPECT_EQ(Contents(whole).size(), 201u + 12u);
}

// Of 2018, but for a first line of 1992 and one of 2025 in the middle.
std::string LinesOfWrongClocks() {
  return absl::StrCat(LineAt(kMs1992, "user1"), Lines(3000),
                      LineAt(kMs2025, "user2"),
                      LineAt(kStartMs + 1'500'500, "late"), Lines(6000));
}

TEST_F(ImportRunTest, RefusesTimesFarFromTheirNeighbours) {
  clock_.Set(absl::FromUnixMillis(kMs2025) + absl::Hours(24));
  const ImportReport report = Import(LinesOfWrongClocks());
  ASSERT_EQ(report.rejected.size(), 1u);
  const TroubledLines& far = report.rejected.at("TIME_FAR_FROM_NEIGHBOURS");
  ASSERT_EQ(far.count, 2);
  EXPECT_EQ(far.first[0].line, 1);
  EXPECT_EQ(far.first[1].line, 3002);
  EXPECT_EQ(report.accepted, 6001);

  MemoryLedger without(Catalogue::Embedded(), clock_);
  const auto clean = folder_.Write(
      "clean", absl::StrCat(Lines(3000), LineAt(kStartMs + 1'500'500, "late"),
                            Lines(6000)));
  ASSERT_TRUE(TryImport(clean, without).ok());
  EXPECT_TRUE(Contents(ledger_) == Contents(without));
  EXPECT_EQ(ledger_.Facts().history_start, without.Facts().history_start);
  EXPECT_EQ(ledger_.Facts().history_end, without.Facts().history_end);
}

TEST_F(ImportRunTest, RefusesNothingOfAFileSortedByUserOverYears) {
  clock_.Set(absl::FromUnixMillis(kMs2025));
  std::string text;
  for (int user = 0; user < 60; ++user) {
    // Some only in the first days, some only in the last.
    const int first = user % 3 == 0 ? 0 : user % 5 == 0 ? 1090 : user * 7;
    for (int day = first; day < std::min(first + 3 + user % 50 * 20, 1095);
         ++day) {
      text += LineAt(kStartMs + day * std::int64_t{86'400'000} + user,
                     absl::StrCat("user", user));
    }
  }
  const ImportReport report = Import(text);
  EXPECT_EQ(report.rejected_count(), 0);
  EXPECT_GT(report.accepted, 5000);
}

TEST_F(ImportRunTest, RefusesTheSameTimesWhereverItWasInterrupted) {
  clock_.Set(absl::FromUnixMillis(kMs2025) + absl::Hours(24));
  options_.batch_events_max = 500;
  const auto path = folder_.Write("a", LinesOfWrongClocks());
  MemoryLedger whole(Catalogue::Embedded(), clock_);
  ASSERT_TRUE(TryImport(path, whole).ok());
  for (const int commits : {1, 5, 6, 7, 11}) {
    MemoryLedger stopped(Catalogue::Embedded(), clock_);
    FailingLedger failing(stopped, commits);
    ASSERT_FALSE(TryImport(path, failing).ok());
    const auto report = TryImport(path, stopped);
    ASSERT_TRUE(report.ok());
    EXPECT_GT(report->resumed_at_line, 1);
    EXPECT_TRUE(Contents(stopped) == Contents(whole)) << commits;
  }
}

TEST_F(ImportRunTest, RemembersNothingOfAFileInAnotherFormat) {
  const auto path = folder_.Write("a.csv", "ts,user\n1,alice\n");
  for (int round = 0; round < 2; ++round) {
    const auto report = TryImport(path, ledger_);
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->readable, 0);
    EXPECT_FALSE(report->repeated);
  }
}

TEST_F(ImportRunTest, ReadsFromTheFirstLineOnRestart) {
  options_.batch_events_max = 30;
  const auto path = folder_.Write("a", Lines(200));
  FailingLedger failing(ledger_, 3);
  ASSERT_FALSE(TryImport(path, failing).ok());
  options_.restart = true;
  const auto report = TryImport(path, ledger_);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->resumed_at_line, 0);
  EXPECT_EQ(report->lines, 200);
  EXPECT_EQ(report->accepted + report->duplicate, 200);
  EXPECT_GT(report->duplicate, 0);
  EXPECT_EQ(ledger_.Facts().last_position, 210u);
}

TEST_F(ImportRunTest,
       TakesInATruncatedFileUpToTheFaultAndTheRestFromTheMended) {
  const std::string packed = GzipBytes(Lines(5000));
  const auto cut = folder_.Write("cut.gz", packed.substr(0, packed.size() / 2));
  const auto report = TryImport(cut, ledger_);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(absl::IsDataLoss(report->file_fault));
  EXPECT_GT(report->accepted, 1000);
  EXPECT_LT(report->accepted, 5000);
  const auto rest = TryImport(folder_.Write("whole.gz", packed), ledger_);
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest->accepted + report->accepted, 5000);
  EXPECT_EQ(rest->duplicate, report->accepted);
  EXPECT_TRUE(rest->file_fault.ok());
  // Exactly once: what the whole file alone would have left.
  MemoryLedger whole(Catalogue::Embedded(), clock_);
  ASSERT_TRUE(TryImport(folder_.Write("again.gz", packed), whole).ok());
  EXPECT_EQ(ledger_.Facts().last_position, whole.Facts().last_position);
  EXPECT_TRUE(Contents(ledger_) == Contents(whole));
}

TEST_F(ImportRunTest, RefusesAFileWhoseEventIdsAreForgotten) {
  const std::string text = Lines(10);
  Import(text);
  clock_.Set(clock_.Now() + absl::Hours(24 * 33));
  EXPECT_EQ(Import(text).duplicate, 10);
  clock_.Set(clock_.Now() + absl::Hours(24 * 40));
  for (const bool restart : {false, true}) {
    options_.restart = restart;
    EXPECT_TRUE(absl::IsAlreadyExists(
        TryImport(folder_.Write("a.jsonl", text), ledger_).status()));
  }
}

TEST_F(ImportRunTest, RefusesAMarkItCannotReadUnlessToldToRestart) {
  const auto path = folder_.Write("a", Lines(10));
  const SourceMark mark{
      ImportSource("eventsim", (*LineSource::Open(path))->file().identity()),
      "?"};
  ASSERT_TRUE(ledger_.Commit({}, &mark).ok());
  EXPECT_TRUE(absl::IsDataLoss(TryImport(path, ledger_).status()));
  options_.restart = true;
  EXPECT_EQ(TryImport(path, ledger_)->accepted, 10);
}

}  // namespace
}  // namespace tenuto
