// States and seen events of users who were written to of late, so that a commit
// need not ask the store for them: a cache of bounded size, which runs
// ahead of the store while a large commit is written.
// Whoever holds a user (user_holds.h) may use that user's stripe of it.
#ifndef TENUTO_FEATURES_HOT_USERS_H_
#define TENUTO_FEATURES_HOT_USERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "features/seen_events.h"
#include "features/user_holds.h"
#include "features/user_key.h"

namespace tenuto {

struct HotUser {
  // Of the store, when the user was loaded: later ones may hold more.
  std::uint64_t opening = 0;
  std::string state;
  SeenEvents seen;
};

// Not thread-safe but for is_over: a stripe belongs to whoever holds one of its
// users.
class HotUsers {
 public:
  explicit HotUsers(std::size_t bytes_max)
      : stripe_bytes_max_(bytes_max / kStripes) {}

  // Null when the user is not there. Lives until it is trimmed or forgotten.
  HotUser* Find(const UserKey& user);
  HotUser& Add(const UserKey& user, HotUser hot);
  void Forget(const UserKey& user);
  void ForgetStripe(int stripe);
  // To be told after a user has grown.
  void NoteSize(const UserKey& user);
  // Lets the least recently found of a stripe go until the rest fits.
  void Trim(int stripe);
  // Whether all stripes together have outgrown their room. Thread-safe.
  bool is_over() const { return bytes_ > kStripes * stripe_bytes_max_; }

 private:
  struct Entry {
    UserKey user;
    HotUser hot;
    std::size_t bytes = 0;  // As of its last NoteSize.
  };
  using Order = std::list<Entry>;  // Newest first.
  struct Stripe {
    Order order;
    absl::flat_hash_map<UserKey, Order::iterator> places;
    std::size_t bytes = 0;  // Of its entries.
  };
  static constexpr std::size_t kStripes = UserHolds::kStripes;

  Stripe& StripeOf(const UserKey& user) {
    return stripes_[static_cast<std::size_t>(UserHolds::StripeOf(user))];
  }

  const std::size_t stripe_bytes_max_;
  std::array<Stripe, kStripes> stripes_;
  std::atomic<std::size_t> bytes_{0};  // Of all stripes.
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_HOT_USERS_H_
