// What a real server scored, computed again from what it left on disk: bit for
// bit the same, although events, late ones too, and changes of consent came in
// between, and although it was killed once.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/record_log.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/parity/live_traffic.h"
#include "tests/support/child_process.h"
#include "tests/support/server_process.h"
#include "training/verify_replay.h"

namespace tenuto::testing {
namespace {

using ::testing::ContainsRegex;

constexpr int kScores = 10'000;
constexpr int kPastEvents = 3'000;

class ServedParity : public ::testing::Test {
 protected:
  // Everything that is imported as the past begins here: without a past no
  // window is whole and every row would be empty.
  void ImportThePast(std::uint64_t seed) {
    Producer producer("past", seed);
    std::vector<v1::Event> events;
    for (int k = 0; k < kPastEvents; ++k) events.push_back(producer.Next());
    std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
      return a.event_time().seconds() < b.event_time().seconds();
    });
    std::string lines;
    for (const v1::Event& event : events) {
      std::string json;
      ASSERT_TRUE(
          google::protobuf::util::MessageToJsonString(event, &json).ok());
      lines += json + "\n";
    }
    const auto file = folder_.folder.Write("past.jsonl", lines);
    ChildProcess import(ImportOf(file.string()));
    ASSERT_EQ(import.Wait(), 0) << import.errors();
  }

  std::vector<std::string> ImportOf(const std::string& file) const {
    return {BuiltProgram("tenuto"),
            "import",
            "--format",
            "jsonl",
            "--input",
            file,
            "--ledger",
            folder_.data};
  }

  std::vector<v1::ScoreRecord> Records() const {
    std::vector<v1::ScoreRecord> records;
    const absl::Status read = ReadScoreRecords(
        folder_.data / "records", [&records](const v1::ScoreRecord& record) {
          records.push_back(record);
          return true;
        });
    EXPECT_TRUE(read.ok()) << read;
    return records;
  }

  // Of a ledger that nobody writes.
  VerifyResult Verify() const {
    auto records = ReadRecordedScores(folder_.data / "records");
    const auto keys = UserKeys::Open(folder_.data / "user.key");
    EXPECT_TRUE(records.ok() && keys.ok()) << records.status();
    RocksLedgerOptions options;
    options.directory = folder_.data;
    options.read_only = true;
    options.clock = &Clock::Real();
    const auto ledger = OpenRocksLedger(options, Catalogue::Embedded(), *keys);
    EXPECT_TRUE(ledger.ok()) << ledger.status();
    const auto result = VerifyReplay(**ledger, Catalogue::Embedded(),
                                     *std::move(records), folder_.models, 2);
    EXPECT_TRUE(result.ok()) << result.status();
    for (const std::string& difference : result->first_differences) {
      ADD_FAILURE() << difference;
    }
    EXPECT_EQ(result->rows_with_values, result->rows);
    EXPECT_EQ(result->rows_differing, 0);
    EXPECT_EQ(result->states_differing, 0);
    return *result;
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
  explicit Variety(const std::vector<v1::ScoreRecord>& records) {
    const int column = ConsentedColumn();
    std::map<std::string, std::set<std::uint64_t>> positions;
    std::set<std::string> seen_masked, seen_open;
    for (const v1::ScoreRecord& record : records) {
      positions[record.user_key()].insert(record.applied_through());
      const bool is_masked = std::isnan(record.row(column));
      masked += is_masked;
      (is_masked ? seen_masked : seen_open).insert(record.user_key());
    }
    for (const auto& [user, of_user] : positions) {
      states += static_cast<std::int64_t>(of_user.size());
      changed_consent += seen_masked.contains(user) && seen_open.contains(user);
    }
    open = static_cast<std::int64_t>(records.size()) - masked;
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
  const std::uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  ImportThePast(seed);

  {
    ServerProcess server(folder_);
    LiveTraffic traffic(server.channel(), seed + 1);
    traffic.WaitFor(2'000, 300);
    WaitForRecords(server, 1'000);
    server.Kill();
    Print("killed", traffic.Stop());
  }
  const VerifyResult killed = Verify();
  std::printf("after the kill: %lld rows, %lld states compared\n",
              static_cast<long long>(killed.rows),
              static_cast<long long>(killed.states));
  EXPECT_GE(killed.rows, 1'000);

  ServerProcess server(folder_);
  LiveTraffic traffic(server.channel(), seed + 2);
  traffic.WaitFor(kScores / 2, 500);
  WaitForRecords(server, kScores / 2);
  ChildProcess replay({BuiltProgram("tenuto"), "replay", "--verify", "--ledger",
                       folder_.data, "--models", folder_.models});
  const std::string beside = replay.ReadAll();
  EXPECT_EQ(replay.Wait(), 0) << replay.errors();
  EXPECT_THAT(beside, ContainsRegex("states .* compared, 0 differ"));
  EXPECT_THAT(beside,
              ContainsRegex("rows .* [1-9][0-9]+ compared .* 0 differ"));
  std::printf("beside the server:\n%s", beside.c_str());
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

  const VerifyResult stopped = Verify();
  EXPECT_GE(stopped.rows, kScores);
  EXPECT_EQ(stopped.rows, killed.rows + counts.scores);
  const Variety variety(Records());
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
}

TEST_F(ServedParity, AWriterIsToldWhichProcessHoldsTheLedger) {
  const ServerProcess server(folder_);
  const auto file = folder_.folder.Write(
      "one.jsonl",
      R"({"userId":"a","eventTime":"2024-06-05T14:00:00Z","search":{}})"
      "\n");
  ChildProcess import(ImportOf(file.string()));
  EXPECT_EQ(import.Wait(), 2);
  const std::string errors = import.errors();
  EXPECT_THAT(errors,
              ContainsRegex("is held by process [0-9]+ .tenuto-server."));
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
}

}  // namespace
}  // namespace tenuto::testing
