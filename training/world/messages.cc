#include "training/world/messages.h"

#include <cmath>

namespace tenuto::world {
namespace {

constexpr double kFatigueFading = 0.93;
constexpr double kFatigueOfOne = 0.5;
constexpr double kUndelivered = 0.03;
constexpr double kLastingShare = 1.0 / 3;

struct SurfaceHabit {
  v1::Surface surface;
  double open_logit;
};
constexpr SurfaceHabit kSurfaces[] = {{v1::SURFACE_IN_APP, 0.4},
                                      {v1::SURFACE_PUSH, -0.8},
                                      {v1::SURFACE_EMAIL, -0.9}};

}  // namespace

const char* TreatmentOf(MessageKind kind) {
  switch (kind) {
    case MessageKind::kEducation:
      return "world_education";
    case MessageKind::kRetention:
      return "world_retention";
    case MessageKind::kNone:
      break;
  }
  return "none";
}

MessageDay Decide(const Traits& traits, int day, const Luck& luck,
                  const HousePolicy& policy, const Messages& messages) {
  MessageDay what;
  const auto turn = (static_cast<std::uint64_t>(day) + traits.user) %
                    static_cast<std::uint64_t>(policy.every_days);
  if (turn != 0 || !messages.is_permitted) return what;
  what.decided = true;
  const double draw = luck.On(day, Purpose::kDecision).Uniform();
  if (draw < policy.education) {
    what.chosen = MessageKind::kEducation;
    what.propensity = policy.education;
  } else if (draw < policy.education + policy.retention) {
    what.chosen = MessageKind::kRetention;
    what.propensity = policy.retention;
  } else {
    what.propensity = 1 - policy.education - policy.retention;
  }
  return what;
}

void Respond(const Traits& traits, int day, const Luck& luck, MessageDay& what,
             Interest& interest, Messages& messages) {
  if (what.chosen == MessageKind::kNone) return;
  Draws draws = luck.On(day, Purpose::kMessage);
  const SurfaceHabit& habit = kSurfaces[draws.Below(3)];
  what.surface = habit.surface;
  if (draws.Chance(kUndelivered)) return;
  what.delivered = true;
  what.opened = draws.Chance(Logistic(habit.open_logit + 0.5 * interest.felt() +
                                      1.2 * (traits.message_tolerance - 0.5)));
  const double lift = what.chosen == MessageKind::kEducation
                          ? traits.education_lift
                          : traits.retention_lift;
  what.clicked = draws.Chance(lift > 0 ? 0.35 : 0.08) && what.opened;
  what.dismissed = draws.Chance(0.6) && !what.opened;
  what.opted_out =
      draws.Chance(0.001 + 0.12 * traits.irritation * (1 + messages.fatigue));

  interest.annoyance += traits.irritation * (what.opened ? 1 : 0.5);
  if (what.opened) {
    const double gain = lift * std::exp(-0.7 * messages.fatigue);
    interest.level += gain;
    interest.home += kLastingShare * gain;
  }
  if (what.opted_out) messages.is_permitted = false;
  messages.fatigue += kFatigueOfOne;
}

MessageDay AdvanceMessages(const Traits& traits, int day, const Luck& luck,
                           const HousePolicy& policy,
                           std::optional<MessageKind> forced,
                           Interest& interest, Messages& messages) {
  messages.fatigue *= kFatigueFading;
  MessageDay what;
  if (forced.has_value()) {
    what.decided = true;
    what.chosen = *forced;
  } else {
    what = Decide(traits, day, luck, policy, messages);
  }
  Respond(traits, day, luck, what, interest, messages);
  return what;
}

}  // namespace tenuto::world
