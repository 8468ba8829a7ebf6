// How many events came too late for a signal: their day is before what a state
// keeps. They are in the log, and change only what is kept for ever.
#ifndef TENUTO_FEATURES_LATE_EVENTS_H_
#define TENUTO_FEATURES_LATE_EVENTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "features/catalogue.h"

namespace tenuto {

// Thread-safe. `catalogue` must outlive it.
class LateEvents {
 public:
  explicit LateEvents(const Catalogue& catalogue)
      : catalogue_(catalogue), counts_(catalogue.signals().size()) {}

  // `signals`: their places in the catalogue's list, one for each event that a
  // signal missed. Once what missed it is durable: a failed commit is repeated.
  void Count(const std::vector<int>& signals) {
    for (const int signal : signals) {
      counts_[static_cast<std::size_t>(signal)].fetch_add(
          1, std::memory_order_relaxed);
    }
  }

  // Names of the signals that missed events, in the catalogue's order.
  std::vector<std::pair<std::string, std::uint64_t>> Counts() const {
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    for (std::size_t k = 0; k < counts_.size(); ++k) {
      const std::uint64_t count = counts_[k].load(std::memory_order_relaxed);
      if (count == 0) continue;
      counts.emplace_back(catalogue_.signals()[k].declaration.name(), count);
    }
    return counts;
  }

 private:
  const Catalogue& catalogue_;
  std::vector<std::atomic<std::uint64_t>> counts_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LATE_EVENTS_H_
