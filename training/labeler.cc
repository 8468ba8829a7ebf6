#include "training/labeler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "embedded/labels.textproto.h"
#include "features/base/status_macros.h"
#include "features/base/textproto.h"

namespace tenuto {
namespace {

template <typename Patterns>
bool AnyMatches(const Patterns& patterns, const EventView& event) {
  return std::any_of(
      patterns.begin(), patterns.end(),
      [&](const auto& pattern) { return pattern.Matches(event); });
}

}  // namespace

bool Labeler::Pattern::Matches(const EventView& event) const {
  return event.payload() == payload &&
         std::all_of(conditions.begin(), conditions.end(),
                     [&](const EventCondition& condition) {
                       return condition.Holds(event);
                     });
}

absl::StatusOr<Labeler> Labeler::Named(absl::string_view name) {
  v1::Labels labels;
  TENUTO_RETURN_IF_ERROR(ParseTextproto("training/labels.textproto",
                                        kEmbeddedLabelsTextproto, labels));
  std::vector<std::string> names;
  for (const v1::Label& label : labels.labels()) {
    if (label.name() == name) return Create(label);
    names.push_back(label.name());
  }
  return absl::InvalidArgumentError(
      absl::StrCat("label \"", name,
                   "\" is unknown; there are: ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<Labeler> Labeler::Create(const v1::Label& declaration) {
  Labeler labeler;
  labeler.declaration_ = declaration;
  if (declaration.happens().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "label \"", declaration.name(), "\" says nothing that happens"));
  }
  TENUTO_ASSIGN_OR_RETURN(
      labeler.happens_,
      CompilePatterns(declaration.name(), declaration.happens()));
  TENUTO_ASSIGN_OR_RETURN(
      labeler.unless_,
      CompilePatterns(declaration.name(), declaration.unless()));
  for (const auto* patterns : {&labeler.happens_, &labeler.unless_}) {
    for (const Pattern& pattern : *patterns) {
      labeler.payloads_.push_back(pattern.payload);
    }
  }
  return labeler;
}

absl::StatusOr<std::vector<Labeler::Pattern>> Labeler::CompilePatterns(
    absl::string_view label,
    const google::protobuf::RepeatedPtrField<v1::EventPattern>& patterns) {
  std::vector<Pattern> compiled;
  for (const v1::EventPattern& pattern : patterns) {
    const auto payload = FindPayload(pattern.event());
    if (!payload.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("label \"", label, "\": ", payload.status().message()));
    }
    compiled.push_back({*payload, {}});
    for (const v1::Condition& declaration : pattern.where()) {
      auto condition = EventCondition::Compile(pattern.event(), declaration);
      if (!condition.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "label \"", label, "\": ", condition.status().message()));
      }
      compiled.back().conditions.push_back(*std::move(condition));
    }
  }
  return compiled;
}

Labeler::Timeline Labeler::Read(absl::Span<const LoggedEvent> events) const {
  Timeline timeline;
  EventView view;
  for (const LoggedEvent& event : events) {
    const int payload = PayloadOf(event.event);
    if (std::find(payloads_.begin(), payloads_.end(), payload) ==
            payloads_.end() ||
        !view.Parse(event.event)) {
      continue;
    }
    const Moment moment = {view.time_us(), event.known_time_us};
    if (AnyMatches(happens_, view)) timeline.happened.push_back(moment);
    if (AnyMatches(unless_, view)) timeline.undone.push_back(moment);
  }
  for (auto* moments : {&timeline.happened, &timeline.undone}) {
    std::stable_sort(moments->begin(), moments->end(),
                     [](const Moment& a, const Moment& b) {
                       return a.event_us < b.event_us;
                     });
  }
  return timeline;
}

bool Labeler::IsPositive(const Timeline& timeline, absl::Time snapshot,
                         absl::Duration horizon, absl::Time known_by) {
  const std::int64_t through_us = absl::ToUnixMicros(snapshot + horizon);
  const std::int64_t known_by_us = absl::ToUnixMicros(known_by);
  // The latest of those that lie in (after, through] and are known decides:
  // whatever undoes it undoes the earlier ones too.
  const auto last_known = [&](const std::vector<Moment>& moments,
                              std::int64_t after_us) -> const Moment* {
    const Moment* last = nullptr;
    for (const Moment& moment : moments) {
      if (moment.event_us <= after_us || moment.event_us > through_us) continue;
      if (moment.known_us <= known_by_us) last = &moment;
    }
    return last;
  };
  const Moment* happened =
      last_known(timeline.happened, absl::ToUnixMicros(snapshot));
  return happened != nullptr &&
         last_known(timeline.undone, happened->event_us) == nullptr;
}

}  // namespace tenuto
