#include "training/importers/neighbour_times.h"

#include <algorithm>

namespace tenuto {
namespace {

// A clock that is wrong is wrong for a session of one user; the edge of a log
// of many years, sorted by user, still holds more of the records than this.
constexpr std::int64_t kShare = 16;
// Lines that bear out a time, of the same day or later: as many, or all that
// are left.
constexpr std::size_t kBearingOut = 8;
constexpr std::int64_t kNearUs = 86'400'000'000;

}  // namespace

bool NeighbourTimes::AdmitFirst(std::int64_t lines_before) {
  const std::int64_t time_us = waiting_.front();
  waiting_.pop_front();
  if (!IsNearAdmitted(time_us) && !IsSupported(time_us, lines_before)) {
    return false;
  }
  const bool is_first = admitted_ == AdmittedTimes();
  admitted_.earliest_us =
      is_first ? time_us : std::min(admitted_.earliest_us, time_us);
  admitted_.latest_us = std::max(admitted_.latest_us, time_us);
  if (is_first || (time_us > admitted_.known_us && IsBorneOut(time_us))) {
    admitted_.known_us = time_us;
  }
  return true;
}

// One clock that runs ahead must not make everything behind it late.
bool NeighbourTimes::IsBorneOut(std::int64_t time_us) const {
  const std::size_t after = std::min(waiting_.size(), lines_around_);
  std::size_t needed = std::min(after, kBearingOut);
  for (std::size_t k = 0; k < after && needed > 0; ++k) {
    needed -= waiting_[k] >= time_us - kNearUs;
  }
  return needed == 0;
}

bool NeighbourTimes::IsNearAdmitted(std::int64_t time_us) const {
  return admitted_ != AdmittedTimes() &&
         time_us >= admitted_.earliest_us - gap_max_us_ &&
         time_us <= admitted_.latest_us + gap_max_us_;
}

bool NeighbourTimes::IsSupported(std::int64_t time_us,
                                 std::int64_t lines_before) const {
  // Nothing to compare with speaks against it.
  if (waiting_.empty() && admitted_ == AdmittedTimes()) return true;
  // Before it nothing is near, or it would be near what is admitted.
  const std::size_t after = std::min(waiting_.size(), lines_around_);
  const auto around =
      std::min(lines_before, static_cast<std::int64_t>(lines_around_)) +
      static_cast<std::int64_t>(after);
  const auto near = std::count_if(
      waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(after),
      [&](std::int64_t other_us) {
        return other_us >= time_us - gap_max_us_ &&
               other_us <= time_us + gap_max_us_;
      });
  return near > 0 && near * kShare >= around;
}

}  // namespace tenuto
