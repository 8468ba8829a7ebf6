// The events of one ledger in another, changed on the way.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_COPY_EVENTS_H_
#define TENUTO_TESTS_SUPPORT_COPY_EVENTS_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "features/ledger.h"
#include "gtest/gtest.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto::testing {

// `change` is given each event, and when it became known.
inline void CopyEvents(
    const Ledger& from, Ledger& to,
    absl::FunctionRef<void(v1::Event& event, std::int64_t& known_time_us)>
        change) {
  for (int partition = 0; partition < kPartitions; ++partition) {
    const auto copy = [&](const LoggedEvent& logged) {
      v1::Event event;
      EXPECT_TRUE(event.ParseFromString(std::string(logged.event)));
      GatedEvent copied{logged.user, logged.event_hash, logged.known_time_us,
                        ""};
      change(event, copied.known_time_us);
      copied.event = event.SerializeAsString();
      return to.Commit(absl::MakeConstSpan(&copied, 1), nullptr).ok();
    };
    ASSERT_TRUE(from.Scan(partition, 0, copy).ok());
  }
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_COPY_EVENTS_H_
