#include "features/user_holds.h"

namespace tenuto {

UserHolds::Hold::Hold(UserHolds& holds, absl::Span<const UserGroup> groups)
    ABSL_NO_THREAD_SAFETY_ANALYSIS : holds_(holds),
                                     whole_(groups.size() > kSharedUsersMax) {
  if (whole_) {
    holds_.whole_.Lock();
    return;
  }
  holds_.whole_.ReaderLock();
  for (const UserGroup& group : groups) {
    stripes_.insert(StripeOf(group.user));
  }
  // Rising, so that two holds never wait for each other.
  for (const int k : stripes_) {
    holds_.stripes_[static_cast<std::size_t>(k)].Lock();
  }
}

UserHolds::Hold::Hold(UserHolds& holds) ABSL_NO_THREAD_SAFETY_ANALYSIS
    : holds_(holds),
      whole_(true) {
  holds_.whole_.Lock();
}

UserHolds::Hold::~Hold() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (const int k : stripes_) {
    holds_.stripes_[static_cast<std::size_t>(k)].Unlock();
  }
  if (whole_) {
    holds_.whole_.Unlock();
  } else {
    holds_.whole_.ReaderUnlock();
  }
}

}  // namespace tenuto
