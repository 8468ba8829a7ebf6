#include "features/subscription_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/naive_subscription.h"
#include "tests/support/rounds.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NaiveEvent;
using testing::NaiveSubscription;
using testing::NaiveTerms;
using Kind = SubscriptionEventKind;
using Phase = SubscriptionPhase;

absl::Time Day(int day) {
  return absl::FromUnixSeconds(1'780'272'000) + day * absl::Hours(24);
}

UnpaidTerms Terms(const NaiveTerms& days) {
  constexpr absl::Duration kDay = absl::Hours(24);
  return {days.silent * kDay, days.grace * kDay, days.hold * kDay, days.access};
}

constexpr NaiveTerms kTerms = {1, 4, 6, Access::kReduced};

SubscriptionEvent Event(int day, const NaiveEvent& event) {
  return {event.kind, Day(day), Day(event.until), Terms(event.terms)};
}

// A subscription driven by hand.
struct Life {
  SubscriptionState state;
  std::vector<std::string> entered;  // By the last event.

  Life& On(int day, Kind kind, int until = 0,
           const NaiveTerms& terms = kTerms) {
    const SubscriptionStep step =
        Advance(state, Event(day, {kind, until, terms}));
    state = step.state;
    entered.clear();
    for (int i = 0; i < step.count; ++i) {
      const auto& one = step.entered[static_cast<std::size_t>(i)];
      entered.push_back(
          absl::StrCat(std::string(NameOf(one.phase)), "@",
                       absl::ToInt64Hours(one.time - Day(0)) / 24));
    }
    return *this;
  }
};

Life Started() { return Life().On(0, Kind::kStarted, 10); }

TEST(SubscriptionState, StepsThroughEveryPhaseHoweverLongNobodyLooked) {
  Life life = Started();
  EXPECT_THAT(life.entered, ElementsAre("ACTIVE@0"));
  life.On(400, Kind::kTimePassed);
  EXPECT_THAT(life.entered,
              ElementsAre("IN_GRACE@11", "ON_HOLD@14", "EXPIRED@20"));
}

TEST(SubscriptionState, GivesTheAccessThatWasDecidedForGrace) {
  Life life = Started();
  EXPECT_EQ(life.state.access(), Access::kFull);
  EXPECT_EQ(life.On(10, Kind::kTimePassed).state.access(), Access::kFull);
  EXPECT_EQ(life.On(11, Kind::kTimePassed).state.access(), Access::kReduced);
  life.On(12, Kind::kTermsDecided, 0, {1, 4, 6, Access::kFull});
  EXPECT_EQ(life.state.access(), Access::kFull);
  EXPECT_EQ(life.On(14, Kind::kTimePassed).state.access(), Access::kNone);
  EXPECT_EQ(life.On(15, Kind::kPaid, 25).state.access(), Access::kFull);
  EXPECT_EQ(life.state.phase, Phase::kRecovered);
}

TEST(SubscriptionState, IsRecoveredUntilTheNextRenewalIsPaid) {
  Life life = Started().On(12, Kind::kPaid, 20);
  EXPECT_THAT(life.entered, ElementsAre("IN_GRACE@11", "RECOVERED@12"));
  EXPECT_THAT(life.On(13, Kind::kPaid, 20).entered, IsEmpty());
  EXPECT_THAT(life.On(20, Kind::kPaid, 30).entered, ElementsAre("ACTIVE@20"));
}

TEST(SubscriptionState, IsNeverRecoveredFromTheSilentDay) {
  EXPECT_THAT(Started().On(10, Kind::kPaid, 20).entered, IsEmpty());
}

// killbill#2297: a partial payment moved the date that all clocks hang on, and
// a warning state was skipped on the way to cancellation.
TEST(SubscriptionState, SkipsNothingWhenAPartialPaymentMovesTheAnchor) {
  Life life = Started().On(13, Kind::kPaidInPart, 12);
  EXPECT_EQ(life.state.grace_end, Day(16));
  EXPECT_EQ(life.state.hold_end, Day(22));
  life.On(100, Kind::kTimePassed);
  EXPECT_THAT(life.entered, ElementsAre("ON_HOLD@16", "EXPIRED@22"));
  Life held = Started().On(15, Kind::kPaidInPart, 14);
  EXPECT_THAT(held.entered,
              ElementsAre("IN_GRACE@11", "ON_HOLD@14", "IN_GRACE@15"));
  held.On(100, Kind::kTimePassed);
  EXPECT_THAT(held.entered, ElementsAre("ON_HOLD@18", "EXPIRED@24"));
}

TEST(SubscriptionState, GivesFullLengthsWhenARefundMovesTheAnchorFarBack) {
  Life life = Started().On(5, Kind::kRefunded, -300);
  EXPECT_THAT(life.entered, IsEmpty());
  life.On(100, Kind::kTimePassed);
  EXPECT_THAT(life.entered,
              ElementsAre("IN_GRACE@6", "ON_HOLD@9", "EXPIRED@15"));
  Life in_grace = Started().On(12, Kind::kRefunded, -300);
  in_grace.On(100, Kind::kTimePassed);
  EXPECT_THAT(in_grace.entered, ElementsAre("ON_HOLD@14", "EXPIRED@20"));
}

// killbill#695: the state stayed overdue when a credit made the balance zero.
TEST(SubscriptionState, ClearsWhenACreditPaysEverything) {
  EXPECT_THAT(Started().On(16, Kind::kCredited, 17).entered,
              ElementsAre("IN_GRACE@11", "ON_HOLD@14", "RECOVERED@16"));
}

TEST(SubscriptionState, GivesNoAccessAfterAChargeBackUntilItIsPaid) {
  Life life = Started().On(5, Kind::kChargedBack, -20);
  EXPECT_THAT(life.entered, ElementsAre("IN_GRACE@5"));
  EXPECT_EQ(life.state.access(), Access::kNone);
  EXPECT_EQ(life.On(6, Kind::kPaidInPart, 3).state.access(), Access::kNone);
  life.On(7, Kind::kPaid, 15);
  EXPECT_EQ(life.state.access(), Access::kFull);
  EXPECT_EQ(life.On(17, Kind::kTimePassed).state.access(), Access::kReduced);
}

TEST(SubscriptionState, ReAnchorsEveryClockWhenThePlanChanges) {
  Life life = Started().On(5, Kind::kPlanChanged, 7);
  life.On(100, Kind::kTimePassed);
  EXPECT_THAT(life.entered,
              ElementsAre("IN_GRACE@8", "ON_HOLD@11", "EXPIRED@17"));
}

TEST(SubscriptionState, KeepsPaidTimeThroughAPause) {
  Life life = Started().On(4, Kind::kPauseBegan, 50);
  EXPECT_EQ(life.state.access(), Access::kNone);
  EXPECT_THAT(life.On(30, Kind::kResumed).entered, ElementsAre("ACTIVE@30"));
  EXPECT_EQ(life.state.paid_through, Day(36));
  Life asleep = Started().On(4, Kind::kPauseBegan, 50);
  EXPECT_THAT(
      asleep.On(100, Kind::kTimePassed).entered,
      ElementsAre("ACTIVE@50", "IN_GRACE@57", "ON_HOLD@60", "EXPIRED@66"));
}

TEST(SubscriptionState, PausesNoDebt) {
  EXPECT_THAT(Started().On(12, Kind::kPauseBegan, 50).entered,
              ElementsAre("IN_GRACE@11"));
}

TEST(SubscriptionState, EndsACancelledOneWithWhatIsPaid) {
  Life life = Started().On(5, Kind::kCancelled);
  EXPECT_EQ(life.state.access(), Access::kFull);
  EXPECT_THAT(life.On(30, Kind::kTimePassed).entered,
              ElementsAre("EXPIRED@10"));
  EXPECT_THAT(Started().On(12, Kind::kCancelled).entered,
              ElementsAre("IN_GRACE@11", "CANCELLED@12", "EXPIRED@12"));
  EXPECT_THAT(Started().On(5, Kind::kEnded).entered,
              ElementsAre("CANCELLED@5", "EXPIRED@5"));
  Life back = Started().On(5, Kind::kCancelled).On(6, Kind::kStarted, 10);
  EXPECT_THAT(back.entered, ElementsAre("ACTIVE@6"));
}

TEST(SubscriptionState, ComesBackFromTheEndOnlyByBeingPaid) {
  Life life = Started().On(30, Kind::kTimePassed);
  EXPECT_THAT(life.On(31, Kind::kCredited, 90).entered, IsEmpty());
  EXPECT_THAT(life.On(32, Kind::kStarted, 30).entered, IsEmpty());
  EXPECT_THAT(life.On(33, Kind::kPaid, 43).entered, ElementsAre("ACTIVE@33"));
}

TEST(SubscriptionState, CutsGraceShortWithoutCuttingTheHold) {
  Life life = Started().On(13, Kind::kTermsDecided, 0, {0, 0, 6});
  EXPECT_THAT(life.entered, ElementsAre("IN_GRACE@11", "ON_HOLD@13"));
  EXPECT_THAT(life.On(99, Kind::kTimePassed).entered,
              ElementsAre("EXPIRED@19"));
}

TEST(SubscriptionState, TakesALateEventForOneOfNow) {
  Life life = Started().On(12, Kind::kTimePassed).On(3, Kind::kCancelled);
  EXPECT_THAT(life.entered, ElementsAre("CANCELLED@12", "EXPIRED@12"));
}

TEST(SubscriptionState, MovesTheRenewalDateOnlyAfterGrace) {
  const absl::Duration month = absl::Hours(24) * 30;
  const SubscriptionState state = Started().state;
  EXPECT_EQ(PaidThroughAfter(state, Day(9), month), Day(40));
  EXPECT_EQ(PaidThroughAfter(state, Day(13), month), Day(40));
  EXPECT_EQ(PaidThroughAfter(state, Day(14), month), Day(44));
  EXPECT_EQ(PaidThroughAfter(state, Day(50), month), Day(80));
}

// ---- Every short life against the naive one -------------------------------

// Of any kind; what money does depends on where the naive one stands.
NaiveEvent Letter(Kind kind, int day, const NaiveSubscription& naive,
                  int variant) {
  const int paid = naive.paid_through();
  switch (kind) {
    case Kind::kStarted:
      return {kind, day + 10, kTerms};
    case Kind::kPaid:
      return {kind, std::max(paid, day) + 10, {}};
    case Kind::kPaidInPart:
      return {kind, paid + 3 + variant, {}};
    case Kind::kCredited:
      return {kind, paid + 5, {}};
    case Kind::kRefunded:
      return {kind, paid - 8, {}};
    case Kind::kChargedBack:
      return {kind, paid - (variant == 0 ? 3 : 20), {}};
    case Kind::kPlanChanged:
      return {kind, day + (variant == 0 ? 3 : -1), {}};
    case Kind::kTermsDecided:
      return {kind, 0,
              variant == 0 ? NaiveTerms{0, 1, 2, Access::kFull}
                           : NaiveTerms{2, 9, 3, Access::kNone}};
    case Kind::kPauseBegan:
      return {kind, day + 6, {}};
    default:
      return {kind, 0, kTerms};
  }
}

const std::set<std::pair<Phase, Phase>>& LegalMoves() {
  using P = Phase;
  static const std::set<std::pair<Phase, Phase>> moves = {
      {P::kActive, P::kInGrace},      {P::kActive, P::kPaused},
      {P::kActive, P::kCancelled},    {P::kInGrace, P::kOnHold},
      {P::kInGrace, P::kRecovered},   {P::kInGrace, P::kCancelled},
      {P::kOnHold, P::kInGrace},      {P::kOnHold, P::kExpired},
      {P::kOnHold, P::kRecovered},    {P::kOnHold, P::kCancelled},
      {P::kPaused, P::kActive},       {P::kPaused, P::kCancelled},
      {P::kCancelled, P::kExpired},   {P::kCancelled, P::kActive},
      {P::kExpired, P::kActive},      {P::kRecovered, P::kActive},
      {P::kRecovered, P::kInGrace},   {P::kRecovered, P::kPaused},
      {P::kRecovered, P::kCancelled},
  };
  return moves;
}

struct Seen {
  std::int64_t events = 0;
  std::array<std::array<bool, kSubscriptionPhases>, kSubscriptionPhases> moves =
      {};
  std::string wrong;  // The first.
};

// Advances both by one event and compares everything that can be seen.
void LiveOn(int day, const NaiveEvent& event, NaiveSubscription& naive,
            SubscriptionState& state, Seen& seen) {
  Phase from = state.phase;
  const absl::Time before = state.as_of;
  const SubscriptionStep step = Advance(state, Event(day, event));
  naive.Live(day, event);
  ++seen.events;
  bool same = step.count == naive.entered() &&
              step.state.phase == naive.phase() &&
              step.state.access() == naive.access();
  for (int i = 0; i < step.count && same; ++i) {
    const auto& entered = step.entered[static_cast<std::size_t>(i)];
    same = entered.phase == naive.entered_phase(i) &&
           entered.time == Day(naive.entered_day(i)) && entered.time >= before;
    seen.moves[static_cast<std::size_t>(from)]
              [static_cast<std::size_t>(entered.phase)] = true;
    from = entered.phase;
  }
  if (!same && seen.wrong.empty()) {
    seen.wrong = absl::StrCat(
        "day ", day, ", event ", static_cast<int>(event.kind), " in ",
        std::string(NameOf(state.phase)), ": ",
        std::string(NameOf(step.state.phase)), " after ", step.count,
        " moves, naive ", std::string(NameOf(naive.phase())), " after ",
        naive.entered());
  }
  state = step.state;
}

void ExpectLegal(const Seen& seen) {
  EXPECT_EQ(seen.wrong, "");
  std::size_t moves = 0;
  for (int from = 0; from < kSubscriptionPhases; ++from) {
    for (int to = 0; to < kSubscriptionPhases; ++to) {
      if (!seen.moves[static_cast<std::size_t>(from)]
                     [static_cast<std::size_t>(to)]) {
        continue;
      }
      ++moves;
      EXPECT_TRUE(LegalMoves().count(
          {static_cast<Phase>(from), static_cast<Phase>(to)}))
          << std::string(NameOf(static_cast<Phase>(from))) << " to "
          << std::string(NameOf(static_cast<Phase>(to)));
    }
  }
  EXPECT_EQ(moves, LegalMoves().size());  // Each was really made.
}

void LiveEvery(int length, int day, const std::vector<int>& gaps,
               const NaiveSubscription& naive, const SubscriptionState& state,
               Seen& seen) {
  if (length == 0) return;
  for (std::size_t variant = 0; variant < gaps.size(); ++variant) {
    for (int kind = 0; kind < kSubscriptionEventKinds; ++kind) {
      NaiveSubscription next = naive;
      SubscriptionState next_state = state;
      const int then = day + gaps[variant];
      LiveOn(then,
             Letter(static_cast<Kind>(kind), then, naive,
                    static_cast<int>(variant)),
             next, next_state, seen);
      LiveEvery(length - 1, then, gaps, next, next_state, seen);
    }
  }
}

Seen EveryLife(int length, const std::vector<int>& gaps) {
  NaiveSubscription naive;
  SubscriptionState state;
  Seen seen;
  LiveOn(0, {Kind::kStarted, 10, kTerms}, naive, state, seen);
  LiveEvery(length, 0, gaps, naive, state, seen);
  std::cout << seen.events << " events\n";
  return seen;
}

TEST(SubscriptionState, IsThatOfTheNaiveOneInEveryLifeOfFiveEvents) {
  ExpectLegal(EveryLife(5, {1, 7}));
}

TEST(SubscriptionState, IsThatOfTheNaiveOneInEveryLifeOfFourEventsInBigSteps) {
  ExpectLegal(EveryLife(4, {0, 3, 12}));
}

TEST(SubscriptionState, IsThatOfTheNaiveOneInEveryLifeOfSixEvents) {
  ExpectLegal(EveryLife(6, {4}));
}

// What was wrong with moved dates elsewhere, said directly: with the same terms
// nobody is hurried through grace or hold, whatever money does.
TEST(SubscriptionState, GivesEveryUnpaidPhaseItsLengthWhateverMoneyDoes) {
  constexpr std::uint64_t kSeed = 695;
  std::cout << "seed " << kSeed << "\n";
  constexpr std::array<Kind, 7> kMoney = {
      Kind::kTimePassed, Kind::kPaid,        Kind::kPaidInPart, Kind::kCredited,
      Kind::kRefunded,   Kind::kChargedBack, Kind::kPlanChanged};
  std::mt19937_64 random(kSeed);
  int expired = 0;
  for (int life = 0; life < 20'000; ++life) {
    SubscriptionState state = Started().state;
    SubscriptionStep::Entered last = {state.phase, Day(0)};
    bool reopened = false;
    int day = 0;
    while (state.phase != Phase::kExpired) {
      day += static_cast<int>(random() % 6);
      const int until = day + static_cast<int>(random() % 60) - 50;
      const Kind kind = kMoney[random() % kMoney.size()];
      const SubscriptionStep step =
          Advance(state, Event(day, {kind, until, {}}));
      for (int i = 0; i < step.count; ++i) {
        const auto& next = step.entered[static_cast<std::size_t>(i)];
        const absl::Duration lasted = next.time - last.time;
        if (next.phase == Phase::kOnHold && !reopened) {
          EXPECT_GE(lasted, absl::Hours(24 * 3));  // Grace but the silent day.
        }
        if (next.phase == Phase::kExpired) {
          EXPECT_EQ(last.phase, Phase::kOnHold);
          EXPECT_GE(lasted, absl::Hours(24 * 6));
          ++expired;
        }
        reopened = last.phase == Phase::kOnHold;
        last = next;
      }
      state = step.state;
    }
  }
  EXPECT_GE(expired, 20'000);
}

TEST(SubscriptionState, IsNotChangedByHearingOfTheSameMoneyTwice) {
  constexpr std::uint64_t kSeed = 7;
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  SubscriptionState state = Started().state;
  for (int day = 0; day < 100'000; day += static_cast<int>(random() % 3)) {
    const auto kind = static_cast<Kind>(
        random() % static_cast<std::uint64_t>(kSubscriptionEventKinds));
    const int until = day + static_cast<int>(random() % 60) - 30;
    const SubscriptionEvent event = Event(day, {kind, until, kTerms});
    state = Advance(state, event).state;
    if (kind < Kind::kStarted || kind > Kind::kPlanChanged) continue;
    const SubscriptionStep again = Advance(state, event);
    ASSERT_EQ(again.count, 0);
    ASSERT_TRUE(again.state == state) << "day " << day;
  }
}

TEST(SubscriptionState, IsThatOfTheNaiveOneInLongRandomLives) {
  constexpr std::uint64_t kSeed = 2297;
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  const auto below = [&](int n) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(n));
  };
  Seen seen;
  for (int life = 0; life < 20'000 * testing::Rounds(); ++life) {
    NaiveSubscription naive;
    SubscriptionState state;
    int day = 0;
    LiveOn(0, {Kind::kStarted, 1 + below(40), kTerms}, naive, state, seen);
    for (int i = 0; i < 40; ++i) {
      day += below(below(4) == 0 ? 30 : 4);
      const NaiveTerms terms = {below(3), below(20), below(30),
                                static_cast<Access>(below(3))};
      const int until = below(2) == 0 ? day + below(60) - 30
                                      : naive.paid_through() + below(30) - 10;
      LiveOn(day,
             {static_cast<Kind>(below(kSubscriptionEventKinds)), until, terms},
             naive, state, seen);
    }
  }
  ExpectLegal(seen);
}

}  // namespace
}  // namespace tenuto
