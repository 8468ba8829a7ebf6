#include "features/signal_fold.h"

#include <algorithm>

#include "features/base/log.h"
#include "features/state_codec.h"
#include "google/protobuf/descriptor.h"
#include "tenuto/v1/event.pb.h"
// Hashing three short texts an event is worth having inline.
#define XXH_INLINE_ALL
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

std::size_t Index(int n) { return static_cast<std::size_t>(n); }

std::uint64_t HashOf(absl::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

std::uint64_t HashOf(std::int64_t number) {
  return XXH3_64bits(&number, sizeof number);
}

// The declaration was validated by Catalogue::Create.
template <typename T>
T Valid(absl::StatusOr<T> value) {
  TENUTO_CHECK(value.ok(), value.status().ToString());
  return *std::move(value);
}

// Seconds too far from now for microseconds are as far as those go.
std::int64_t SecondsToUs(std::int64_t seconds) {
  constexpr std::int64_t kSecondsMax = 9'000'000'000'000;
  return std::clamp(seconds, -kSecondsMax, kSecondsMax) * kSecondUs;
}

}  // namespace

SignalFold::SignalFold(const Catalogue& catalogue) : layout_(catalogue) {
  const auto* payload = v1::Event::descriptor()->oneof_decl(0);
  for (std::size_t place = 0; place < catalogue.signals().size(); ++place) {
    const Signal& signal = catalogue.signals()[place];
    const auto& events = signal.declaration.event();
    for (int k = 0; k < payload->field_count(); ++k) {
      const std::string& event = payload->field(k)->name();
      if (events.empty() ||
          std::find(events.begin(), events.end(), event) != events.end()) {
        AddSteps(signal, static_cast<int>(place), event);
      }
    }
  }
  // Alike steps one after another, which a processor predicts better.
  for (Plan& plan : plans_) {
    std::stable_sort(
        plan.steps.begin(), plan.steps.end(),
        [](const Step& a, const Step& b) { return a.keep < b.keep; });
  }
}

void SignalFold::AddSteps(const Signal& signal, int place,
                          absl::string_view event) {
  Plan& plan = plans_[Index(Valid(FindPayload(event)))];
  Step step{signal.declaration.keep(), signal.slot, place, {}, 0};
  if (!signal.declaration.measure().empty()) {
    step.measure = Valid(FindField(event, signal.declaration.measure()));
  }
  for (const v1::Condition& condition : signal.declaration.where()) {
    step.needs |= std::uint64_t{1} << plan.NumberOf(event, condition);
  }
  plan.steps.push_back(step);
}

std::uint64_t SignalFold::Plan::NumberOf(absl::string_view event,
                                         const v1::Condition& declaration) {
  const std::string text = declaration.SerializeAsString();
  const auto known = std::find(declared.begin(), declared.end(), text);
  const auto number = static_cast<std::uint64_t>(known - declared.begin());
  if (known != declared.end()) return number;
  TENUTO_CHECK(number < 64, "more than 64 conditions on one kind of event");
  declared.push_back(text);
  conditions.push_back(Valid(EventCondition::Compile(event, declaration)));
  return number;
}

std::uint64_t SignalFold::Plan::Held(const EventView& event) const {
  std::uint64_t held = 0;
  for (std::size_t k = 0; k < conditions.size(); ++k) {
    held |= std::uint64_t{conditions[k].Holds(event)} << k;
  }
  return held;
}

std::int64_t SignalFold::CountOf(const Step& step, const EventView& event) {
  return step.measure.slot == kNoField ? 1 : event.number(step.measure.slot);
}

void SignalFold::VisitMissed(const EventView& event, const UserState& state,
                             absl::FunctionRef<void(int)> visit) const {
  if (state.newest_day == kNoDay ||
      DayOf(event.time_us()) > state.newest_day - kHistoryDays) {
    return;
  }
  const Plan& plan = plans_[Index(event.payload())];
  const std::uint64_t held = plan.Held(event);
  for (const Step& step : plan.steps) {
    const bool has_days =
        step.keep == v1::KEEP_DAILY_SUM || step.keep == v1::KEEP_DISTINCT;
    const FieldSlot measure = step.measure.slot;
    const bool is_known = step.keep == v1::KEEP_DAILY_SUM ||
                          measure == kNoField || event.has(measure);
    if (has_days && is_known && Holds(step, held)) visit(step.signal);
  }
}

void SignalFold::Apply(const EventView& event, std::uint64_t position,
                       UserState& state) const {
  const int day = DayOf(event.time_us());
  state.newest_day = std::max(state.newest_day, day);
  state.applied_through = std::max(state.applied_through, position);
  // Made on first use, so that an event of no daily signal makes no tile.
  std::int64_t* tiles = nullptr;
  const Plan& plan = plans_[Index(event.payload())];
  const std::uint64_t held = plan.Held(event);
  for (const Step& step : plan.steps) {
    if (!Holds(step, held)) continue;
    if (step.keep == v1::KEEP_DAILY_SUM) {
      if (tiles == nullptr) tiles = state.Day(day);
      if (tiles == nullptr) continue;
      tiles[step.slot] = WrappingAdd(tiles[step.slot], CountOf(step, event));
      continue;
    }
    Fold(step, event, day, state);
  }
}

void SignalFold::Fold(const Step& step, const EventView& event, int day,
                      UserState& state) const {
  const std::size_t slot = Index(step.slot);
  const FieldSlot measure = step.measure.slot;
  // A measure that the event does not carry is unknown, not zero.
  if (measure != kNoField && !event.has(measure)) return;
  switch (step.keep) {
    case v1::KEEP_TOTAL:
      state.totals[slot] =
          WrappingAdd(state.totals[slot], CountOf(step, event));
      break;
    case v1::KEEP_LAST_TIME:
      state.last_times[slot] =
          std::max(state.last_times[slot], event.time_us());
      break;
    case v1::KEEP_FIRST_TIME: {
      const std::int64_t time_us = measure == kNoField
                                       ? event.time_us()
                                       : SecondsToUs(event.number(measure));
      std::int64_t& first = state.first_times[slot];
      first = first == kNever ? time_us : std::min(first, time_us);
      break;
    }
    case v1::KEEP_LAST_VALUE:
      state.last_values[slot] = std::max(
          state.last_values[slot],
          Latest{event.time_us(), event.sequence(), event.number(measure)});
      break;
    case v1::KEEP_LAST_TEXT: {
      LatestText latest{event.time_us(), event.sequence(),
                        std::string(event.text(measure))};
      if (state.last_texts[slot] < latest) {
        state.last_texts[slot] = std::move(latest);
      }
      break;
    }
    case v1::KEEP_RECENT:
      state.AddRecent(step.slot,
                      {event.time_us(), HashOf(event.text(measure))});
      break;
    case v1::KEEP_DISTINCT:
      if (day > state.newest_day - kHistoryDays) {
        state.sketches[slot].Add(step.measure.is_text
                                     ? HashOf(event.text(measure))
                                     : HashOf(event.number(measure)),
                                 day);
      }
      break;
    default:
      break;
  }
}

}  // namespace tenuto
