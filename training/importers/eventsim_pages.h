// What each page of the eventsim log means in our events.
// Thread-safe: immutable.
#ifndef TENUTO_TRAINING_IMPORTERS_EVENTSIM_PAGES_H_
#define TENUTO_TRAINING_IMPORTERS_EVENTSIM_PAGES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

struct EventsimPage {
  const char* name;
  // The payload as far as the page alone decides it.
  void (*set_payload)(v1::Event& event);
  // The plan after the event, where the page changes it; else the line's
  // level, which still says what it was before.
  v1::Plan plan_after = v1::PLAN_UNSPECIFIED;
};

absl::Span<const EventsimPage> EventsimPages();

// The device a browser's user agent tells of, roughly.
v1::Device DeviceOf(absl::string_view user_agent);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_EVENTSIM_PAGES_H_
