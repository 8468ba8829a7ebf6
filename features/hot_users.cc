#include "features/hot_users.h"

namespace tenuto {
namespace {

// Keys, list and map nodes; and of a hash table's entry with its spare room.
constexpr std::size_t kEntryBytes = 200;
constexpr std::size_t kSeenBytes = 24;

}  // namespace

HotUser* HotUsers::Find(const UserKey& user) {
  Stripe& stripe = StripeOf(user);
  const auto found = stripe.places.find(user);
  if (found == stripe.places.end()) return nullptr;
  stripe.order.splice(stripe.order.begin(), stripe.order, found->second);
  return &found->second->hot;
}

HotUser& HotUsers::Add(const UserKey& user, HotUser hot) {
  Stripe& stripe = StripeOf(user);
  stripe.order.push_front({user, std::move(hot), 0});
  stripe.places[user] = stripe.order.begin();
  return stripe.order.front().hot;
}

void HotUsers::Forget(const UserKey& user) {
  Stripe& stripe = StripeOf(user);
  const auto found = stripe.places.find(user);
  if (found == stripe.places.end()) return;
  stripe.bytes -= found->second->bytes;
  bytes_ -= found->second->bytes;
  stripe.order.erase(found->second);
  stripe.places.erase(found);
}

void HotUsers::ForgetStripe(int k) {
  Stripe& stripe = stripes_[static_cast<std::size_t>(k)];
  bytes_ -= stripe.bytes;
  stripe = {};
}

void HotUsers::NoteSize(const UserKey& user) {
  Stripe& stripe = StripeOf(user);
  const auto found = stripe.places.find(user);
  if (found == stripe.places.end()) return;
  Entry& entry = *found->second;
  const std::size_t bytes = kEntryBytes + entry.hot.state.capacity() +
                            kSeenBytes * entry.hot.seen.size();
  stripe.bytes += bytes - entry.bytes;
  bytes_ += bytes - entry.bytes;
  entry.bytes = bytes;
}

void HotUsers::Trim(int k) {
  Stripe& stripe = stripes_[static_cast<std::size_t>(k)];
  while (stripe.bytes > stripe_bytes_max_) Forget(stripe.order.back().user);
}

}  // namespace tenuto
