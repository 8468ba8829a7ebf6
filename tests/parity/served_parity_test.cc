// R20 "offline = online": what a real server scored, computed again from what
// it left on disk: bit for bit the same, although events, late ones too, and
// changes of consent came in between, and although it was killed once.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/parity/live_traffic.h"
#include "tests/support/child_process.h"
#include "tests/support/server_process.h"
#include "training/verify_replay.h"

namespace tenuto::testing {
namespace {

using ::testing::ContainsRegex;

constexpr int kSeed = 1;
constexpr int kScores = 10'000;
constexpr int kPastEvents = 3'000;

template <typename Change>
RecordedScores Changed(RecordedScores records, Change change) {
  for (auto& partition : records) {
    for (auto& [user, of_user] : partition) {
      for (v1::ScoreRecord& record : of_user) change(record);
    }
  }
  return records;
}

class ServedParity : public ::testing::Test {
 protected:
  void ImportThePast() const {
    Producer producer("past", kSeed);
    std::vector<v1::Event> events;
    for (int k = 0; k < kPastEvents; ++k) events.push_back(producer.Next());
    folder_.ImportThePast(std::move(events));
  }

  RecordedScores Recorded() const {
    auto records = ReadRecordedScores(folder_.data / "records");
    EXPECT_TRUE(records.ok()) << records.status();
    return *std::move(records);
  }

