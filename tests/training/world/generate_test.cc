#include "training/world/generate.h"

#include <string>

#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto::world {
namespace {

class GenerateTest : public testing::Test {
 protected:
  GenerateTest()
      : keys_(UserKeys::FromSecret("secret")), ledger_(Catalogue::Embedded()) {
    options_.users = 60;
    options_.days = 30;
  }

  absl::StatusOr<WorldReport> Generate() {
    return GenerateWorld(options_, truth_path_, keys_, Clock::Real(), ledger_,
                         [this](int days) { days_seen_ = days; });
  }

  WorldOptions options_;
  const TempFolder folder_;
  const std::filesystem::path truth_path_ = folder_.path() / "world.truth.csv";
  const UserKeys keys_;
  MemoryLedger ledger_;
  int days_seen_ = 0;
};

TEST_F(GenerateTest, FillsTheLedgerAndTellsWhatItDid) {
  const auto report = Generate();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(days_seen_, 30);
  EXPECT_GT(report->accepted, 1000);
  EXPECT_EQ(report->accepted, report->tally.events);
  EXPECT_EQ(ledger_.Facts().last_position,
            static_cast<Position>(report->accepted));
  EXPECT_GE(ledger_.Facts().history_start,
            absl::FromUnixSeconds(1'735'689'600));
}

TEST_F(GenerateTest, KeepsTheTruthOutOfTheLedger) {
  ASSERT_TRUE(Generate().ok());
  const auto truth = ReadFile(truth_path_);
  ASSERT_TRUE(truth.ok());
  // No number of the truth occurs as text in any event, nor a raw user id.
  const std::vector<std::string> lines = absl::StrSplit(*truth, '\n');
  ASSERT_GT(lines.size(), 30u);
  const std::vector<std::string> fields = absl::StrSplit(lines[10], ',');
  for (int partition = 0; partition < kPartitions; ++partition) {
    ASSERT_TRUE(ledger_
                    .Scan(partition, 1,
                          [&](const LoggedEvent& event) {
                            for (const std::size_t k : {0u, 2u, 3u, 7u}) {
                              EXPECT_EQ(event.event.find(fields[k]),
                                        absl::string_view::npos);
                            }
                            v1::Event parsed;
                            EXPECT_TRUE(parsed.ParseFromArray(
                                event.event.data(),
                                static_cast<int>(event.event.size())));
                            EXPECT_EQ(
                                parsed.decision_made().churn_probability(), 0);
                            return true;
                          })
                    .ok());
  }
}

TEST_F(GenerateTest, AcceptsNothingTheSecondTimeAndWritesTheSameTruth) {
  ASSERT_TRUE(Generate().ok());
  const auto truth = ReadFile(truth_path_);
  options_.threads = 2;
  const auto again = Generate();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->accepted, 0);
  EXPECT_EQ(again->duplicates, again->tally.events);
  EXPECT_EQ(*ReadFile(truth_path_), *truth);
}

TEST_F(GenerateTest, RefusesToMixWorlds) {
  ASSERT_TRUE(Generate().ok());
  const Position before = ledger_.Facts().last_position;
  options_.seed = 2;
  const auto other = Generate();
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(other.status().message().find("seed 1"), std::string::npos);
  EXPECT_EQ(ledger_.Facts().last_position, before);
}

TEST_F(GenerateTest, RefusesALedgerOfAnotherOrigin) {
  v1::Event event;
  event.set_event_id("x");
  event.set_user_id("somebody");
  event.mutable_event_time()->set_seconds(1'735'689'600);
  event.mutable_page_view()->set_page(v1::PAGE_HOME);
  GatedEvent gated;
  ASSERT_FALSE(EventGate(keys_).Admit(
      event, absl::FromUnixSeconds(1'735'689'700), gated));
  gated.known_time_us = 1'735'689'600'000'000;
  ASSERT_TRUE(ledger_.Commit({&gated, 1}, nullptr).ok());
  EXPECT_EQ(Generate().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(truth_path_));
}

}  // namespace
}  // namespace tenuto::world
