// Labels as data: did this user leave within the horizon after the snapshot?
#ifndef TENUTO_TRAINING_LABELER_H_
#define TENUTO_TRAINING_LABELER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/event_condition.h"
#include "features/ledger.h"
#include "tenuto/v1/label.pb.h"

namespace tenuto {

// Thread-safe: immutable.
class Labeler {
 public:
  // One of the labels compiled into this program. kInvalidArgument lists them.
  static absl::StatusOr<Labeler> Named(absl::string_view name);
  static absl::StatusOr<Labeler> Create(const v1::Label& declaration);

  const v1::Label& declaration() const { return declaration_; }

  // What happened to one user, and when we learned of it, reduced to what
  // labels need. Rising by event time.
  struct Moment {
    std::int64_t event_us = 0;
    std::int64_t known_us = 0;
  };
  struct Timeline {
    std::vector<Moment> happened;
    std::vector<Moment> undone;
  };
  Timeline Read(absl::Span<const LoggedEvent> events) const;

  // Whether some `happens` lies in (snapshot, snapshot + horizon] with no
  // `unless` after it, up to snapshot + horizon; of events known by `known_by`
  // only. Times of happening are event times.
  static bool IsPositive(const Timeline& timeline, absl::Time snapshot,
                         absl::Duration horizon, absl::Time known_by);

 private:
  struct Pattern {
    int payload;
    std::vector<EventCondition> conditions;
    bool Matches(const EventView& event) const;
  };
  Labeler() = default;
  static absl::StatusOr<std::vector<Pattern>> CompilePatterns(
      absl::string_view label,
      const google::protobuf::RepeatedPtrField<v1::EventPattern>& patterns);

  v1::Label declaration_;
  std::vector<Pattern> happens_;
  std::vector<Pattern> unless_;
  std::vector<int> payloads_;  // Of all patterns.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_LABELER_H_
