#include "training/ledger_rows.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "features/memory_ledger.h"
#include "features/state_reader.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"
#include "tests/support/test_events.h"
#include "training/replayer.h"

namespace tenuto {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr absl::Duration kDay = absl::Hours(24);

absl::Time Day(int day) { return absl::FromUnixMicros(kStartUs) + day * kDay; }

std::string Bytes(absl::Span<const float> row) {
  return {reinterpret_cast<const char*>(row.data()),
          row.size() * sizeof(float)};
}

class LedgerRowsTest : public ::testing::Test {
 protected:
  LedgerRowsTest() {
    schedule_.horizon = 14 * kDay;
    for (int day = 10; day < 110; day += 10) {
      schedule_.snapshots.push_back(Day(day));
    }
  }

  void TakeInRandomLives(std::uint64_t seed, int users) {
    testing::RandomEvents random(seed, kStartUs, 120);
    for (int k = 0; k < users; ++k) {
      const auto life = random.Life(testing::TestUser(k * 7 % 256, k), 60);
      const auto verdicts = ledger_.Commit(life, nullptr);
      ASSERT_TRUE(verdicts.ok()) << verdicts.status();
    }
  }

  void TakeIn(std::vector<v1::Event> events) {
    for (v1::Event& event : events) {
      GatedEvent gated;
      const absl::Time at = absl::FromUnixSeconds(event.event_time().seconds());
      const auto refused = gate_.Admit(event, at, gated);
      ASSERT_FALSE(refused) << refused->message;
      gated.known_time_us = absl::ToUnixMicros(at);
      ASSERT_TRUE(ledger_.Commit(absl::MakeConstSpan(&gated, 1), nullptr).ok());
    }
  }

  LedgerRows Build(int threads = 1) {
    auto rows = BuildRows(ledger_, plan_, labeler_, schedule_, threads, clock_);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return *std::move(rows);
  }

