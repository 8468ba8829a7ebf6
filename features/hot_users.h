// States and seen events of users who were written to of late, so that a commit
// need not ask the store for them: a write-through cache of bounded size.
// Whoever holds a user (user_holds.h) may use that user's stripe of it.
#ifndef TENUTO_FEATURES_HOT_USERS_H_
#define TENUTO_FEATURES_HOT_USERS_H_

#include <array>
#include <cstddef>
#include <list>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "features/seen_events.h"
#include "features/user_holds.h"
#include "features/user_key.h"

namespace tenuto {

struct HotUser {
  std::string state;
  SeenEvents seen;
};

// Not thread-safe: a stripe belongs to whoever holds one of its users.
class HotUsers {
 public:
  explicit HotUsers(std::size_t bytes_max)
      : stripe_bytes_max_(bytes_max / UserHolds::kStripes) {}

  // Null when the user is not there. Lives until Trim or Forget.
  HotUser* Find(const UserKey& user);
  HotUser& Add(const UserKey& user, HotUser hot);
  void Forget(const UserKey& user);
  // Lets the least recently found of the user's stripe go until the rest fits.
  // To be told after a user has grown.
  void Trim(const UserKey& user);

 private:
  struct Entry {
    UserKey user;
    HotUser hot;
    std::size_t bytes = 0;  // As of its last Trim.
  };
  using Order = std::list<Entry>;  // Newest first.
  struct Stripe {
    Order order;
    absl::flat_hash_map<UserKey, Order::iterator> places;
    std::size_t bytes = 0;  // Of its entries.
  };
  Stripe& StripeOf(const UserKey& user) {
    return stripes_[static_cast<std::size_t>(UserHolds::StripeOf(user))];
  }

  const std::size_t stripe_bytes_max_;
  std::array<Stripe, UserHolds::kStripes> stripes_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_HOT_USERS_H_
