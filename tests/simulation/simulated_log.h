// A user's events as a ledger's log holds them, and what they fold into.
#ifndef TENUTO_TESTS_SIMULATION_SIMULATED_LOG_H_
#define TENUTO_TESTS_SIMULATION_SIMULATED_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "features/event_view.h"
#include "features/ledger.h"
#include "features/signal_fold.h"
#include "features/user_state.h"

namespace tenuto::testing {

// Value type; not thread-safe.
struct OwnedEvent {
  Position position;
  std::uint64_t hash;
  std::string bytes;
};

// By rising position.
std::vector<OwnedEvent> EventsOf(const Ledger& ledger, const UserKey& user);

// Folds events in the order given, each once, however often it is asked: the
// states of a life cost what the last one does. `events` must outlive it.
// Not thread-safe.
class RisingFold {
 public:
  explicit RisingFold(const std::vector<OwnedEvent>& events);

  // The encoded state of all events before the first whose position is higher;
  // `position` may not fall from call to call.
  std::string Through(Position position);

 private:
  const std::vector<OwnedEvent>& events_;
  std::size_t next_ = 0;
  UserState state_;
  EventView view_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SIMULATION_SIMULATED_LOG_H_
