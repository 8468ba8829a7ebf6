#include "training/labeler.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "features/event_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr absl::Duration kDay = absl::Hours(24);

absl::Time At(std::int64_t us) { return absl::FromUnixMicros(us); }

// Events of one user at the given times, views into `bytes`.
struct History {
  std::vector<std::string> bytes;
  std::vector<LoggedEvent> events() const {
    std::vector<LoggedEvent> logged;
    for (const std::string& event : bytes) {
      const std::size_t k = logged.size();
      const std::int64_t known_us = k < known.size() ? known[k] : 0;
      logged.push_back({{}, k + 1, k, known_us, event});
    }
    return logged;
  }
  v1::Event& Begin(std::int64_t us) {
    next = v1::Event();
    next.mutable_event_time()->set_seconds(us / 1'000'000);
    next.mutable_event_time()->set_nanos(static_cast<int>(us % 1'000'000) *
                                         1000);
    return next;
  }
  void Add() { bytes.push_back(next.SerializeAsString()); }
  void Cancel(std::int64_t us, bool involuntary = false) {
    Begin(us).mutable_cancelled()->set_involuntary(involuntary);
    Add();
  }
  void Subscribe(std::int64_t us) {
    Begin(us).mutable_subscription_started()->set_price_minor(999);
    Add();
  }
  v1::Event next;
  std::vector<std::int64_t> known;  // Of the first events, when learned of.
};

bool Positive(const char* label, const History& history, std::int64_t us,
              absl::Duration horizon) {
  const auto labeler = Labeler::Named(label);
  EXPECT_TRUE(labeler.ok()) << labeler.status();
  return Labeler::IsPositive(labeler->Read(history.events()), At(us), horizon,
                             absl::InfiniteFuture());
}

TEST(Labeler, CountsWhatHappensAfterTheSnapshotThroughTheHorizon) {
  History history;
  history.Cancel(kStartUs);
  const auto leaves = [&](std::int64_t us) {
    return Positive("churn_by_choice", history, us, 14 * kDay);
  };
  EXPECT_FALSE(leaves(kStartUs)) << "known at the snapshot";
  EXPECT_FALSE(leaves(kStartUs + 1));
  EXPECT_TRUE(leaves(kStartUs - 1));
  EXPECT_TRUE(leaves(kStartUs - 14 * kDayUs)) << "the horizon's last moment";
  EXPECT_FALSE(leaves(kStartUs - 14 * kDayUs - 1));
}

TEST(Labeler, TellsChoiceFromAFailedPayment) {
  History history;
  history.Cancel(kStartUs, true);
  const std::int64_t before = kStartUs - kDayUs;
  EXPECT_FALSE(Positive("churn_by_choice", history, before, 14 * kDay));
  EXPECT_TRUE(Positive("churn_by_failed_payment", history, before, 14 * kDay));
  History downgraded;
  downgraded.Begin(kStartUs).mutable_downgraded();
  downgraded.Add();
  EXPECT_TRUE(Positive("churn_by_choice", downgraded, before, 14 * kDay));
}

TEST(Labeler, ForgivesOnlyWhoComesBackWithinTheHorizon) {
  const auto for_good = [](std::int64_t back_us, absl::Duration horizon) {
    History history;
    history.Cancel(kStartUs);
    history.Subscribe(back_us);
    return Positive("churn_by_choice_for_good", history, kStartUs - kDayUs,
                    horizon);
  };
  EXPECT_FALSE(for_good(kStartUs + kDayUs, 14 * kDay));
  EXPECT_FALSE(for_good(kStartUs + 13 * kDayUs, 14 * kDay));
  EXPECT_TRUE(for_good(kStartUs + 13 * kDayUs + 1, 14 * kDay)) << "too late";
  EXPECT_TRUE(for_good(kStartUs - 1, 14 * kDay)) << "before leaving";
  EXPECT_TRUE(for_good(kStartUs, 14 * kDay)) << "not after leaving";
}

TEST(Labeler, ReadsNothingThatBecameKnownLater) {
  History history;
  history.Cancel(kStartUs);
  history.Subscribe(kStartUs + kDayUs);
  history.known = {kStartUs + 20 * kDayUs, kStartUs + 30 * kDayUs};
  const auto leaves = [&](const char* label, std::int64_t known_by_us) {
    return Labeler::IsPositive(Labeler::Named(label)->Read(history.events()),
                               At(kStartUs - kDayUs), 14 * kDay,
                               At(known_by_us));
  };
  const std::int64_t late_us = kStartUs + 20 * kDayUs;
  EXPECT_FALSE(leaves("churn_by_choice", late_us - 1));
  EXPECT_TRUE(leaves("churn_by_choice", late_us));
  EXPECT_TRUE(leaves("churn_by_choice_for_good", late_us));
  EXPECT_FALSE(leaves("churn_by_choice_for_good", late_us + 10 * kDayUs))
      << "the return is known by then";
}

