#include "model/decision/standing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "features/catalogue.h"
#include "features/event_view.h"
#include "features/signal_fold.h"
#include "features/user_state.h"
#include "model/decision/policy.h"

namespace tenuto {
namespace {

constexpr std::int64_t kStart = 1750000000;
constexpr std::uint64_t kSeed = 16;

v1::Event At(std::int64_t second) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(kStart + second);
  return event;
}

v1::Event Consent(std::int64_t second, v1::ConsentClass consent_class,
                  v1::Consent consent) {
  v1::Event event = At(second);
  event.mutable_consent_changed()->set_consent_class(consent_class);
  event.mutable_consent_changed()->set_consent(consent);
  return event;
}

v1::Event Payment(std::int64_t second, v1::PaymentOutcome outcome) {
  v1::Event event = At(second);
  event.mutable_payment_attempted()->set_outcome(outcome);
  return event;
}

v1::Event Decided(std::int64_t second, const std::string& treatment) {
  v1::Event event = At(second);
  event.mutable_decision_made()->set_treatment(treatment);
  event.mutable_decision_made()->set_contact(treatment != "none");
  return event;
}

v1::Event OptOut(v1::Surface surface, std::int64_t second = 0) {
  v1::Event event = At(second);
  event.mutable_message_opted_out()->set_surface(surface);
  return event;
}

v1::Event Zone(const std::string& zone) {
  v1::Event event = At(0);
  event.mutable_time_zone_changed()->set_time_zone(zone);
  return event;
}

v1::Event Plan(v1::Plan plan) {
  v1::Event event = At(0);
  event.set_plan(plan);
  event.mutable_search();
  return event;
}

StateReader Folded(const std::vector<v1::Event>& events) {
  const SignalFold fold(Catalogue::Embedded());
  UserState state(fold.layout());
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string bytes = events[i].SerializeAsString();
    EventView view;
    EXPECT_TRUE(view.Parse(bytes));
    fold.Apply(view, i + 1, state);
  }
  std::string encoded;
  state.Encode(encoded);
  auto reader = StateReader::Open(Catalogue::Embedded(), encoded);
  EXPECT_TRUE(reader.ok()) << reader.status();
  return *std::move(reader);
}

Standing StandingAfter(const std::vector<v1::Event>& events) {
  const StateReader reader = Folded(events);
  return StandingOf(&reader);
}

TEST(Standing, OfAUserNobodyHasSeenForbidsEverything) {
  const StateReader empty = Folded({});
  for (const Standing& standing : {StandingOf(nullptr), StandingOf(&empty)}) {
    EXPECT_FALSE(standing.known);
    EXPECT_FALSE(standing.messages_granted);
    EXPECT_FALSE(standing.behaviour_granted);
    EXPECT_FALSE(standing.subscribed);
    EXPECT_FALSE(standing.zone);
  }
}

TEST(Standing, TakesSilenceAboutConsentAsNo) {
  const Standing standing =
      StandingAfter({Payment(0, v1::PAYMENT_OUTCOME_APPROVED)});
  EXPECT_TRUE(standing.known);
  EXPECT_FALSE(standing.messages_granted);
  EXPECT_FALSE(standing.behaviour_granted);
}

TEST(Standing, FollowsTheNewestConsentOfEachClass) {
  const std::vector<v1::Event> events = {
      Consent(2, v1::CONSENT_CLASS_MESSAGES, v1::CONSENT_WITHHELD),
      Consent(1, v1::CONSENT_CLASS_MESSAGES, v1::CONSENT_GRANTED),
      Consent(1, v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_WITHHELD),
      Consent(2, v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_GRANTED)};
  const Standing standing = StandingAfter(events);
  EXPECT_FALSE(standing.messages_granted);
  EXPECT_TRUE(standing.behaviour_granted);
}

TEST(Standing, IsFailingWhileTheNewestPaymentDidNotCollect) {
  const auto failing = [](std::vector<v1::PaymentOutcome> outcomes) {
    std::vector<v1::Event> events;
    for (const v1::PaymentOutcome outcome : outcomes) {
      events.push_back(
          Payment(static_cast<std::int64_t>(events.size()), outcome));
    }
    return StandingAfter(events).payment_failing;
  };
  EXPECT_FALSE(failing({v1::PAYMENT_OUTCOME_APPROVED}));
  EXPECT_TRUE(failing({v1::PAYMENT_OUTCOME_DECLINED}));
  EXPECT_TRUE(failing({v1::PAYMENT_OUTCOME_ERROR}));
  EXPECT_TRUE(
      failing({v1::PAYMENT_OUTCOME_APPROVED, v1::PAYMENT_OUTCOME_DECLINED}));
  EXPECT_FALSE(
      failing({v1::PAYMENT_OUTCOME_DECLINED, v1::PAYMENT_OUTCOME_APPROVED}));
}

TEST(Standing, IsOptedOutOfTheSurfaceAndOfNoOther) {
  for (const v1::Surface surface :
       {v1::SURFACE_IN_APP, v1::SURFACE_PUSH, v1::SURFACE_EMAIL}) {
    const Standing standing = StandingAfter({OptOut(surface)});
    for (int other = 1; other < v1::Surface_ARRAYSIZE; ++other) {
      EXPECT_EQ(standing.opted_out[static_cast<std::size_t>(other)],
                other == surface);
    }
  }
}

