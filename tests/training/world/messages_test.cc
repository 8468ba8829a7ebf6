#include "training/world/messages.h"

#include <map>

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"

namespace tenuto::world {
namespace {

Traits Plain() {
  Traits traits = MakeTraits(1, 1, 180);
  traits.education_lift = traits.retention_lift = traits.irritation = 0;
  return traits;
}

TEST(HousePolicy, DecidesOnceAWeekByThePropensitiesItStates) {
  constexpr int kPeople = 30'000;
  std::map<MessageKind, int> counts;
  int decided = 0;
  Traits traits = Plain();
  for (std::uint64_t user = 1; user <= kPeople; ++user) {
    traits.user = user;
    for (int day = 0; day < 7; ++day) {
      const MessageDay what = Decide(traits, day, {1, user}, {}, {});
      if (!what.decided) continue;
      ++decided;
      ++counts[what.chosen];
      EXPECT_NEAR(what.propensity,
                  what.chosen == MessageKind::kNone ? 0.6 : 0.2, 1e-12);
    }
  }
  EXPECT_EQ(decided, kPeople);
  EXPECT_NEAR(counts[MessageKind::kNone] / double{kPeople}, 0.6, 0.01);
  EXPECT_NEAR(counts[MessageKind::kEducation] / double{kPeople}, 0.2, 0.01);
  EXPECT_NEAR(counts[MessageKind::kRetention] / double{kPeople}, 0.2, 0.01);
}

TEST(HousePolicy, IsSilentToWhomDidNotPermitIt) {
  Messages messages;
  messages.is_permitted = false;
  for (int day = 0; day < 100; ++day) {
    EXPECT_FALSE(Decide(Plain(), day, {1, 1}, {}, messages).decided);
  }
}

TEST(Response, RaisesInterestOnlyOfWhomItHelpsAndOnlyIfOpened) {
  Traits helped = Plain();
  helped.education_lift = 0.5;
  for (std::uint64_t luck = 0; luck < 200; ++luck) {
    MessageDay what;
    what.chosen = MessageKind::kEducation;
    Interest interest;
    Messages messages;
    Respond(helped, 0, {luck, 1}, what, interest, messages);
    EXPECT_NEAR(interest.level, what.opened ? 0.5 : 0, 1e-12);
    EXPECT_TRUE(!what.opened || what.delivered);
    EXPECT_TRUE(!what.clicked || what.opened);
    EXPECT_FALSE(what.opened && what.dismissed);

    MessageDay other;
    other.chosen = MessageKind::kRetention;
    Interest unmoved;
    Respond(helped, 0, {luck, 1}, other, unmoved, messages);
    EXPECT_EQ(unmoved.level, 0);
  }
}

TEST(Response, AnnoysTheIrritableWhoThenOptOut) {
  Traits irritable = Plain();
  irritable.irritation = 0.4;
  int annoyed = 0;
  int calm = 0;
  for (std::uint64_t luck = 0; luck < 5000; ++luck) {
    MessageDay what;
    what.chosen = MessageKind::kRetention;
    Interest interest;
    Messages messages;
    Respond(irritable, 0, {luck, 1}, what, interest, messages);
    EXPECT_EQ(interest.annoyance > 0, what.delivered);
    EXPECT_EQ(messages.is_permitted, !what.opted_out);
    annoyed += what.opted_out;
    what = {};
    what.chosen = MessageKind::kRetention;
    messages = {};
    Respond(Plain(), 0, {luck, 1}, what, interest, messages);
    calm += what.opted_out;
  }
  EXPECT_GT(annoyed, 10 * (calm + 1));
}

TEST(Response, HelpsLessTheMoreMessagesCameBefore) {
  Traits helped = Plain();
  helped.education_lift = 0.5;
  Messages tired;
  tired.fatigue = 2;
  for (std::uint64_t luck = 0; luck < 100; ++luck) {
    MessageDay what;
    what.chosen = MessageKind::kEducation;
    Interest interest;
    Messages messages = tired;
    Respond(helped, 0, {luck, 1}, what, interest, messages);
    if (what.opened) {
      EXPECT_LT(interest.level, 0.2);
    }
  }
}

TEST(Response, IsNothingWhenNothingIsSent) {
  Interest interest;
  Messages messages;
  const MessageDay what = AdvanceMessages(
      Plain(), 0, {1, 1}, {}, MessageKind::kNone, interest, messages);
  EXPECT_FALSE(what.delivered);
  EXPECT_EQ(messages.fatigue, 0);
  EXPECT_EQ(interest.level, 0);
}

}  // namespace
}  // namespace tenuto::world