  static v1::Event Consent(const std::string& user, int day,
                           v1::Consent answer) {
    v1::Event event =
        MakeEvent(user, "consent-" + std::to_string(day), Day(day));
    event.mutable_consent_changed()->set_consent_class(
        v1::CONSENT_CLASS_BEHAVIOUR);
    event.mutable_consent_changed()->set_consent(answer);
    return event;
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  const FixedClock clock_{Day(200)};
  const UserKeys keys_ = UserKeys::FromSecret("rows");
  const EventGate gate_{keys_};
  MemoryLedger ledger_{catalogue_};
  const FeaturePlan plan_ = FeaturePlan::CompileAll(catalogue_);
  const Labeler labeler_ = *Labeler::Named("churn_by_choice");
  RowSchedule schedule_;
};

// One row as the definition says it: fold what was known, read, look ahead.
struct NaiveRow {
  std::string bytes;
  float label = 0;
  std::int64_t time_s = 0;
  friend bool operator==(const NaiveRow&, const NaiveRow&) = default;
  friend auto operator<=>(const NaiveRow&, const NaiveRow&) = default;
};

TEST_F(LedgerRowsTest, EqualsTheDefinitionUserByUserAndSnapshotBySnapshot) {
  constexpr std::uint64_t kSeed = 12;
  SCOPED_TRACE(kSeed);
  TakeInRandomLives(kSeed, 40);
  const SignalFold fold(catalogue_);
  for (const Eligible eligible :
       {Eligible::kPaid, Eligible::kFree, Eligible::kAll}) {
    schedule_.eligible = eligible;
    std::vector<NaiveRow> expected;
    const auto visit = [&](const UserKey&,
                           absl::Span<const LoggedEvent> events) {
      std::string last;
      EXPECT_TRUE(ledger_.LoadState(events[0].user, last).ok());
      const auto now = StateReader::Open(catalogue_, last);
      if (now->LastValue("consent_behaviour") == v1::CONSENT_WITHHELD) {
        return absl::OkStatus();
      }
      for (const absl::Time snapshot : schedule_.snapshots) {
        UserReplay replay(fold, events);
        const std::string state(*replay.StateAt(snapshot));
        const auto reader = StateReader::Open(catalogue_, state);
        const bool wanted = eligible == Eligible::kAll ? reader->known()
                            : eligible == Eligible::kPaid
                                ? reader->plan() == v1::PLAN_PREMIUM
                                : reader->plan() == v1::PLAN_FREE;
        if (!wanted) continue;
        std::vector<float> row(static_cast<std::size_t>(plan_.width()));
        EXPECT_TRUE(plan_
                        .Assemble(state,
                                  {snapshot, ledger_.Facts().history_start},
                                  absl::MakeSpan(row))
                        .ok());
        const bool leaves =
            Labeler::IsPositive(labeler_.Read(events), snapshot,
                                schedule_.horizon, absl::InfiniteFuture());
        expected.push_back(
            {Bytes(row), leaves ? 1.0f : 0.0f, absl::ToUnixSeconds(snapshot)});
      }
      return absl::OkStatus();
    };
    for (int partition = 0; partition < kPartitions; ++partition) {
      ASSERT_TRUE(VisitUsers(ledger_, partition, visit).ok());
    }
    const LedgerRows built = Build();
    ASSERT_EQ(built.matrix.rows(), static_cast<int>(expected.size()));
    ASSERT_GT(built.matrix.rows(), 20);
    std::vector<NaiveRow> got;
    for (int r = 0; r < built.matrix.rows(); ++r) {
      const auto at = static_cast<std::size_t>(r);
      got.push_back({Bytes(built.matrix.row(r)), built.matrix.labels[at],
                     built.matrix.times_s[at]});
    }
    EXPECT_TRUE(std::is_sorted(built.matrix.times_s.begin(),
                               built.matrix.times_s.end()));
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(got, expected);
  }
}

TEST_F(LedgerRowsTest, IsTheSameOnOneAndTwoThreads) {
  TakeInRandomLives(5, 60);
  schedule_.eligible = Eligible::kAll;
  const LedgerRows one = Build(1);
  const LedgerRows two = Build(2);
  ASSERT_GT(one.matrix.rows(), 100);
  EXPECT_EQ(one.matrix.columns, two.matrix.columns);
  EXPECT_EQ(Bytes(one.matrix.values), Bytes(two.matrix.values));
  EXPECT_EQ(one.matrix.labels, two.matrix.labels);
  EXPECT_EQ(one.matrix.groups, two.matrix.groups);
  EXPECT_EQ(one.matrix.times_s, two.matrix.times_s);
  EXPECT_EQ(one.users, 60);
  EXPECT_EQ(two.users, 60);
  EXPECT_EQ(one.events, two.events);
  EXPECT_EQ(one.events,
            static_cast<std::int64_t>(ledger_.Facts().last_position));
}

TEST_F(LedgerRowsTest, ReadsNothingThatWasLearnedLater) {
  TakeInRandomLives(6, 30);
  schedule_.eligible = Eligible::kAll;
  schedule_.snapshots = {Day(40)};
  const std::string before = Bytes(Build().matrix.values);
  testing::RandomEvents random(7, kStartUs, 40);
  for (int k = 0; k < 30; ++k) {
    auto more = random.Life(testing::TestUser(k * 7 % 256, k), 20);
    std::vector<GatedEvent> late;
    v1::Event event;
    for (GatedEvent& gated : more) {
      ASSERT_TRUE(event.ParseFromString(gated.event));
      // A withdrawal would take the rows away, as it must.
      if (event.has_consent_changed()) continue;
      gated.event_hash ^= 0x5555;
      gated.known_time_us = absl::ToUnixMicros(Day(40)) + 1;
      late.push_back(gated);
    }
    ASSERT_TRUE(ledger_.Commit(late, nullptr).ok());
  }
  EXPECT_EQ(Bytes(Build().matrix.values), before);
}

TEST_F(LedgerRowsTest, LeavesOutWhoHasWithdrawnConsentByTheEndOfTheLog) {
  schedule_.snapshots = {Day(10), Day(20)};
  TakeIn(SubscriberEvents("withdraws", 19, Day(5)));
  const std::uint64_t gone = Build().matrix.groups.at(0);
  TakeIn(SubscriberEvents("stays", 20, Day(5)));
  TakeIn(SubscriberEvents("comes back", 21, Day(5)));
  EXPECT_EQ(Build().matrix.rows(), 6);
  TakeIn({Consent("withdraws", 30, v1::CONSENT_WITHHELD),
          Consent("comes back", 30, v1::CONSENT_WITHHELD),
          Consent("comes back", 31, v1::CONSENT_GRANTED)});
  const LedgerRows rows = Build();
  EXPECT_EQ(rows.matrix.rows(), 4);
  EXPECT_EQ(rows.users, 3);
  EXPECT_EQ(rows.outcomes.size(), 2U);
  for (const std::uint64_t group : rows.matrix.groups) EXPECT_NE(group, gone);
}

// The same lives under other keys: other partitions, other order of commits.
TEST_F(LedgerRowsTest, DependsOnEventsAndNotOnTheKeysOfUsers) {
  schedule_.eligible = Eligible::kAll;
  testing::RandomEvents random(9, kStartUs, 120);
  MemoryLedger other(catalogue_);
  for (int k = 0; k < 40; ++k) {
    auto life = random.Life(testing::TestUser(k * 7 % 256, k), 60);
    ASSERT_TRUE(ledger_.Commit(life, nullptr).ok());
  }
  for (int partition = kPartitions - 1; partition >= 0; --partition) {
    const auto visit = [&](const UserKey& user,
                           absl::Span<const LoggedEvent> events) {
      std::vector<GatedEvent> moved;
      for (const LoggedEvent& event : events) {
        GatedEvent gated;
        gated.user = user;
        gated.user.bytes[0] = static_cast<std::uint8_t>(user.bytes[0] * 5 + 3);
        gated.event_hash = event.event_hash;
        gated.known_time_us = event.known_time_us;
        gated.event = std::string(event.event);
        moved.push_back(std::move(gated));
      }
      return other.Commit(moved, nullptr).status();
    };
    ASSERT_TRUE(VisitUsers(ledger_, partition, visit).ok());
  }
  const LedgerRows a = Build();
  const auto b = BuildRows(other, plan_, labeler_, schedule_, 1, clock_);
  ASSERT_TRUE(b.ok()) << b.status();
  ASSERT_GT(a.matrix.rows(), 100);
  EXPECT_EQ(Bytes(a.matrix.values), Bytes(b->matrix.values));
  EXPECT_EQ(a.matrix.labels, b->matrix.labels);
  EXPECT_EQ(a.matrix.groups, b->matrix.groups);
  EXPECT_EQ(a.matrix.times_s, b->matrix.times_s);
}

TEST_F(LedgerRowsTest, SelectsLabelsAsTheyWereKnownThen) {
  for (const std::string user : {"stays", "leaves late", "had left"}) {
    TakeIn(SubscriberEvents(user, 20, Day(5)));
  }
  const auto cancel = [&](const std::string& user, int day, int known_day) {
    v1::Event event = MakeEvent(user, "cancel", Day(day));
    event.mutable_cancelled();
    GatedEvent gated;
    ASSERT_FALSE(gate_.Admit(event, Day(known_day), gated));
    gated.known_time_us = absl::ToUnixMicros(Day(known_day));
    ASSERT_TRUE(ledger_.Commit(absl::MakeConstSpan(&gated, 1), nullptr).ok());
  };
  cancel("leaves late", 22, 50);
  cancel("had left", 18, 60);
  schedule_.snapshots = {Day(10), Day(20)};
  const LedgerRows rows = Build();
  const auto count = [&](int snapshot, int known_by) {
    const TrainingMatrix part =
        rows.Select({Day(snapshot)}, schedule_.horizon, Day(known_by));
    return std::pair<int, std::int64_t>(part.rows(), part.positives());
  };
  using Count = std::pair<int, std::int64_t>;
  EXPECT_EQ(count(20, 49), Count(3, 0));
  EXPECT_EQ(count(20, 50), Count(3, 1));
  EXPECT_EQ(count(20, 60), Count(2, 1)) << "one had left before day 20";
  EXPECT_EQ(count(10, 49), Count(3, 0));
  EXPECT_EQ(count(10, 60), Count(3, 2));
  EXPECT_EQ(rows.CountLeftBefore(), 1);
  EXPECT_EQ(rows.matrix.rows(), 6) << "the server would score all of them";
}

TEST_F(LedgerRowsTest, GivesARowOnlyWhileTheUserIsOnThePlan) {
  TakeIn(SubscriberEvents("leaver", 20, Day(5)));
  v1::Event down = MakeEvent("leaver", "down", Day(25));
  down.set_plan(v1::PLAN_FREE);
  down.mutable_downgraded();
  TakeIn({down});
  const LedgerRows paid = Build();
  ASSERT_EQ(paid.matrix.rows(), 2);
  EXPECT_EQ(paid.matrix.times_s[1], absl::ToUnixSeconds(Day(20)));
  EXPECT_EQ(paid.matrix.labels, (std::vector<float>{0, 1}));
  schedule_.eligible = Eligible::kFree;
  EXPECT_EQ(Build().matrix.rows(), 8);
  schedule_.eligible = Eligible::kAll;
  EXPECT_EQ(Build().matrix.rows(), 10);
}

TEST_F(LedgerRowsTest, HasOnlyTheColumnsOfThePlanInItsOrder) {
  TakeIn(SubscriberEvents("one", 20, Day(5)));
  const std::string last = catalogue_.features().back().name;
  const std::string first = catalogue_.features().front().name;
  const auto plan = FeaturePlan::Compile(catalogue_, {last, first});
  ASSERT_TRUE(plan.ok());
  const auto rows = BuildRows(ledger_, *plan, labeler_, schedule_, 1, clock_);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->matrix.columns, (std::vector<std::string>{last, first}));
  EXPECT_EQ(rows->matrix.values.size(), rows->matrix.labels.size() * 2);
}

TEST_F(LedgerRowsTest, IsEmptyForAnEmptyLedger) {
  const LedgerRows rows = Build(2);
  EXPECT_EQ(rows.matrix.rows(), 0);
  EXPECT_EQ(rows.users, 0);
  EXPECT_EQ(rows.matrix.width(), plan_.width());
}

}  // namespace
}  // namespace tenuto
