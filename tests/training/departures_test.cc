#include "training/departures.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

constexpr std::int64_t kStartUs = 1'700'006'400'000'000;
constexpr std::int64_t kDayUs = 86'400'000'000;

absl::Time Day(int day) {
  return absl::FromUnixMicros(kStartUs + day * kDayUs);
}

// Events of one user by day: when they happened and when we learned of them.
class History {
 public:
  v1::Event& Add(int day, int known_day, v1::Plan plan) {
    events_.emplace_back();
    known_days_.push_back(known_day);
    v1::Event& event = events_.back();
    event.mutable_event_time()->set_seconds((kStartUs + day * kDayUs) /
                                            1'000'000);
    event.set_plan(plan);
    return event;
  }
  void Play(int day, int known_day, v1::Plan plan) {
    Add(day, known_day, plan).mutable_playback()->set_track_id("t");
  }
  void Cancel(int day, int known_day) {
    Add(day, known_day, v1::PLAN_PREMIUM).mutable_cancelled();
  }
  void Downgrade(int day, int known_day) {
    Add(day, known_day, v1::PLAN_FREE).mutable_downgraded();
  }

  bool HadLeft(int snapshot, int known_by,
               Eligible eligible = Eligible::kPaid) const {
    std::vector<std::string> bytes;
    for (const v1::Event& event : events_) {
      bytes.push_back(event.SerializeAsString());
    }
    std::vector<LoggedEvent> logged;
    for (std::size_t k = 0; k < bytes.size(); ++k) {
      logged.push_back(
          {{}, k + 1, k, kStartUs + known_days_[k] * kDayUs, bytes[k]});
    }
    return Departures::HadLeft(Departures::Create(eligible)->Read(logged),
                               Day(snapshot), Day(known_by));
  }

 private:
  std::vector<v1::Event> events_;
  std::vector<int> known_days_;
};

TEST(Departures, SeeWhoHadLeftOnceItIsKnown) {
  History history;
  history.Play(1, 1, v1::PLAN_PREMIUM);
  history.Cancel(8, 20);
  EXPECT_TRUE(history.HadLeft(10, 20));
  EXPECT_TRUE(history.HadLeft(8, 20)) << "at the snapshot's very moment";
  EXPECT_FALSE(history.HadLeft(10, 19)) << "nobody knows yet";
  EXPECT_FALSE(history.HadLeft(7, 30)) << "leaves after this snapshot";
  EXPECT_FALSE(history.HadLeft(20, 30)) << "known: the state says it";
}

TEST(Departures, AreUndoneByASignOfThePlanAfterwards) {
  History history;
  history.Cancel(8, 20);
  history.Play(9, 25, v1::PLAN_PREMIUM);
  EXPECT_TRUE(history.HadLeft(10, 24)) << "the return is not known yet";
  EXPECT_FALSE(history.HadLeft(10, 25));
  EXPECT_TRUE(history.HadLeft(8, 25)) << "before the return";
  History gone;
  gone.Cancel(8, 20);
  gone.Play(8, 8, v1::PLAN_PREMIUM);
  gone.Play(9, 9, v1::PLAN_FREE);
  EXPECT_TRUE(gone.HadLeft(10, 20));
}

TEST(Departures, FromThePaidPlanLeaveAFreeUser) {
  History history;
  history.Downgrade(8, 20);
  EXPECT_TRUE(history.HadLeft(10, 20, Eligible::kPaid));
  EXPECT_FALSE(history.HadLeft(10, 20, Eligible::kFree));
  EXPECT_FALSE(history.HadLeft(10, 20, Eligible::kAll));
  history.Cancel(9, 21);
  EXPECT_TRUE(history.HadLeft(10, 21, Eligible::kFree));
  EXPECT_TRUE(history.HadLeft(10, 21, Eligible::kAll));
}

TEST(Departures, AreNobodysWhenEveryEventIsKnownAtOnce) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    testing::RandomEvents random(seed, kStartUs, 120);
    const auto life = random.Life(testing::TestUser(3), 150);
    std::vector<LoggedEvent> logged = testing::AsLogged(life);
    EventView view;
    for (LoggedEvent& event : logged) {
      ASSERT_TRUE(view.Parse(event.event));
      event.known_time_us = view.time_us();
    }
    for (const Eligible eligible :
         {Eligible::kPaid, Eligible::kFree, Eligible::kAll}) {
      EXPECT_TRUE(Departures::Create(eligible)->Read(logged).empty());
    }
  }
}

// By definition: of what happened by the snapshot and is known, is the last a
// departure, of which nobody knew at the snapshot?
bool NaivelyLeft(const std::vector<LoggedEvent>& logged, std::int64_t at_us,
                 std::int64_t known_by_us) {
  std::int64_t left_us = -1, left_known_us = -1, back_us = -1;
  for (const LoggedEvent& entry : logged) {
    v1::Event event;
    EXPECT_TRUE(event.ParseFromString(std::string(entry.event)));
    const std::int64_t us = event.event_time().seconds() * 1'000'000 +
                            event.event_time().nanos() / 1000;
    if (us > at_us || entry.known_time_us > known_by_us) continue;
    if (event.has_cancelled() || event.has_expired() ||
        event.has_downgraded()) {
      if (us > left_us) {
        left_us = us;
        left_known_us = entry.known_time_us;
      }
    } else if (event.plan() == v1::PLAN_PREMIUM) {
      back_us = std::max(back_us, us);
    }
  }
  return left_us >= 0 && left_us >= back_us && left_known_us > at_us;
}

TEST(Departures, AgreeWithTheDefinitionOnRandomLives) {
  const Departures paid = *Departures::Create(Eligible::kPaid);
  int left = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    testing::RandomEvents random(seed, kStartUs, 120);
    const auto life = random.Life(testing::TestUser(3), 150);
    const std::vector<LoggedEvent> logged = testing::AsLogged(life);
    const auto moments = paid.Read(logged);
    for (int k = 0; k < 60; ++k) {
      const std::int64_t at_us =
          kStartUs + random.draws().Between(0, 240) * kDayUs / 2;
      const std::int64_t by_us = at_us + random.draws().Between(0, 90) * kDayUs;
      const bool expected = NaivelyLeft(logged, at_us, by_us);
      ASSERT_EQ(Departures::HadLeft(moments, absl::FromUnixMicros(at_us),
                                    absl::FromUnixMicros(by_us)),
                expected);
      left += expected;
    }
  }
  EXPECT_GT(left, 20);
}

}  // namespace
}  // namespace tenuto
