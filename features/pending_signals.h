// Signals that miss the past: new ones, and ones declared otherwise under an
// old id, until the log was folded again.
// Thread-safe: immutable.
#ifndef TENUTO_FEATURES_PENDING_SIGNALS_H_
#define TENUTO_FEATURES_PENDING_SIGNALS_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace tenuto {

class PendingSignals {
 public:
  PendingSignals() = default;
  explicit PendingSignals(std::vector<std::uint32_t> ids)
      : ids_(std::move(ids)) {
    std::sort(ids_.begin(), ids_.end());
  }

  bool empty() const { return ids_.empty(); }
  const std::vector<std::uint32_t>& ids() const { return ids_; }  // Rising.
  bool Has(std::uint32_t signal_id) const {
    return std::binary_search(ids_.begin(), ids_.end(), signal_id);
  }

 private:
  std::vector<std::uint32_t> ids_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_PENDING_SIGNALS_H_
