// What we say to people and what it does to them: the house policy that chooses
// by a fair draw of known propensity, and a response that helps some, leaves
// most unmoved and annoys a few. Part of the hidden state; writes no events.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_MESSAGES_H_
#define TENUTO_TRAINING_WORLD_MESSAGES_H_

#include <optional>

#include "tenuto/v1/event.pb.h"
#include "training/world/draws.h"
#include "training/world/interest.h"
#include "training/world/person.h"

namespace tenuto::world {

enum class MessageKind { kNone, kEducation, kRetention };
// "none", "world_education", "world_retention": the house's own messages,
// before any treatment of ours.
const char* TreatmentOf(MessageKind kind);

// Decides for each paying user once in `every_days`, whatever the person does.
struct HousePolicy {
  int every_days = 7;
  double education = 0.2;  // Propensities; the rest is "none".
  double retention = 0.2;
};

struct Messages {
  bool is_permitted = true;  // Consent given, and not opted out.
  double fatigue = 0;        // Grows by 0.5 a message, fades by 7 % a day.
};

struct MessageDay {
  bool decided = false;
  MessageKind chosen = MessageKind::kNone;
  double propensity = 1;
  v1::Surface surface = v1::SURFACE_UNSPECIFIED;
  bool delivered = false;
  bool opened = false;
  bool clicked = false;
  bool dismissed = false;
  bool opted_out = false;
};

// Whether a decision is taken on this day, and which.
MessageDay Decide(const Traits& traits, int day, const Luck& luck,
                  const HousePolicy& policy, const Messages& messages);

// The response to what was chosen:
//   opened:    level += lift exp(-0.7 fatigue), home += a third of that
//   delivered: annoyance += irritation, half of it if not opened
//   opts out with chance 0.001 + 0.12 irritation (1 + fatigue)
void Respond(const Traits& traits, int day, const Luck& luck, MessageDay& what,
             Interest& interest, Messages& messages);

// Decide and Respond; `forced` replaces the policy's choice on this day.
MessageDay AdvanceMessages(const Traits& traits, int day, const Luck& luck,
                           const HousePolicy& policy,
                           std::optional<MessageKind> forced,
                           Interest& interest, Messages& messages);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_MESSAGES_H_
