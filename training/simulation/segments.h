// The groups of failed payments that a report tells apart: by why it failed,
// how long the subscription has gone on, how much was listened, and where.
// Thread-safe: constant.
#ifndef TENUTO_TRAINING_SIMULATION_SEGMENTS_H_
#define TENUTO_TRAINING_SIMULATION_SEGMENTS_H_

#include <array>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {

struct Segment {
  absl::string_view kind;  // "decline class", "tenure", "listening", "country"
  std::string name;
};
// [0] is everybody; then kind by kind.
absl::Span<const Segment> Segments();

// What decides the groups of one failed payment; unknown facts are below 0.
struct SegmentFacts {
  v1::DeclineClass decline_class = v1::DECLINE_CLASS_UNSPECIFIED;
  double tenure_days = -1;
  double active_days_28d = -1;
  absl::string_view time_zone;  // IANA; "" for unknown.
};
// One of each kind.
using SegmentSet = std::array<std::size_t, 4>;
SegmentSet SegmentsOf(const SegmentFacts& facts);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_SEGMENTS_H_
