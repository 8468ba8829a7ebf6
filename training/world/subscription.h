// Turns what happened to a subscription, its charges and its messages into
// events, and moves people between plans: joining, trying, upgrading, leaving,
// coming back.
// Not thread-safe: works on one person at a time.
#ifndef TENUTO_TRAINING_WORLD_SUBSCRIPTION_H_
#define TENUTO_TRAINING_WORLD_SUBSCRIPTION_H_

#include <cstdint>

#include "training/world/calendar.h"
#include "training/world/diary.h"
#include "training/world/draws.h"
#include "training/world/life.h"

namespace tenuto::world {

// How a person's day ended for the summary and for the truth.
struct PlanMoves {
  bool left_by_choice = false;  // A paid plan ended because the user chose so.
  bool lost = false;            // ... because no payment came.
  bool joined = false;          // A paid plan began.
  bool failed = false;          // An invoice failed at its first attempt.
  bool recovered = false;
  bool renewed = false;  // At the first attempt.
};

// The day's stage, handed to each step.
struct Scene {
  int day = 0;
  Luck luck;
  const Calendar& calendar;
  Diary& diary;
};

// First day: registration (newcomers), consents, time zone.
void WriteArrival(const Person& person, const Scene& scene);

// Attempts, updates, renewal or the end of grace, in the billing hours (UTC
// 03-06, or when the user mends the card).
void WriteCharges(const ChargeDay& charge, const Scene& scene, Person& person,
                  PlanMoves& moves);

void WriteMessage(const MessageDay& message, std::int64_t ms,
                  const Scene& scene);

// A trial that ends today becomes a paid or a free plan.
void EndTrial(const Scene& scene, Person& person, PlanMoves& moves);

// The last ten minutes of the day: leaving by choice (and intent without
// leaving), upgrading from the free plan, coming back after having closed the
// account.
void DecideToStay(const Scene& scene, Person& person, PlanMoves& moves);
void DecideToJoin(const Scene& scene, Person& person, PlanMoves& moves);

// Consent to the use of behaviour is withdrawn now and then.
void ReconsiderConsent(const Scene& scene, Person& person);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_SUBSCRIPTION_H_
