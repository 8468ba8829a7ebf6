// Tells a time that some clock made up from a time of the log. One line of 1992
// in a log of 2018 would move the ledger's history and, by the running maximum,
// what was known when of every later event.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_IMPORTERS_NEIGHBOUR_TIMES_H_
#define TENUTO_TRAINING_IMPORTERS_NEIGHBOUR_TIMES_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/time/time.h"

namespace tenuto {

// What has been admitted of a file. Times are microseconds since 1970, 0 while
// there are none.
struct AdmittedTimes {
  std::int64_t earliest_us = 0;
  std::int64_t latest_us = 0;
  // The latest that lines behind it bear out: what was known by then.
  std::int64_t known_us = 0;

  friend bool operator==(const AdmittedTimes&, const AdmittedTimes&) = default;
};

// A time is admitted when it is within `gap_max` of the times admitted before
// it, or when enough of the records that follow, a sixteenth of the
// `lines_around` before and after it, are within `gap_max` of it. So files need
// not be sorted, a log may pause for years, and the first line has no say over
// the others. All the past that counts is in AdmittedTimes: an import that goes
// on with them decides what an uninterrupted one would have.
class NeighbourTimes {
 public:
  NeighbourTimes(absl::Duration gap_max, std::size_t lines_around,
                 AdmittedTimes admitted)
      : gap_max_us_(absl::ToInt64Microseconds(gap_max)),
        lines_around_(lines_around),
        admitted_(admitted) {}

  // The time of the record read last. How far reading is ahead of deciding is
  // for the caller to bound.
  void Append(std::int64_t time_us) { waiting_.push_back(time_us); }

  // Decides about the time that waits longest. `lines_before` stand before its
  // line in the file.
  bool AdmitFirst(std::int64_t lines_before);

  const AdmittedTimes& admitted() const { return admitted_; }

 private:
  bool IsNearAdmitted(std::int64_t time_us) const;
  bool IsBorneOut(std::int64_t time_us) const;
  bool IsSupported(std::int64_t time_us, std::int64_t lines_before) const;

  std::int64_t gap_max_us_;
  std::size_t lines_around_;
  AdmittedTimes admitted_;
  std::deque<std::int64_t> waiting_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_NEIGHBOUR_TIMES_H_
