// One sitting: the application is opened, searched, listened to and closed.
// Thread-safe.
#ifndef TENUTO_TRAINING_WORLD_SESSION_H_
#define TENUTO_TRAINING_WORLD_SESSION_H_

#include <cstdint>

#include "training/world/behaviour.h"
#include "training/world/diary.h"
#include "training/world/draws.h"
#include "training/world/life.h"

namespace tenuto::world {

// No track begins later in the day.
inline constexpr std::int64_t kListeningEndMs = kDayMs - 600'000;

struct Sitting {
  int day = 0;
  int number = 0;  // Of the day, from 1.
  std::int64_t start_ms = 0;
};

// Returns the end of the session, milliseconds of the day.
std::int64_t WriteSession(const Person& person, const Behaviour& behaviour,
                          const Sitting& sitting, Draws& draws, Diary& diary);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_SESSION_H_