// The formula of label.proto, read aloud over the messages themselves.
bool NaivelyPositive(const std::vector<LoggedEvent>& events, bool for_good,
                     std::int64_t snapshot_us, std::int64_t horizon_us,
                     std::int64_t known_by_us) {
  std::vector<std::pair<std::int64_t, v1::Event>> parsed;
  for (const LoggedEvent& logged : events) {
    if (logged.known_time_us > known_by_us) continue;
    v1::Event event;
    EXPECT_TRUE(event.ParseFromString(std::string(logged.event)));
    parsed.emplace_back(event.event_time().seconds() * 1'000'000 +
                            event.event_time().nanos() / 1000,
                        event);
  }
  for (const auto& entry : parsed) {
    const auto at = entry.first;
    const auto& event = entry.second;
    const bool leaves =
        (event.has_cancelled() && !event.cancelled().involuntary()) ||
        (event.has_downgraded() && !event.downgraded().involuntary());
    if (!leaves || at <= snapshot_us || at > snapshot_us + horizon_us) continue;
    const bool undone =
        for_good && std::any_of(parsed.begin(), parsed.end(), [&](auto& other) {
          return other.second.has_subscription_started() && other.first > at &&
                 other.first <= snapshot_us + horizon_us;
        });
    if (!undone) return true;
  }
  return false;
}

TEST(Labeler, AgreesWithTheFormulaOnRandomLives) {
  const Labeler any = *Labeler::Named("churn_by_choice");
  const Labeler for_good = *Labeler::Named("churn_by_choice_for_good");
  int positives = 0;
  int forgiven = 0;
  int unknown = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    testing::RandomEvents random(seed, kStartUs, 120);
    const auto life = random.Life(testing::TestUser(3), 150);
    const auto logged = testing::AsLogged(life);
    const Labeler::Timeline timeline = any.Read(logged);
    const Labeler::Timeline undone = for_good.Read(logged);
    for (int k = 0; k < 60; ++k) {
      // Midnights and noons are where the random lives put shared times.
      const std::int64_t snapshot_us =
          kStartUs + random.draws().Between(-10, 260) * kDayUs / 2;
      const std::int64_t days = random.draws().Between(1, 40);
      const std::int64_t known_by_us =
          snapshot_us + (days + random.draws().Between(0, 60)) * kDayUs;
      const auto check = [&](std::int64_t by_us, bool& leaves, bool& stays) {
        leaves =
            NaivelyPositive(logged, false, snapshot_us, days * kDayUs, by_us);
        stays = leaves && !NaivelyPositive(logged, true, snapshot_us,
                                           days * kDayUs, by_us);
        ASSERT_EQ(Labeler::IsPositive(timeline, At(snapshot_us), days * kDay,
                                      At(by_us)),
                  leaves);
        ASSERT_EQ(Labeler::IsPositive(undone, At(snapshot_us), days * kDay,
                                      At(by_us)),
                  leaves && !stays);
      };
      bool leaves = false, stays = false, known = false, unused = false;
      check(absl::ToUnixMicros(absl::InfiniteFuture()), leaves, stays);
      check(known_by_us, known, unused);
      positives += leaves;
      forgiven += stays;
      unknown += leaves != known;
    }
  }
  EXPECT_GT(positives, 200);
  EXPECT_GT(forgiven, 20);
  EXPECT_GT(unknown, 20);
}

TEST(Labeler, NeverReadsWhatHappenedByTheSnapshot) {
  const Labeler labeler = *Labeler::Named("churn_by_choice_for_good");
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    testing::RandomEvents random(seed, kStartUs, 120);
    const auto life = random.Life(testing::TestUser(3), 150);
    const auto logged = testing::AsLogged(life);
    for (int day = 0; day < 120; day += 7) {
      const std::int64_t snapshot_us = kStartUs + day * kDayUs;
      std::vector<LoggedEvent> later;
      EventView view;
      for (const LoggedEvent& event : logged) {
        ASSERT_TRUE(view.Parse(event.event));
        if (view.time_us() > snapshot_us) later.push_back(event);
      }
      const auto positive = [&](const std::vector<LoggedEvent>& read) {
        return Labeler::IsPositive(labeler.Read(read), At(snapshot_us),
                                   14 * kDay, absl::InfiniteFuture());
      };
      EXPECT_EQ(positive(logged), positive(later));
    }
  }
}

TEST(Labeler, ListsTheLabelsItKnows) {
  const auto unknown = Labeler::Named("churn");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.status().message(),
            "label \"churn\" is unknown; there are: churn_by_choice, "
            "churn_by_choice_for_good, churn_by_failed_payment");
}

TEST(Labeler, NamesWhatIsWrongWithADeclaration) {
  v1::Label label;
  label.set_name("mine");
  EXPECT_THAT(std::string(Labeler::Create(label).status().message()),
              HasSubstr("\"mine\" says nothing that happens"));
  v1::EventPattern& pattern = *label.add_happens();
  pattern.set_event("left");
  EXPECT_THAT(std::string(Labeler::Create(label).status().message()),
              HasSubstr("label \"mine\": "));
  pattern.set_event("cancelled");
  pattern.add_where()->set_field("mood");
  const auto wrong = Labeler::Create(label);
  EXPECT_EQ(wrong.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("mood"));
}

}  // namespace
}  // namespace tenuto
