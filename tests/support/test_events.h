// Events of made-up listeners, for tests that need a history.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_TEST_EVENTS_H_
#define TENUTO_TESTS_SUPPORT_TEST_EVENTS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto {

// A Wednesday, 14:00 UTC.
inline const absl::Time kTestNow = absl::FromUnixSeconds(1'717'596'000);

// An event with no payload yet.
v1::Event MakeEvent(const std::string& user, const std::string& id,
                    absl::Time time);

// A subscriber who consents and listens `tracks` times in the hours before
// `now`.
std::vector<v1::Event> SubscriberEvents(const std::string& user, int tracks,
                                        absl::Time now);

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_TEST_EVENTS_H_
