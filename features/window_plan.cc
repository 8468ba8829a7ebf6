#include "features/window_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "features/base/log.h"

namespace tenuto {
namespace {

template <typename T>
std::vector<T> SortedOnce(std::vector<T> all) {
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

template <typename T>
int IndexIn(const std::vector<T>& sorted, const T& wanted) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), wanted);
  TENUTO_CHECK(at != sorted.end() && *at == wanted,
               "a read that the window plan was not made for");
  return static_cast<int>(at - sorted.begin());
}

}  // namespace

WindowPlan::WindowPlan(int daily, std::vector<int> windows_days,
                       std::vector<Decay> decays)
    : windows_(SortedOnce(std::move(windows_days))),
      decays_(SortedOnce(std::move(decays))) {
  TENUTO_CHECK(windows_.size() <= kWindowsMax && decays_.size() <= kDecaysMax,
               "more windows or decays than a reader has room for");
  for (int age = 0; age <= kHistoryDays; ++age) {
    first_window_[static_cast<std::size_t>(age)] = static_cast<std::uint8_t>(
        std::upper_bound(windows_.begin(), windows_.end(), age) -
        windows_.begin());
  }
  for (const Decay& decay : decays_) {
    half_lives_.push_back(decay.half_life_days);
  }
  half_lives_ = SortedOnce(std::move(half_lives_));
  for (int age = 0; age < kHistoryDays; ++age) {
    for (const double days : half_lives_) {
      powers_.push_back(std::exp2(-static_cast<double>(age) / days));
    }
  }
  powers_.resize(powers_.size() + half_lives_.size(), 0.0);
  auto decay = decays_.begin();
  for (int slot = 0; slot <= daily; ++slot) {
    first_decay_.push_back(static_cast<int>(slot_decays_.size()));
    for (; decay != decays_.end() && decay->slot == slot; ++decay) {
      slot_decays_.push_back(
          {IndexIn(half_lives_, decay->half_life_days), decay->count_days});
    }
  }
}

int WindowPlan::IndexOfWindow(int days) const {
  return IndexIn(windows_, days);
}

int WindowPlan::IndexOfDecay(const Decay& decay) const {
  return IndexIn(decays_, decay);
}

}  // namespace tenuto
