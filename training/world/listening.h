// When in a day somebody opens the application, looks at account pages or asks
// for help; what happens in a session is in session.h.
// Thread-safe: immutable after construction.
#ifndef TENUTO_TRAINING_WORLD_LISTENING_H_
#define TENUTO_TRAINING_WORLD_LISTENING_H_

#include <array>
#include <cstdint>

#include "training/world/behaviour.h"
#include "training/world/calendar.h"
#include "training/world/diary.h"
#include "training/world/draws.h"
#include "training/world/life.h"

namespace tenuto::world {

class Listening {
 public:
  // Keeps a pointer to `calendar`, which must outlive it.
  explicit Listening(const Calendar& calendar);

  // Writes the day's listening, from `from_ms` of the day on. True if there was
  // a session. Nothing is written in the last ten minutes of the day (UTC),
  // which belong to leaving and upgrading.
  bool Write(const Person& person, int day, std::int64_t from_ms,
             const Luck& luck, Diary& diary) const;

  // A moment of the day (UTC) at which this person is likely to be awake.
  std::int64_t DrawMoment(const Traits& traits, int day, Draws& draws) const;

 private:
  void WriteVisits(const Person& person, int day, std::int64_t from_ms,
                   const Behaviour& behaviour, Draws& draws,
                   Diary& diary) const;

  const Calendar* calendar_;
  // Running sums of HourWeight, [rhythm][weekend][hour]; the last is 1.
  std::array<std::array<std::array<double, 24>, 2>, 4> hours_;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_LISTENING_H_
