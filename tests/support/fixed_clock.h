// A clock that stands until a test moves it.
// Thread-safe while nobody calls Set().
#ifndef TENUTO_TESTS_SUPPORT_FIXED_CLOCK_H_
#define TENUTO_TESTS_SUPPORT_FIXED_CLOCK_H_

#include "absl/time/time.h"
#include "features/base/clock.h"

namespace tenuto {

class FixedClock : public Clock {
 public:
  explicit FixedClock(absl::Time now) : now_(now) {}
  absl::Time Now() const override { return now_; }
  void Set(absl::Time now) { now_ = now; }

 private:
  absl::Time now_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_FIXED_CLOCK_H_
