#include "features/user_holds.h"

#include <vector>

namespace tenuto {

UserHolds::Hold::Hold(UserHolds& holds, absl::Span<const UserGroup> groups)
    ABSL_NO_THREAD_SAFETY_ANALYSIS : holds_(holds),
                                     whole_(!IsFew(groups)) {
  if (whole_) {
    holds_.whole_.Lock();
  } else {
    holds_.whole_.ReaderLock();
    for (const UserGroup& group : groups) {
      stripes_.insert(StripeOf(group.user));
    }
    // Rising, so that two holds never wait for each other.
    for (const int k : stripes_) {
      holds_.stripes_[static_cast<std::size_t>(k)].Lock();
    }
  }
  Settle();
}

UserHolds::Hold::Hold(UserHolds& holds) : Hold(holds, Plan()) { Settle(); }

UserHolds::Hold::Hold(UserHolds& holds, Plan) ABSL_NO_THREAD_SAFETY_ANALYSIS
    : holds_(holds),
      whole_(true) {
  holds_.whole_.Lock();
}

void UserHolds::Hold::Settle() {
  {
    const absl::MutexLock lock(&holds_.turn_);
    holds_.turn_.Await(absl::Condition(
        +[](bool* writing) { return !*writing; }, &holds_.writing_));
  }
  holds_.ForgetStale(*this);
}

void UserHolds::Hold::Release() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (!held_) return;
  held_ = false;
  for (const int k : stripes_) {
    holds_.stripes_[static_cast<std::size_t>(k)].Unlock();
  }
  if (whole_) {
    holds_.whole_.Unlock();
  } else {
    holds_.whole_.ReaderUnlock();
  }
}

void UserHolds::ForgetStale(const Hold& hold) {
  std::vector<int> stale;
  {
    const absl::MutexLock lock(&turn_);
    for (int k = 0; k < kStripes; ++k) {
      bool& one = stale_[static_cast<std::size_t>(k)];
      if (!one || (!hold.whole_ && !hold.stripes_.contains(k))) continue;
      one = false;
      stale.push_back(k);
    }
  }
  for (const int k : stale) forget_(k);
}

UserHolds::Planning::Planning(UserHolds& holds)
    : holds_(holds), hold_(holds, Hold::Plan()) {
  {
    const absl::MutexLock lock(&holds_.turn_);
    failures_ = holds_.failures_;
  }
  // Of earlier failures; a later one is seen by BeginWrite.
  holds_.ForgetStale(hold_);
}

absl::Status UserHolds::Planning::BeginWrite() {
  absl::Status failure;
  {
    const absl::MutexLock lock(&holds_.turn_);
    holds_.turn_.Await(absl::Condition(
        +[](bool* writing) { return !*writing; }, &holds_.writing_));
    writes_ = holds_.writing_ = holds_.failures_ == failures_;
    // What this one planned, too, which nobody else will write.
    if (!writes_) {
      holds_.stale_.fill(true);
      failure = holds_.last_failure_;
    }
  }
  if (writes_) {
    hold_.Release();
  } else {
    holds_.ForgetStale(hold_);
  }
  return failure;
}

void UserHolds::Planning::EndWrite(const absl::Status& written) {
  if (!writes_) return;
  writes_ = false;
  const absl::MutexLock lock(&holds_.turn_);
  holds_.writing_ = false;
  if (written.ok()) return;
  ++holds_.failures_;
  holds_.last_failure_ = written;
  holds_.stale_.fill(true);
}

}  // namespace tenuto
