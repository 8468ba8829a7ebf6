// What a set of columns wants from the daily tiles and sketches of a state:
// the windows, the half-lives and which signals decay with which. Made once a
// feature plan, so that a state is read in one pass.
#ifndef TENUTO_FEATURES_WINDOW_PLAN_H_
#define TENUTO_FEATURES_WINDOW_PLAN_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "features/catalogue.h"

namespace tenuto {

// A sum that forgets: of a daily slot's tiles, or of the days that have one.
struct Decay {
  int slot = 0;
  double half_life_days = 0;
  bool count_days = false;
  friend auto operator<=>(const Decay&, const Decay&) = default;
};

// Thread-safe: immutable after construction.
class WindowPlan {
 public:
  struct SlotDecay {
    int half_life = 0;  // Index in half_lives().
    bool count_days = false;
  };

  // Repeated lengths and decays count once. `daily` is StateLayout::daily. At
  // most kWindowsMax windows of at most kHistoryDays and kDecaysMax decays,
  // which the catalogue sees to.
  WindowPlan(int daily, std::vector<int> windows_days,
             std::vector<Decay> decays);

  absl::Span<const int> windows() const { return windows_; }  // Rising.
  int IndexOfWindow(int days) const;
  int IndexOfDecay(const Decay& decay) const;

  // The first window with a day of this age, windows().size() if none has.
  int FirstWindowOfAge(int age) const {
    return age < 0 ? 0
                   : first_window_[static_cast<std::size_t>(
                         age < kHistoryDays ? age : kHistoryDays)];
  }
  absl::Span<const double> half_lives() const { return half_lives_; }  // Days.
  // 2^(-age / half-life) of each half-life, side by side since one day's tiles
  // want them all; 0 of an age that is not kept.
  const double* PowersOfAge(int age) const {
    const std::size_t row =
        static_cast<std::size_t>(age < kHistoryDays ? age : kHistoryDays);
    return powers_.data() + row * half_lives_.size();
  }
  // All decays by rising slot; those of a slot are [first, first of the next).
  absl::Span<const SlotDecay> decays() const { return slot_decays_; }
  absl::Span<const int> first_decays() const { return first_decay_; }
  int FirstDecayOf(int slot) const {
    return first_decay_[static_cast<std::size_t>(slot)];
  }

 private:
  std::vector<int> windows_;
  std::array<std::uint8_t, kHistoryDays + 1> first_window_{};
  std::vector<Decay> decays_;
  std::vector<SlotDecay> slot_decays_;
  std::vector<int> first_decay_;
  std::vector<double> half_lives_;
  std::vector<double> powers_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_WINDOW_PLAN_H_
