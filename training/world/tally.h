// Counts of a world, for people and for the summary file.
// Value type; not thread-safe: one a worker, added up at the end.
#ifndef TENUTO_TRAINING_WORLD_TALLY_H_
#define TENUTO_TRAINING_WORLD_TALLY_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "tenuto/v1/event.pb.h"

namespace tenuto::world {

struct Tally {
  std::int64_t events = 0;
  std::array<std::int64_t, 128> by_payload{};  // By field number in Event.
  std::int64_t listening_days = 0;             // User-days with a session.
  std::int64_t listening_events = 0;           // On those days.
  std::int64_t paid_days = 0;       // User-days that began on a paid plan.
  std::int64_t left_by_choice = 0;  // From a paid plan.
  std::int64_t lost = 0;            // To a failed payment.
  std::int64_t joined = 0;
  std::int64_t renewals = 0;  // Invoices of paid plans, first tries.
  std::int64_t failures = 0;  // Of these.
  std::int64_t recovered = 0;
  std::int64_t left_while_failing = 0;  // By choice, invoice open.

  void Add(const Tally& other);

  // Shares; 0 where nothing happened.
  double churn_by_choice_monthly() const;  // Per 30 paid days.
  double churn_involuntary_monthly() const;
  double failure_rate() const;
  double recovery_rate() const;  // Of failures that have come to an end.
  double events_per_listening_day() const;

  // By payload name, only what occurs.
  std::map<std::string, std::int64_t> ByName() const;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_TALLY_H_
