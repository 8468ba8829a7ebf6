// Who had left before a snapshot although nobody knew it yet? A server scores
// such a user, because it knows no better; but nobody leaves twice, so that no
// model should learn from the row, nor be tested on it.
// Thread-safe: immutable after Create.
#ifndef TENUTO_TRAINING_DEPARTURES_H_
#define TENUTO_TRAINING_DEPARTURES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/eligibility.h"
#include "features/event_view.h"
#include "features/ledger.h"

namespace tenuto {

class Departures {
 public:
  static absl::StatusOr<Departures> Create(Eligible eligible);

  // The departures of one user and what shows the user there again, where one
  // of the departures became known late; empty otherwise.
  struct Moment {
    std::int64_t event_us = 0;
    std::int64_t known_us = 0;
    bool left = false;
  };
  std::vector<Moment> Read(absl::Span<const LoggedEvent> events) const;

  // Whether, of what is known by `known_by`, the last to happen up to the
  // snapshot is a departure of which nobody knew at the snapshot.
  static bool HadLeft(absl::Span<const Moment> moments, absl::Time snapshot,
                      absl::Time known_by);

 private:
  Departures() = default;
  bool Leaves(int payload) const;
  bool Stays(const EventView& event) const;

  Eligible eligible_ = Eligible::kPaid;
  int cancelled_ = 0, expired_ = 0, downgraded_ = 0;  // Payloads.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_DEPARTURES_H_