TEST(Standing, IsTreatableAgainOnceMessagesAreGrantedAfterAnOptOut) {
  const auto out = [](std::vector<v1::Event> events) {
    return StandingAfter(std::move(events)).opted_out[v1::SURFACE_PUSH];
  };
  const v1::Event opt_out = OptOut(v1::SURFACE_PUSH, 10);
  const auto messages = [](std::int64_t second, v1::Consent consent) {
    return Consent(second, v1::CONSENT_CLASS_MESSAGES, consent);
  };
  v1::Event assumed = messages(11, v1::CONSENT_GRANTED);
  assumed.mutable_consent_changed()->set_assumed(true);
  EXPECT_FALSE(out({opt_out, messages(11, v1::CONSENT_GRANTED)}));
  EXPECT_FALSE(out({messages(11, v1::CONSENT_GRANTED), opt_out}));
  EXPECT_TRUE(out({opt_out, messages(9, v1::CONSENT_GRANTED)}));
  EXPECT_TRUE(out({opt_out, messages(10, v1::CONSENT_GRANTED)}));
  EXPECT_TRUE(out({opt_out, messages(11, v1::CONSENT_WITHHELD)}));
  EXPECT_TRUE(out({opt_out, assumed}));
  EXPECT_TRUE(out({opt_out, Consent(11, v1::CONSENT_CLASS_BEHAVIOUR,
                                    v1::CONSENT_GRANTED)}));
  EXPECT_TRUE(out({opt_out, messages(11, v1::CONSENT_GRANTED),
                   OptOut(v1::SURFACE_UNSPECIFIED, 12)}));
}

TEST(Standing, IsNotFailingBetweenANewCardAndTheNextAttempt) {
  v1::Event card = At(5);
  card.mutable_payment_method_updated();
  const auto failing = [&](std::int64_t attempted) {
    return StandingAfter(
               {Payment(attempted, v1::PAYMENT_OUTCOME_DECLINED), card})
        .payment_failing;
  };
  EXPECT_FALSE(failing(4));
  EXPECT_TRUE(failing(5));
  EXPECT_TRUE(failing(6));
}

TEST(Standing, IsSubscribedUnlessThePlanIsKnownToBeNoneOrFree) {
  EXPECT_TRUE(StandingAfter({Plan(v1::PLAN_PREMIUM)}).subscribed);
  EXPECT_TRUE(StandingAfter({Plan(v1::PLAN_TRIAL)}).subscribed);
  EXPECT_TRUE(StandingAfter({Zone("UTC")}).subscribed);
  EXPECT_FALSE(StandingAfter({Plan(v1::PLAN_FREE)}).subscribed);
  EXPECT_FALSE(StandingAfter({Plan(v1::PLAN_NONE)}).subscribed);
}

TEST(Standing, HasAZoneOnlyIfItCanBeLoaded) {
  EXPECT_EQ(StandingAfter({Zone("Europe/Stockholm")}).zone->name(),
            "Europe/Stockholm");
  EXPECT_FALSE(StandingAfter({Zone("Europe/Atlantis")}).zone);
  EXPECT_FALSE(StandingAfter({Plan(v1::PLAN_PREMIUM)}).zone);
}

TEST(Standing, RemembersContactsExactlyInWhateverOrderTheyArrive) {
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  std::vector<v1::Event> events;
  for (int i = 0; i < 2 * kRecentMax; ++i) {
    events.push_back(Decided(1000 * i, i % 2 == 0 ? "update_card" : "none"));
    events.push_back(Decided(1000 * i + 1, "pause_offer"));
  }
  for (int round = 0; round < 5; ++round) {
    std::shuffle(events.begin(), events.end(), random);
    const Standing standing = StandingAfter(events);
    ASSERT_EQ(standing.contacts.size(), static_cast<std::size_t>(kRecentMax));
    std::size_t at = 0;
    for (int i = 2 * kRecentMax - 1; at < kRecentMax; --i) {
      EXPECT_EQ(standing.contacts[at].time,
                absl::FromUnixSeconds(kStart + 1000 * i + 1));
      EXPECT_EQ(standing.contacts[at++].treatment_hash,
                TreatmentHash("pause_offer"));
      if (i % 2 != 0 || at == kRecentMax) continue;
      EXPECT_EQ(standing.contacts[at].time,
                absl::FromUnixSeconds(kStart + 1000 * i));
      EXPECT_EQ(standing.contacts[at++].treatment_hash,
                TreatmentHash("update_card"));
    }
  }
}

TEST(Standing, MakesADecisionThatWasFoldedCountAgainstTheNext) {
  const Policy& policy = Policy::Embedded();
  std::mt19937_64 random(kSeed);
  std::vector<v1::Event> events = {
      Plan(v1::PLAN_PREMIUM), Zone("Europe/Stockholm"),
      Consent(0, v1::CONSENT_CLASS_MESSAGES, v1::CONSENT_GRANTED),
      Consent(0, v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_GRANTED)};
  DecisionInput input;
  while (policy.guardrails().HoldsOut(input.user)) ++input.user.bytes[0];
  input.churn_probability = 0.5;
  int contacts = 0;
  for (int second = 0; second < 100; ++second) {
    const StateReader reader = Folded(events);
    input.state = &reader;
    input.now = absl::FromUnixSeconds(kStart + second);
    const Decision decision = policy.Decide(input, random);
    contacts += decision.chosen != 0;
    events.push_back(Decided(second, decision.choice().treatment));
  }
  EXPECT_EQ(contacts, policy.treatments().guardrails().contacts_per_day_max());
}

}  // namespace
}  // namespace tenuto
