#include "features/signal_fold.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

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
  // Alike steps one after another: one loop for each kind.
  for (Plan& plan : plans_) {
    std::stable_sort(
        plan.steps.begin(), plan.steps.end(),
        [](const Step& a, const Step& b) { return a.keep < b.keep; });
    for (const Step& step : plan.steps) ++plan.count[Index(step.keep)];
    std::exclusive_scan(plan.count.begin(), plan.count.end(),
                        plan.first.begin(), std::size_t{0});
  }
}

void SignalFold::AddSteps(const Signal& signal, int place,
                          absl::string_view event) {
  Plan& plan = plans_[Index(Valid(FindPayload(event)))];
  Step step{signal.declaration.keep(), signal.slot, place, {}};
  if (!signal.declaration.measure().empty()) {
    step.measure = Valid(FindField(event, signal.declaration.measure()));
    step.fields = std::uint64_t{1} << step.measure.slot;
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

template <typename Visit>
void SignalFold::Plan::ForEach(v1::Keep keep, const EventView& event,
                               std::uint64_t held, Visit visit) const {
  const std::uint64_t missing = ~event.present();
  const Step* step = steps.data() + first[Index(keep)];
  const Step* const end = step + count[Index(keep)];
  for (; step != end; ++step) {
    if (((step->needs & ~held) | (step->fields & missing)) == 0) {
      visit(*step, Index(step->slot));
    }
  }
}

void SignalFold::VisitMissed(const EventView& event, const UserState& state,
                             absl::FunctionRef<void(int)> visit) const {
  if (state.newest_day == kNoDay ||
      DayOf(event.time_us()) > state.newest_day - kHistoryDays) {
    return;
  }
  const Plan& plan = plans_[Index(event.payload())];
  const std::uint64_t held = plan.Held(event);
  const auto visit_step = [&](const Step& step, auto) { visit(step.signal); };
  plan.ForEach(v1::KEEP_DAILY_SUM, event, held, visit_step);
  plan.ForEach(v1::KEEP_DISTINCT, event, held, visit_step);
}

void SignalFold::Apply(const EventView& event, std::uint64_t position,
                       UserState& state) const {
  const int day = DayOf(event.time_us());
  state.newest_day = std::max(state.newest_day, day);
  state.applied_through = std::max(state.applied_through, position);
  const Plan& plan = plans_[Index(event.payload())];
  const std::uint64_t held = plan.Held(event);
  const auto count_of = [&](const Step& step) {
    return step.fields == 0 ? 1 : event.number(step.measure.slot);
  };
  // Made on first use, so that an event of no daily signal makes no tile.
  std::int64_t* tiles = nullptr;
  plan.ForEach(v1::KEEP_DAILY_SUM, event, held, [&](const Step& step, auto at) {
    if (tiles == nullptr) tiles = state.Day(day);
    if (tiles == nullptr) return;  // Older than the kept history.
    tiles[at] = WrappingAdd(tiles[at], count_of(step));
  });
  plan.ForEach(v1::KEEP_TOTAL, event, held, [&](const Step& step, auto at) {
    state.totals[at] = WrappingAdd(state.totals[at], count_of(step));
  });
  plan.FoldTimes(event, held, state);
  plan.FoldLatest(event, held, state);
  if (day <= state.newest_day - kHistoryDays) return;
  plan.ForEach(v1::KEEP_DISTINCT, event, held, [&](const Step& step, auto at) {
    const FieldSlot measure = step.measure.slot;
    state.sketches[at].Add(step.measure.is_text ? HashOf(event.text(measure))
                                                : HashOf(event.number(measure)),
                           day);
  });
}

void SignalFold::Plan::FoldTimes(const EventView& event, std::uint64_t held,
                                 UserState& state) const {
  ForEach(v1::KEEP_LAST_TIME, event, held, [&](const Step&, auto at) {
    state.last_times[at] = std::max(state.last_times[at], event.time_us());
  });
  ForEach(v1::KEEP_FIRST_TIME, event, held, [&](const Step& step, auto at) {
    const std::int64_t time_us =
        step.fields == 0 ? event.time_us()
                         : SecondsToUs(event.number(step.measure.slot));
    std::int64_t& first_time = state.first_times[at];
    first_time = first_time == kNever ? time_us : std::min(first_time, time_us);
  });
}

void SignalFold::Plan::FoldLatest(const EventView& event, std::uint64_t held,
                                  UserState& state) const {
  ForEach(v1::KEEP_LAST_VALUE, event, held, [&](const Step& step, auto at) {
    const Latest latest{event.time_us(), event.sequence(),
                        event.number(step.measure.slot)};
    if (state.last_values[at] < latest) state.last_values[at] = latest;
  });
  ForEach(v1::KEEP_LAST_TEXT, event, held, [&](const Step& step, auto at) {
    LatestText latest{event.time_us(), event.sequence(),
                      std::string(event.text(step.measure.slot))};
    if (state.last_texts[at] < latest) state.last_texts[at] = std::move(latest);
  });
  ForEach(v1::KEEP_RECENT, event, held, [&](const Step& step, auto) {
    state.AddRecent(step.slot,
                    {event.time_us(), HashOf(event.text(step.measure.slot))});
  });
}

}  // namespace tenuto
