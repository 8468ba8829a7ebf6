// Who may change which users: small commits hold the stripes of their users and
// run side by side, large ones hold everybody.
#ifndef TENUTO_FEATURES_USER_HOLDS_H_
#define TENUTO_FEATURES_USER_HOLDS_H_

#include <array>
#include <set>

#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "features/commit_plan.h"

namespace tenuto {

// Thread-safe.
class UserHolds {
 public:
  // Holds the users of `groups`, and whoever else is in their partitions (the
  // backfill relies on it), as long as it lives. A thread has one at most.
  class Hold {
   public:
    Hold(UserHolds& holds, absl::Span<const UserGroup> groups);
    explicit Hold(UserHolds& holds);  // Everybody.
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    UserHolds& holds_;
    const bool whole_;
    std::set<int> stripes_;
  };

  static constexpr int kStripes = 64;
  // Whoever holds a user holds all of the user's stripe.
  static int StripeOf(const UserKey& user) {
    return user.partition() % kStripes;
  }

 private:
  // More users than this take everybody.
  static constexpr std::size_t kSharedUsersMax = 8;

  absl::Mutex whole_;  // Shared by small holds; before any stripe.
  std::array<absl::Mutex, kStripes> stripes_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_USER_HOLDS_H_
