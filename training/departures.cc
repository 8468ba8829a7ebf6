#include "training/departures.h"

#include "features/base/status_macros.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

absl::StatusOr<Departures> Departures::Create(Eligible eligible) {
  Departures departures;
  departures.eligible_ = eligible;
  TENUTO_ASSIGN_OR_RETURN(departures.cancelled_, FindPayload("cancelled"));
  TENUTO_ASSIGN_OR_RETURN(departures.expired_, FindPayload("expired"));
  TENUTO_ASSIGN_OR_RETURN(departures.downgraded_, FindPayload("downgraded"));
  return departures;
}

// Who goes down to the free plan has left the paid one, but may still leave
// the free one.
bool Departures::Leaves(int payload) const {
  if (payload == cancelled_) return true;
  return eligible_ == Eligible::kPaid &&
         (payload == expired_ || payload == downgraded_);
}

bool Departures::Stays(const EventView& event) const {
  const std::int64_t plan = event.number(kEnvelopePlan);
  switch (eligible_) {
    case Eligible::kPaid:
      return plan == v1::PLAN_PREMIUM;
    case Eligible::kFree:
      return plan == v1::PLAN_FREE;
    case Eligible::kAll:
      return plan > v1::PLAN_NONE;
  }
  return false;
}

std::vector<Departures::Moment> Departures::Read(
    absl::Span<const LoggedEvent> events) const {
  std::vector<Moment> moments;
  EventView view;
  bool late = false;
  for (const LoggedEvent& event : events) {
    if (!Leaves(PayloadOf(event.event)) || !view.Parse(event.event)) continue;
    moments.push_back({view.time_us(), event.known_time_us, true});
    late = late || event.known_time_us > view.time_us();
  }
  if (!late) return {};
  for (const LoggedEvent& event : events) {
    if (!view.Parse(event.event) || Leaves(view.payload()) || !Stays(view)) {
      continue;
    }
    moments.push_back({view.time_us(), event.known_time_us, false});
  }
  return moments;
}

bool Departures::HadLeft(absl::Span<const Moment> moments, absl::Time snapshot,
                         absl::Time known_by) {
  const std::int64_t snapshot_us = absl::ToUnixMicros(snapshot);
  const std::int64_t known_by_us = absl::ToUnixMicros(known_by);
  const Moment* last = nullptr;
  for (const Moment& moment : moments) {
    if (moment.event_us > snapshot_us || moment.known_us > known_by_us) {
      continue;
    }
    // At one moment the departure counts: its own plan is the one before it.
    if (last == nullptr || moment.event_us > last->event_us ||
        (moment.event_us == last->event_us && moment.left && !last->left)) {
      last = &moment;
    }
  }
  return last != nullptr && last->left && last->known_us > snapshot_us;
}

}  // namespace tenuto
