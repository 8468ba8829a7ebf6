#include "features/consent_defaults.h"

#include <string>
#include <vector>

#include "features/signal_fold.h"
#include "features/state_reader.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

v1::Event At(std::int64_t second) {
  v1::Event event;
  event.mutable_event_time()->set_seconds(1'700'000'000 + second);
  return event;
}

v1::Event Answer(std::int64_t second, v1::Consent consent) {
  v1::Event event = At(second);
  event.mutable_consent_changed()->set_consent_class(
      v1::CONSENT_CLASS_BEHAVIOUR);
  event.mutable_consent_changed()->set_consent(consent);
  return event;
}

v1::Event Search(std::int64_t second) {
  v1::Event event = At(second);
  event.mutable_search();
  return event;
}

std::string Folded(const std::vector<v1::Event>& events) {
  const SignalFold fold(Catalogue::Embedded());
  UserState state(fold.layout());
  for (const v1::Event& event : events) {
    const std::string bytes = event.SerializeAsString();
    EventView view;
    EXPECT_TRUE(view.Parse(bytes));
    fold.Apply(view, state.applied_through + 1, state);
  }
  std::string encoded;
  state.Encode(encoded);
  return encoded;
}

v1::ConsentDefaults Granting(v1::Consent behaviour, v1::Consent messages) {
  v1::ConsentDefaults defaults;
  defaults.set_behaviour(behaviour);
  defaults.set_messages(messages);
  return defaults;
}

StateReader Filled(std::string state, const v1::ConsentDefaults& defaults) {
  EXPECT_TRUE(
      ApplyConsentDefaults(Catalogue::Embedded(), defaults, state).ok());
  return StateReader::Open(Catalogue::Embedded(), state).value();
}

TEST(ConsentDefaults, SpeakForTheSilentClassByClass) {
  for (const auto behaviour : {v1::CONSENT_WITHHELD, v1::CONSENT_GRANTED}) {
    for (const auto messages : {v1::CONSENT_UNSPECIFIED, v1::CONSENT_GRANTED}) {
      const StateReader reader =
          Filled(Folded({Search(0)}), Granting(behaviour, messages));
      EXPECT_EQ(reader.Granted(v1::CONSENT_CLASS_BEHAVIOUR),
                behaviour == v1::CONSENT_GRANTED);
      EXPECT_EQ(reader.Granted(v1::CONSENT_CLASS_MESSAGES),
                messages == v1::CONSENT_GRANTED);
    }
  }
}

TEST(ConsentDefaults, NeverSpeakAgainstAnAnswerHoweverOldOrLate) {
  const std::string state =
      Folded({Search(100), Answer(-1'000'000, v1::CONSENT_WITHHELD)});
  EXPECT_FALSE(Filled(state, Granting(v1::CONSENT_GRANTED, v1::CONSENT_GRANTED))
                   .Granted(v1::CONSENT_CLASS_BEHAVIOUR));
}

TEST(ConsentDefaults, LeaveAStrangerAndAllOtherSignalsAsTheyAre) {
  const v1::ConsentDefaults all =
      Granting(v1::CONSENT_GRANTED, v1::CONSENT_GRANTED);
  EXPECT_FALSE(Filled("", all).known());
  std::string state = Folded({Search(0)});
  const std::string before = state;
  ASSERT_TRUE(ApplyConsentDefaults(
                  Catalogue::Embedded(),
                  Granting(v1::CONSENT_WITHHELD, v1::CONSENT_WITHHELD), state)
                  .ok());
  EXPECT_EQ(state, before);
  const StateReader reader = Filled(state, all);
  EXPECT_EQ(reader.LastTime("last_messages_grant"), std::nullopt);
  EXPECT_EQ(AppliedThrough(state), 1u);
}

TEST(ConsentDefaults, SayWhenAStateIsDamaged) {
  std::string state = "no state";
  EXPECT_TRUE(absl::IsDataLoss(ApplyConsentDefaults(
      Catalogue::Embedded(), Granting(v1::CONSENT_GRANTED, v1::CONSENT_GRANTED),
      state)));
}

}  // namespace
}  // namespace tenuto
