// Who may change which users: small commits hold the stripes of their users and
// run side by side; large ones hold everybody while they are planned, and the
// next one is planned while one is being written. At most one writes so; before
// anybody else looks at users, or lets what is known of them go, it has ended.
#ifndef TENUTO_FEATURES_USER_HOLDS_H_
#define TENUTO_FEATURES_USER_HOLDS_H_

#include <array>
#include <functional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "features/commit_plan.h"

namespace tenuto {

// Thread-safe.
class UserHolds {
 public:
  static constexpr int kStripes = 64;
  // Whoever holds a user holds all of the user's stripe.
  static int StripeOf(const UserKey& user) {
    return user.partition() % kStripes;
  }

  // Whether a hold of them leaves others free.
  static bool IsFew(absl::Span<const UserGroup> groups) {
    return groups.size() <= 8;
  }

  // `forget` hears of stripes, while they are held, of which more was planned
  // than could be written.
  explicit UserHolds(std::function<void(int stripe)> forget)
      : forget_(std::move(forget)) {}

  // A thread has one at most.
  class Hold {
   public:
    // Of the users of `groups`, and whoever else is in their partitions (the
    // backfill relies on it). What was planned of them is written, or
    // forgotten.
    Hold(UserHolds& holds, absl::Span<const UserGroup> groups);
    explicit Hold(UserHolds& holds);  // Of everybody.
    ~Hold() { Release(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    friend class UserHolds;
    struct Plan {};
    Hold(UserHolds& holds, Plan);
    void Settle();   // Waits for what is being written.
    void Release();  // At once, not only in the end.

    UserHolds& holds_;
    bool held_ = true;
    const bool whole_;
    std::set<int> stripes_;
  };

  // Holds everybody, without waiting for what is being written: for planning on
  // top of it.
  class Planning {
   public:
    explicit Planning(UserHolds& holds);
    ~Planning() { EndWrite(absl::AbortedError("nothing was written")); }

    // Waits for its turn to write and lets go of everybody. Returns why what
    // was planned upon could not be written, if so: then nobody is let go, and
    // all that is known of users is forgotten.
    absl::Status BeginWrite();
    void EndWrite(const absl::Status& written);

   private:
    UserHolds& holds_;
    Hold hold_;
    bool writes_ = false;
    int failures_ = 0;  // Of writes, when the planning began.
  };

 private:
  // Calls forget_ for those of `hold` that are stale.
  void ForgetStale(const Hold& hold);

  const std::function<void(int)> forget_;
  absl::Mutex whole_;  // Shared by small holds; before any stripe.
  std::array<absl::Mutex, kStripes> stripes_;
  absl::Mutex turn_;  // After all others.
  bool writing_ ABSL_GUARDED_BY(turn_) = false;
  int failures_ ABSL_GUARDED_BY(turn_) = 0;
  absl::Status last_failure_ ABSL_GUARDED_BY(turn_);
  std::array<bool, kStripes> stale_ ABSL_GUARDED_BY(turn_) = {};
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_USER_HOLDS_H_
