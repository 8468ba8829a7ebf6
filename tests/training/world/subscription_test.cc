#include "training/world/subscription.h"

#include <set>

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

class SubscriptionTest : public testing::Test {
 protected:
  SubscriptionTest() : calendar_(TestCalendar()), diary_(1) {}

  // Calls `step` on many people, each on a fresh page; gives their events.
  template <typename Step>
  std::vector<std::vector<v1::Event>> OverPeople(Step step) {
    std::vector<std::vector<v1::Event>> pages;
    for (std::uint64_t user = 1; user <= 600; ++user) {
      Person person = Subscriber(calendar_, user);
      Payments& payments = person.hidden.payments;
      payments.short_from_day = payments.next_payday = 1000;
      payments.expiry_day = 5000;
      diary_.Begin({user, 40, calendar_.StartOf(40), 0, v1::PLAN_PREMIUM});
      step(Scene{40, {1, user}, calendar_, diary_}, person);
      auto& page = pages.emplace_back();
      for (const v1::Event* event : diary_.Finish()) page.push_back(*event);
    }
    return pages;
  }

  Calendar calendar_;
  Diary diary_;
};

TEST_F(SubscriptionTest, LeavesByChoiceAfterIntentAndAsTheLastThing) {
  int left = 0;
  std::set<v1::Plan> after;
  OverPeople([&](const Scene& scene, Person& person) {
    scene.diary.Add(80'000'000).mutable_search();
    person.hidden.interest.level = -4;
    person.hidden.intention = Intention::kConsidering;
    PlanMoves moves;
    DecideToStay(scene, person, moves);
    if (!moves.left_by_choice) return;
    ++left;
    EXPECT_EQ(person.hidden.intention, Intention::kContented);
    after.insert(person.hidden.subscription.plan);
    const auto events = scene.diary.Finish();
    ASSERT_EQ(events.size(), 4u);
    EXPECT_TRUE(events[0]->has_search());
    EXPECT_TRUE(events[2]->has_cancel_intent());
    EXPECT_TRUE(events[3]->has_cancelled() || events[3]->has_downgraded());
    EXPECT_FALSE(events[3]->cancelled().involuntary());
    EXPECT_EQ(events[3]->plan(),
              events[3]->has_cancelled() ? v1::PLAN_NONE : v1::PLAN_FREE);
  });
  EXPECT_GT(left, 50);
  EXPECT_EQ(after, (std::set<v1::Plan>{v1::PLAN_NONE, v1::PLAN_FREE}));
}

TEST_F(SubscriptionTest, NeverReturnsWithinAMonthOfLeaving) {
  int soon = 0;
  int later = 0;
  OverPeople([&](const Scene& scene, Person& person) {
    person.hidden.interest.level = 5;
    person.hidden.subscription.plan = v1::PLAN_FREE;
    person.hidden.subscription.left_day = 20;
    PlanMoves moves;
    DecideToJoin(scene, person, moves);
    soon += moves.joined;
    person.hidden.subscription.left_day = -300;
    DecideToJoin(scene, person, moves);
    later += moves.joined;
  });
  EXPECT_EQ(soon, 0);
  EXPECT_GT(later, 10);
}

TEST_F(SubscriptionTest, TriesOnceThenPays) {
  int trials = 0;
  OverPeople([&](const Scene& scene, Person& person) {
    person.hidden.interest.level = 5;
    person.hidden.subscription = {};
    PlanMoves moves;
    DecideToJoin(scene, person, moves);
    if (person.hidden.subscription.plan != v1::PLAN_TRIAL) return;
    ++trials;
    EXPECT_TRUE(person.hidden.subscription.had_trial);
    EXPECT_EQ(person.hidden.subscription.trial_end_day, 70);
  });
  EXPECT_GT(trials, 10);
}

TEST_F(SubscriptionTest, TurnsTrialsIntoPaidOrFreePlans) {
  int paid = 0;
  int free = 0;
  OverPeople([&](const Scene& scene, Person& person) {
    person.hidden.subscription.plan = v1::PLAN_TRIAL;
    PlanMoves moves;
    EndTrial(scene, person, moves);
    const v1::Plan plan = person.hidden.subscription.plan;
    EXPECT_EQ(moves.joined, plan == v1::PLAN_PREMIUM);
    paid += plan == v1::PLAN_PREMIUM;
    free += plan == v1::PLAN_FREE;
  });
  EXPECT_EQ(paid + free, 600);
  EXPECT_GT(paid, 200);
  EXPECT_GT(free, 100);
}

TEST_F(SubscriptionTest, StatesZoneAndConsentsOnArrival) {
  const auto pages = OverPeople(
      [](const Scene& scene, Person& person) { WriteArrival(person, scene); });
  int withheld = 0;
  for (const auto& page : pages) {
    ASSERT_EQ(page.size(), 4u);
    EXPECT_TRUE(page[0].has_time_zone_changed());
    for (std::size_t k = 1; k < page.size(); ++k) {
      withheld += page[k].consent_changed().consent() == v1::CONSENT_WITHHELD;
    }
  }
  EXPECT_GT(withheld, 30);
  EXPECT_LT(withheld, 300);
}

TEST_F(SubscriptionTest, WritesTheEchoesOfAMessageInTheirOrder) {
  MessageDay message;
  message.decided = message.delivered = message.opened = true;
  message.clicked = message.opted_out = true;
  message.chosen = MessageKind::kRetention;
  message.propensity = 0.2;
  message.surface = v1::SURFACE_PUSH;
  const auto pages = OverPeople([&](const Scene& scene, Person&) {
    WriteMessage(message, 1'000'000, scene);
  });
  for (const auto& page : pages) {
    ASSERT_EQ(page.size(), 7u);
    EXPECT_EQ(page[0].decision_made().propensity(), 0.2);
    EXPECT_TRUE(page[1].has_message_sent());
    EXPECT_TRUE(page[2].has_message_delivered());
    EXPECT_TRUE(page[3].has_message_opened());
    EXPECT_TRUE(page[4].has_message_clicked());
    EXPECT_TRUE(page[5].has_message_opted_out());
    EXPECT_EQ(page[6].consent_changed().consent(), v1::CONSENT_WITHHELD);
    EXPECT_EQ(page[1].message_sent().decision_id(),
              page[0].decision_made().decision_id());
  }
}

TEST_F(SubscriptionTest, WithdrawsConsentAtMostOnce) {
  int withdrawn = 0;
  Person person = Subscriber(calendar_);
  person.hidden.behaviour_consent = true;
  for (int day = 0; day < 40'000; ++day) {
    diary_.Begin({1, day, 0, 0, v1::PLAN_PREMIUM});
    ReconsiderConsent({day, {1, 1}, calendar_, diary_}, person);
    for (const v1::Event* event : diary_.Finish()) {
      withdrawn += event->has_consent_changed();
    }
  }
  EXPECT_EQ(withdrawn, 1);
}

}  // namespace
}  // namespace tenuto::world
