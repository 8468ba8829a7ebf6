// The write side of the catalogue: one function from (state, event) to state.
// Ingest, recovery and offline replay all call this and nothing else.
#ifndef TENUTO_FEATURES_SIGNAL_FOLD_H_
#define TENUTO_FEATURES_SIGNAL_FOLD_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "features/catalogue.h"
#include "features/event_condition.h"
#include "features/event_view.h"
#include "features/user_state.h"

namespace tenuto {

// Thread-safe: immutable.
class SignalFold {
 public:
  explicit SignalFold(const Catalogue& catalogue);

  // Total and order-insensitive: any order of the same events gives the same
  // encoded state. An event older than the kept history changes only signals
  // that keep for ever (totals, newest, oldest).
  void Apply(const EventView& event, std::uint64_t position,
             UserState& state) const;

  // Visits each signal, by its place in the catalogue, that `event` would have
  // changed had it come while `state` still kept its day; of an event that is
  // not late, none.
  void VisitMissed(const EventView& event, const UserState& state,
                   absl::FunctionRef<void(int signal)> visit) const;

  const StateLayout& layout() const { return layout_; }

 private:
  struct Step {
    v1::Keep keep;
    int slot;
    int signal;  // Its place in the catalogue.
    FieldRef measure;
    std::uint64_t needs = 0;   // A bit for each condition that must hold.
    std::uint64_t fields = 0;  // A bit for each field that must be there.
  };
  // What a payload changes. Signals share conditions, looked at once an event.
  struct Plan {
    std::vector<EventCondition> conditions;  // At most 64.
    std::vector<std::string> declared;       // Each of them, for the next.
    std::vector<Step> steps;                 // By rising keep.
    std::array<std::size_t, v1::Keep_ARRAYSIZE> first{};  // Of each keep,
    std::array<std::size_t, v1::Keep_ARRAYSIZE> count{};  // and how many.

    std::uint64_t NumberOf(absl::string_view event,
                           const v1::Condition& declaration);
    std::uint64_t Held(const EventView& event) const;
    // Visits the steps of `keep` whose conditions hold and whose measure the
    // event carries: one that it does not is unknown, not zero.
    template <typename Visit>
    void ForEach(v1::Keep keep, const EventView& event, std::uint64_t held,
                 Visit visit) const;
    void FoldTimes(const EventView& event, std::uint64_t held,
                   UserState& state) const;
    void FoldLatest(const EventView& event, std::uint64_t held,
                    UserState& state) const;
  };
  void AddSteps(const Signal& signal, int place, absl::string_view event);

  StateLayout layout_;
  std::array<Plan, 128> plans_;  // By payload number.
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_SIGNAL_FOLD_H_
