#include "training/world/world.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

constexpr std::int64_t kStart = 1'735'689'600;  // 2025-01-01

WorldOptions Options(std::int64_t users, int days, int threads = 1) {
  WorldOptions options;
  options.users = users;
  options.days = days;
  options.threads = threads;
  options.truth_every_days = 0;
  return options;
}

int DayOf(const v1::Event& event) {
  return static_cast<int>((event.event_time().seconds() - kStart) / 86'400);
}

bool LeavesByChoice(const v1::Event& event) {
  return (event.has_cancelled() && !event.cancelled().involuntary()) ||
         (event.has_downgraded() && !event.downgraded().involuntary());
}

std::string Bytes(const LivedWorld& world) {
  std::string bytes = world.truth;
  for (const v1::Event& event : world.events) event.AppendToString(&bytes);
  return bytes;
}

// What is kept of a large world: its rare events, and how much everybody
// played on every day.
class Chronicle final : public Receiver {
 public:
  explicit Chronicle(const WorldOptions& options)
      : plays(static_cast<std::size_t>(options.users) + 1,
              std::vector<int>(static_cast<std::size_t>(options.days))),
        collector_(options.threads) {}

  void Take(int shard, std::uint64_t user,
            absl::Span<v1::Event* const> page) override {
    std::vector<v1::Event*> rare;
    for (v1::Event* event : page) {
      if (event->has_playback()) {
        ++plays[user][static_cast<std::size_t>(DayOf(*event))];
      } else if (!event->has_session() && !event->has_search() &&
                 !event->has_engagement() && !event->has_ad_impression()) {
        rare.push_back(event);
      }
    }
    collector_.Take(shard, user, rare);
  }
  void EndDay() { collector_.Drain(events); }

  std::vector<std::vector<int>> plays;  // [user][day]
  std::vector<v1::Event> events;
  std::string truth;
  Tally tally;

 private:
  Collector collector_;
};

// One world that many tests look at; seed 1.
const Chronicle& Shared() {
  static const Chronicle& chronicle = *[] {
    WorldOptions options = Options(1500, 240, 2);
    options.truth_every_days = 7;
    options.truth = {8, 1};
    auto* lived = new Chronicle(options);
    auto world = World::Create(options);
    while ((*world)->day() < options.days) {
      lived->truth += (*world)->LiveDay(*lived);
      lived->EndDay();
    }
    lived->tally = (*world)->tally();
    return lived;
  }();
  return chronicle;
}

TEST(World, IsTheSameOnOneOrMoreThreads) {
  WorldOptions options = Options(101, 40);
  options.truth_every_days = 7;
  const std::string one = Bytes(Live(options));
  options.threads = 2;
  EXPECT_EQ(Bytes(Live(options)), one);
  options.threads = 5;
  EXPECT_EQ(Bytes(Live(options)), one);
  options.seed = 2;
  EXPECT_NE(Bytes(Live(options)), one);
}

TEST(World, GivesAPersonTheSameLifeHoweverManyOthersThereAre) {
  const LivedWorld few = Live(Options(10, 30));
  const LivedWorld many = Live(Options(60, 30));
  std::string alone;
  std::string among;
  for (const v1::Event& event : few.events) {
    if (event.user_id() == "u0000007") event.AppendToString(&alone);
  }
  for (const v1::Event& event : many.events) {
    if (event.user_id() == "u0000007") event.AppendToString(&among);
  }
  EXPECT_FALSE(alone.empty());
  EXPECT_EQ(alone, among);
}

TEST(World, HasTheBaseRatesOfTheBusiness) {
  const Tally& tally = Shared().tally;
  EXPECT_GT(tally.churn_by_choice_monthly(), 0.03);
  EXPECT_LT(tally.churn_by_choice_monthly(), 0.06);
  EXPECT_GT(tally.failure_rate(), 0.08);
  EXPECT_LT(tally.failure_rate(), 0.16);
  EXPECT_GT(tally.recovery_rate(), 0.5);
  EXPECT_LT(tally.recovery_rate(), 0.75);
  EXPECT_GT(tally.events_per_listening_day(), 8);
  EXPECT_LT(tally.events_per_listening_day(), 15);
}

TEST(World, ShowsInBehaviourBeforeSomebodyLeaves) {
  double last_week = 0;
  double month_before = 0;
  int leavers = 0;
  for (const v1::Event& event : Shared().events) {
    const int day = DayOf(event);
    if (!LeavesByChoice(event) || day < 35) continue;
    ++leavers;
    const std::size_t user = std::stoul(event.user_id().substr(1));
    const auto today = Shared().plays[user].begin() + day;
    for (auto d = today - 7; d < today; ++d) last_week += *d / 7.0;
    for (auto d = today - 35; d < today - 7; ++d) month_before += *d / 28.0;
  }
  ASSERT_GT(leavers, 150);
  EXPECT_LT(last_week, 0.85 * month_before);
}

TEST(World, HasTruthThatAgreesWithWhatHappened) {
  std::set<std::pair<std::string, int>> left;
  for (const v1::Event& event : Shared().events) {
    if (LeavesByChoice(event)) left.emplace(event.user_id(), DayOf(event));
  }
  std::vector<std::pair<double, bool>> rows;
  for (absl::string_view line : absl::StrSplit(Shared().truth, '\n')) {
    const std::vector<std::string> fields = absl::StrSplit(line, ',');
    if (fields.size() < 3) continue;
    std::int64_t time = 0;
    double chance = 0;
    ASSERT_TRUE(absl::SimpleAtoi(fields[1], &time));
    ASSERT_TRUE(absl::SimpleAtod(fields[2], &chance));
    const int day = static_cast<int>((time - kStart) / 86'400);
    if (day + 14 > 240) continue;
    const auto next = left.lower_bound({fields[0], day});
    rows.emplace_back(chance, next != left.end() && next->first == fields[0] &&
                                  next->second < day + 14);
  }
  ASSERT_GT(rows.size(), 15'000u);
  std::sort(rows.begin(), rows.end());
  constexpr std::size_t kBins = 5;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    double expected = 0;
    double happened = 0;
    for (std::size_t k = rows.size() * bin / kBins;
         k < rows.size() * (bin + 1) / kBins; ++k) {
      expected += rows[k].first;
      happened += rows[k].second;
    }
    // Two snapshots of a fortnight see the same leaving: twice the variance.
    EXPECT_NEAR(happened, expected, 4.5 * std::sqrt(2 * expected)) << bin;
  }
}

TEST(World, FailsForMoneyBeforePaydaysMoreThanAfter) {
  // Paid on the 25th in Stockholm.
  std::set<std::string> there;
  int before = 0;
  int after = 0;
  for (const v1::Event& event : Shared().events) {
    if (event.time_zone_changed().time_zone() == "Europe/Stockholm") {
      there.insert(event.user_id());
    }
    if (event.payment_attempted().decline_code() != "51" ||
        event.payment_attempted().attempt_number() != 1 ||
        !there.contains(event.user_id())) {
      continue;
    }
    const int date = (absl::CivilDay(2025, 1, 1) + DayOf(event)).day();
    before += date >= 15 && date < 25;
    after += date >= 25 || date < 4;
  }
  EXPECT_GT(before, 1.3 * after);
}

TEST(World, HasOptOutsOnlyAfterMessagesAndNoMessagesAfterOptOuts) {
  std::set<std::string> told;
  std::set<std::string> silenced;
  for (const v1::Event& event : Shared().events) {
    // Reminders of payments belong to the contract.
    if (event.has_message_delivered() &&
        event.message_delivered().treatment() != "payment_reminder") {
      told.insert(event.user_id());
      EXPECT_FALSE(silenced.contains(event.user_id()));
    }
    if (event.has_message_opted_out()) {
      EXPECT_TRUE(told.contains(event.user_id()));
      silenced.insert(event.user_id());
    }
  }
  EXPECT_GT(silenced.size(), 10u);
}

TEST(World, SendsNothingToWhomWithheldConsent) {
  std::map<std::string, bool> permits;
  for (const v1::Event& event : Shared().events) {
    if (event.consent_changed().consent_class() == v1::CONSENT_CLASS_MESSAGES) {
      permits[event.user_id()] =
          event.consent_changed().consent() == v1::CONSENT_GRANTED;
    }
    // Reminders of payments belong to the contract.
    if (event.has_message_sent() &&
        event.message_sent().treatment() != "payment_reminder") {
      EXPECT_TRUE(permits[event.user_id()]);
    }
  }
}

TEST(World, TellsOneStoryOfEverySubscription) {
  std::map<std::string, v1::Plan> plans;
  std::map<std::string, std::pair<std::int64_t, std::uint32_t>> times;
  const LivedWorld world = Live(Options(150, 200));
  for (const v1::Event& event : world.events) {
    const auto known = plans.find(event.user_id());
    const bool is_first = known == plans.end();
    const v1::Plan before = is_first ? event.plan() : known->second;
    const bool may_change =
        event.has_trial_started() || event.has_subscription_started() ||
        event.has_cancelled() || event.has_downgraded() || event.has_expired();
    EXPECT_TRUE(may_change || event.plan() == before)
        << event.ShortDebugString();
    if (event.has_cancelled()) {
      EXPECT_EQ(event.plan(), v1::PLAN_NONE);
    }
    if (event.has_renewed()) {
      EXPECT_EQ(event.plan(), v1::PLAN_PREMIUM);
    }
    if (event.has_playback()) {
      EXPECT_NE(event.plan(), v1::PLAN_NONE);
    }
    plans[event.user_id()] = event.plan();
    const std::pair<std::int64_t, std::uint32_t> time = {
        event.event_time().seconds(), event.sequence()};
    EXPECT_LE(times[event.user_id()].first, time.first);
    times[event.user_id()] = time;
    EXPECT_LE(event.registered_time().seconds(), time.first);
  }
  EXPECT_GT(plans.size(), 130u);
}

TEST(World, RefusesNumbersOutOfRangeAndNamesTheFlag) {
  for (const auto& [options, flag] :
       std::vector<std::pair<WorldOptions, std::string>>{
           {Options(0, 10), "--users"},
           {Options(10'000'000, 10), "--users"},
           {Options(10, 0), "--days"},
           {Options(10, 4000), "--days"},
           {Options(10, 10, 0), "--threads"}}) {
    const auto world = World::Create(options);
    ASSERT_FALSE(world.ok());
    EXPECT_EQ(world.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(world.status().message().find(flag), std::string::npos);
  }
}

TEST(World, LivesWithMoreThreadsThanPeople) {
  EXPECT_EQ(Bytes(Live(Options(3, 20, 8))), Bytes(Live(Options(3, 20))));
}

}  // namespace
}  // namespace tenuto::world
