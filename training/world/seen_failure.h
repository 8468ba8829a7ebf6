// All that a company can know at the moment a payment fails: the answer of the
// network, the subscription, and what the listener did of late. A flat row for
// models, and the facts by which rules are looked up.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_SEEN_FAILURE_H_
#define TENUTO_TRAINING_WORLD_SEEN_FAILURE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto::world {

inline constexpr std::size_t kSeenColumns = 29;

struct SeenFailure {
  v1::PaymentOutcome outcome = v1::PAYMENT_OUTCOME_DECLINED;
  const char* decline_code = "";  // Raw; static storage.
  const char* advice_code = "";
  v1::CardNetwork network = v1::CARD_NETWORK_UNSPECIFIED;
  v1::PaymentMethodKind method_kind = v1::PAYMENT_METHOD_KIND_UNSPECIFIED;
  v1::Store store = v1::STORE_UNSPECIFIED;
  const char* currency = "";
  const char* time_zone = "";
  std::int64_t price_minor = 0;
  std::array<float, kSeenColumns> values{};  // NaN: not known.
};

// Names of `values`, in order. Codes, network, kind, store and market are
// small whole numbers without order.
absl::Span<const char* const> SeenColumns();

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_SEEN_FAILURE_H_
