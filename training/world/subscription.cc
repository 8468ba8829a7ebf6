#include "training/world/subscription.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "training/world/billing.h"
#include "training/world/session.h"

namespace tenuto::world {
namespace {

constexpr int kRestDays = 30;  // After leaving, before coming back.
constexpr int kTrialDays = 30;
constexpr double kUpgradeRate = 0.006;  // A day, at felt interest 0.
constexpr double kReturnRate = 0.0015;
constexpr double kWithdrawalRate = 1.0 / 5000;
constexpr double kIdleIntent = 0.04;  // Begins to cancel, and does not.

void WriteConsent(v1::ConsentClass consent_class, bool granted, std::int64_t ms,
                  Diary& diary) {
  v1::ConsentChanged& consent = *diary.Add(ms).mutable_consent_changed();
  consent.set_consent_class(consent_class);
  consent.set_consent(granted ? v1::CONSENT_GRANTED : v1::CONSENT_WITHHELD);
}

// A moment after everything else of the day.
std::int64_t AfterAll(const Scene& scene, Draws& draws) {
  const std::int64_t earliest = 12 * 3'600'000 + draws.Below(11 * 3'600'000);
  return scene.diary.LatestMs(earliest) + 30'000 + draws.Below(120'000);
}

void Leave(const Scene& scene, Draws& draws, Person& person, PlanMoves& moves) {
  Hidden& hidden = person.hidden;
  const v1::CancelReason reason =
      ReasonToLeave(person.traits, hidden.interest, scene.day);
  const bool keeps_free =
      draws.Chance(DowngradeShare(person.traits, hidden.interest));
  std::int64_t ms = AfterAll(scene, draws);
  scene.diary.Add(ms).mutable_page_view()->set_page(
      keeps_free ? v1::PAGE_DOWNGRADE : v1::PAGE_CANCEL);
  scene.diary.Add(ms += 15'000).mutable_cancel_intent()->set_reason(reason);
  ms += 20'000;
  if (keeps_free) {
    scene.diary.AddChange(ms, v1::PLAN_FREE)
        .mutable_downgraded()
        ->set_reason(reason);
  } else {
    scene.diary.AddChange(ms, v1::PLAN_NONE)
        .mutable_cancelled()
        ->set_reason(reason);
  }
  moves.left_by_choice = hidden.subscription.plan == v1::PLAN_PREMIUM;
  EndSubscription(scene.day, keeps_free ? v1::PLAN_FREE : v1::PLAN_NONE,
                  hidden);
}

void StartTrial(const Scene& scene, std::int64_t ms, Person& person) {
  Subscription& subscription = person.hidden.subscription;
  subscription.plan = v1::PLAN_TRIAL;
  subscription.had_trial = true;
  subscription.since_day = scene.day;
  subscription.trial_end_day = scene.day + kTrialDays;
  scene.diary.AddChange(ms, v1::PLAN_TRIAL)
      .mutable_trial_started()
      ->set_trial_days(kTrialDays);
}

}  // namespace

void WriteArrival(const Person& person, const Scene& scene) {
  const Traits& traits = person.traits;
  const Subscription& subscription = person.hidden.subscription;
  const bool newcomer = traits.registered_day >= 0;
  // Facts about people who were there before come with the first minutes.
  std::int64_t ms =
      newcomer ? std::int64_t{1000} * traits.registered_second
               : static_cast<std::int64_t>(traits.user * 7919 % 600'000);
  if (newcomer) {
    scene.diary.Add(ms).mutable_page_view()->set_page(v1::PAGE_REGISTER);
  }
  scene.diary.Add(ms).mutable_time_zone_changed()->set_time_zone(
      Markets()[static_cast<std::size_t>(traits.market)].time_zone);
  WriteConsent(v1::CONSENT_CLASS_CONTRACT, true, ms, scene.diary);
  WriteConsent(v1::CONSENT_CLASS_BEHAVIOUR, traits.consents_to_behaviour, ms,
               scene.diary);
  WriteConsent(v1::CONSENT_CLASS_MESSAGES, traits.consents_to_messages, ms,
               scene.diary);
  if (newcomer && subscription.plan == v1::PLAN_TRIAL) {
    scene.diary.AddChange(ms + 60'000, v1::PLAN_TRIAL)
        .mutable_trial_started()
        ->set_trial_days(kTrialDays);
  }
}

void WriteMessage(const MessageDay& message, std::int64_t ms,
                  const Scene& scene) {
  if (!message.decided) return;
  const std::string id = absl::StrCat("w", scene.luck.user, "-", scene.day);
  const std::string treatment = TreatmentOf(message.chosen);
  v1::DecisionMade& decision = *scene.diary.Add(ms).mutable_decision_made();
  decision.set_decision_id(id);
  decision.set_treatment(treatment);
  decision.set_surface(message.surface);
  decision.set_propensity(message.propensity);
  decision.set_policy("world-house-1");
  decision.set_contact(message.chosen != MessageKind::kNone);
  decision.set_explored(true);
  if (message.chosen == MessageKind::kNone) return;
  const auto fill = [&](auto* echo) {
    echo->set_decision_id(id);
    echo->set_treatment(treatment);
    echo->set_surface(message.surface);
  };
  fill(scene.diary.Add(ms += 1'000).mutable_message_sent());
  if (!message.delivered) return;
  fill(scene.diary.Add(ms += 2'000).mutable_message_delivered());
  ms += 60'000 + static_cast<std::int64_t>(scene.luck.user * 7 % 600) * 1000;
  if (message.opened) fill(scene.diary.Add(ms).mutable_message_opened());
  if (message.dismissed) fill(scene.diary.Add(ms).mutable_message_dismissed());
  if (message.clicked) {
    fill(scene.diary.Add(ms += 9'000).mutable_message_clicked());
  }
  if (message.opted_out) {
    fill(scene.diary.Add(ms += 12'000).mutable_message_opted_out());
    WriteConsent(v1::CONSENT_CLASS_MESSAGES, false, ms + 1'000, scene.diary);
  }
}

void EndTrial(const Scene& scene, Person& person, PlanMoves& moves) {
  Hidden& hidden = person.hidden;
  Draws draws = scene.luck.On(scene.day, Purpose::kBilling);
  const std::int64_t ms = 10'800'000 + draws.Below(7'200'000);
  if (draws.Chance(Logistic(0.2 + hidden.interest.felt()))) {
    if (StartPaying(scene, ms, false, person)) {
      moves.joined = true;
      return;
    }
    scene.diary.AddChange(ms + 1'000, v1::PLAN_FREE)
        .mutable_expired()
        ->set_involuntary(true);
  } else {
    scene.diary.AddChange(ms, v1::PLAN_FREE).mutable_expired();
  }
  EndSubscription(scene.day, v1::PLAN_FREE, hidden);
}

void DecideToStay(const Scene& scene, Person& person, PlanMoves& moves) {
  Hidden& hidden = person.hidden;
  const LeavingChances chances = ChancesOn(person.traits, scene.day, hidden);
  hidden.intention =
      AdvanceIntention(chances, scene.day, scene.luck, hidden.intention);
  Draws draws = scene.luck.On(scene.day, Purpose::kPlan);
  if (hidden.intention == Intention::kLeaves) {
    Leave(scene, draws, person, moves);
  } else if (hidden.intention == Intention::kConsidering &&
             draws.Chance(kIdleIntent)) {
    const std::int64_t ms = AfterAll(scene, draws);
    scene.diary.Add(ms).mutable_page_view()->set_page(v1::PAGE_CANCEL);
    scene.diary.Add(ms + 9'000)
        .mutable_cancel_intent()
        ->set_reason(ReasonToLeave(person.traits, hidden.interest, scene.day));
  }
}

void DecideToJoin(const Scene& scene, Person& person, PlanMoves& moves) {
  Hidden& hidden = person.hidden;
  const Subscription& subscription = hidden.subscription;
  if (scene.day - subscription.left_day < kRestDays) return;
  const bool is_gone = subscription.plan == v1::PLAN_NONE;
  const double rate = (is_gone ? kReturnRate : kUpgradeRate) *
                      std::exp(0.8 * std::min(hidden.interest.felt(), 3.0) -
                               1.2 * (person.traits.price_sensitivity - 0.5));
  Draws draws = scene.luck.On(scene.day, Purpose::kPlan);
  if (!draws.Chance(DailyChance(rate))) return;
  const std::int64_t ms = AfterAll(scene, draws);
  scene.diary.Add(ms).mutable_page_view()->set_page(v1::PAGE_UPGRADE);
  if (!subscription.had_trial && draws.Chance(0.7)) {
    StartTrial(scene, ms + 30'000, person);
  } else {
    moves.joined = StartPaying(scene, ms + 30'000, true, person);
  }
}

void ReconsiderConsent(const Scene& scene, Person& person) {
  if (!person.hidden.behaviour_consent) return;
  Draws draws = scene.luck.On(scene.day, Purpose::kConsent);
  if (!draws.Chance(kWithdrawalRate)) return;
  person.hidden.behaviour_consent = false;
  std::int64_t ms = 8 * 3'600'000 + draws.Below(12 * 3'600'000);
  scene.diary.Add(ms).mutable_page_view()->set_page(v1::PAGE_SETTINGS);
  WriteConsent(v1::CONSENT_CLASS_BEHAVIOUR, false, ms + 20'000, scene.diary);
}

}  // namespace tenuto::world
