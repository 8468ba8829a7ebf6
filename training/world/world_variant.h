// Worlds that differ from the base in one way, to see whether a gain survives
// when the world is not as we think, and that none is claimed where there is
// nothing to gain. Numbers are frozen: planners are tuned against them.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_WORLD_VARIANT_H_
#define TENUTO_TRAINING_WORLD_WORLD_VARIANT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tenuto::world {

struct WorldVariant {
  std::string name;            // "" is the base.
  double engagement_link = 1;  // How much interest decides about paying.
  double message_effect = 1;   // 0: messages neither help nor annoy.
  double access_effect = 1;    // 0: nobody minds losing access.
  // Multiply the chances of the causes.
  double funds_mix = 1;
  double hold_mix = 1;
  double card_mix = 1;  // Expired, wrong, closed, stolen.
  double technical_mix = 1;
  int payday_shift_days = 0;  // Later than the usual day of the market.

  // kInvalidArgument with the names there are.
  static absl::StatusOr<WorldVariant> Named(absl::string_view name);
};

// All names, "" first.
absl::Span<const absl::string_view> VariantNames();

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_WORLD_VARIANT_H_