  // Of a ledger that nobody writes.
  VerifyResult Replay(RecordedScores records) const {
    const auto keys = UserKeys::Open(folder_.data / "user.key");
    EXPECT_TRUE(keys.ok()) << keys.status();
    RocksLedgerOptions options;
    options.directory = folder_.data;
    options.read_only = true;
    options.clock = &Clock::Real();
    const auto ledger = OpenRocksLedger(options, Catalogue::Embedded(), *keys);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    const auto result = VerifyReplay(**ledger, Catalogue::Embedded(),
                                     std::move(records), folder_.models, 2);
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  VerifyResult ExpectTheSame() const {
    const VerifyResult result = Replay(Recorded());
    EXPECT_EQ(result.rows_with_values, result.rows);
    EXPECT_EQ(result.rows_differing, 0);
    EXPECT_EQ(result.states_differing, 0);
    for (const std::string& difference : result.first_differences) {
      ADD_FAILURE() << difference;
    }
    return result;
  }

  void ReplayBesideTheServer() const {
    ChildProcess replay({BuiltProgram("tenuto"), "replay", "--verify",
                         "--ledger", folder_.data, "--models", folder_.models});
    const std::string output = replay.ReadAll();
    EXPECT_EQ(replay.Wait(), 0) << replay.errors();
    EXPECT_THAT(output, ContainsRegex("states .* compared, 0 differ"));
    EXPECT_THAT(output,
                ContainsRegex("rows .* [1-9][0-9]+ compared .* 0 differ"));
    std::printf("beside the server:\n%s", output.c_str());
  }

  // The proof can fail.
  void ExpectChangesToDiffer() const {
    const VerifyResult late = Replay(Changed(Recorded(), [](auto& record) {
      record.set_as_of_us(record.as_of_us() + 3'600'000'000);
    }));
    EXPECT_GT(late.rows_differing, late.rows / 2);
    const VerifyResult behind = Replay(Changed(Recorded(), [](auto& record) {
      if (record.applied_through() > 0) {
        record.set_applied_through(record.applied_through() - 1);
      }
    }));
    EXPECT_GT(behind.rows_differing, behind.rows / 2);
    std::printf("read an hour later %lld rows differ, an event earlier %lld\n",
                static_cast<long long>(late.rows_differing),
                static_cast<long long>(behind.rows_differing));
  }

  const ServerFolder folder_{"recorded_row_share: 1"};
};

// A column that is never missing where the listener consents: a sum of what
// they did, zero where they did nothing, over a window that the past fills.
int ConsentedColumn() {
  const Catalogue& catalogue = Catalogue::Embedded();
  for (std::size_t k = 0; k < catalogue.features().size(); ++k) {
    const v1::Feature& feature = catalogue.features()[k].declaration;
    if (feature.has_window_sum() && feature.missing() == v1::MISSING_ZERO &&
        catalogue.FindSignal(feature.window_sum().signal())
                ->declaration.consent() == v1::CONSENT_CLASS_BEHAVIOUR) {
      return static_cast<int>(k);
    }
  }
  return -1;
}

// How much there was to get wrong.
struct Variety {
  explicit Variety(const RecordedScores& records) {
    for (const auto& partition : records) {
      for (const auto& [user, of_user] : partition) Add(of_user);
    }
  }

  void Add(const std::vector<v1::ScoreRecord>& of_user) {
    const int column = ConsentedColumn();
    std::set<std::uint64_t> positions;
    std::int64_t masked_here = 0;
    for (const v1::ScoreRecord& record : of_user) {
      positions.insert(record.applied_through());
      masked_here += std::isnan(record.row(column));
    }
    const auto all = static_cast<std::int64_t>(of_user.size());
    states += static_cast<std::int64_t>(positions.size());
    masked += masked_here;
    open += all - masked_here;
    changed_consent += masked_here > 0 && masked_here < all;
  }

  std::int64_t masked = 0;  // Rows without consent, and with:
  std::int64_t open = 0;
  std::int64_t states = 0;           // Different ones that were read.
  std::int64_t changed_consent = 0;  // Users read both with and without.
};

void Print(const char* phase, const TrafficCounts& counts) {
  std::printf(
      "%s: %lld events accepted (%lld late by a day or more, %lld of consent), "
      "%lld duplicate, %lld rejected; %lld users scored, %lld of them "
      "explained\n",
      phase, static_cast<long long>(counts.accepted),
      static_cast<long long>(counts.late),
      static_cast<long long>(counts.consents),
      static_cast<long long>(counts.duplicate),
      static_cast<long long>(counts.rejected),
      static_cast<long long>(counts.scores),
      static_cast<long long>(counts.explained));
}

// Until they are on the disk, where another process can read them.
void WaitForRecords(const ServerProcess& server, std::uint64_t count) {
  while (!::testing::Test::HasFailure() &&
         server.Status().score_records_written() < count) {
  }
}

TEST_F(ServedParity, RowsServedAreTheRowsReplayedBitForBit) {
  std::printf("seed %d\n", kSeed);
  ImportThePast();

  {
    ServerProcess server(folder_);
    LiveTraffic traffic(server.channel(), kSeed + 1);
    traffic.WaitFor(2'000, 300);
    WaitForRecords(server, 1'000);
    server.Kill();
    Print("killed", traffic.Stop());
  }
  const VerifyResult killed = ExpectTheSame();
  std::printf("after the kill: %lld rows, %lld states compared\n",
              static_cast<long long>(killed.rows),
              static_cast<long long>(killed.states));
  EXPECT_GE(killed.rows, 1'000);

  ServerProcess server(folder_);
  LiveTraffic traffic(server.channel(), kSeed + 2);
  traffic.WaitFor(kScores / 2, 500);
  WaitForRecords(server, kScores / 2);
  ReplayBesideTheServer();
  traffic.WaitFor(kScores, 1'000);
  const TrafficCounts counts = traffic.Stop();
  Print("stopped", counts);
  EXPECT_EQ(counts.failed_calls, 0);
  EXPECT_EQ(counts.rejected, 0);
  EXPECT_GT(counts.duplicate, 0);
  EXPECT_GT(counts.late, 100);
  EXPECT_GT(counts.consents, 50);
  EXPECT_GT(counts.explained, 10);
  EXPECT_EQ(server.Status().score_records_lost(), 0);
  server.Stop();

  const VerifyResult stopped = ExpectTheSame();
  EXPECT_GE(stopped.rows, kScores);
  EXPECT_EQ(stopped.rows, killed.rows + counts.scores);
  const Variety variety(Recorded());
  std::printf(
      "%lld rows and %lld states compared; rows with consent %lld, without "
      "%lld; %lld listeners with both; %lld different states read\n",
      static_cast<long long>(stopped.rows),
      static_cast<long long>(stopped.states),
      static_cast<long long>(variety.open),
      static_cast<long long>(variety.masked),
      static_cast<long long>(variety.changed_consent),
      static_cast<long long>(variety.states));
  EXPECT_GT(variety.masked, stopped.rows / 20);
  EXPECT_GT(variety.open, stopped.rows / 20);
  EXPECT_GT(variety.changed_consent, kUsers / 10);
  EXPECT_GT(variety.states, 2 * kUsers);
  ExpectChangesToDiffer();
}

TEST_F(ServedParity, AWriterIsToldWhichProcessHoldsTheLedger) {
  const ServerProcess server(folder_);
  const auto file = folder_.folder.Write(
      "one.jsonl",
      R"({"userId":"a","eventTime":"2024-06-05T14:00:00Z","search":{}})"
      "\n");
  ChildProcess import(folder_.ImportOf(file.string()));
  EXPECT_EQ(import.Wait(), 2);
  const std::string errors = import.errors();
  EXPECT_THAT(errors,
              ContainsRegex("is held by process [0-9]+ .tenuto-server."));
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
}

}  // namespace
}  // namespace tenuto::testing
