// Progress of long work on standard error: on a terminal one line, rewritten at
// most 5 times a second; elsewhere, as in a log file, a line a minute, so that
// short work is silent and scripts read stable output. Not thread-safe.
#ifndef TENUTO_TRAINING_PROGRESS_H_
#define TENUTO_TRAINING_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "features/base/clock.h"

namespace tenuto {

class Progress {
 public:
  // `what` is a verb phrase ("importing"); `total` 0 when unknown.
  Progress(const Clock& clock, std::string what, std::int64_t total,
           std::string unit);
  ~Progress();  // Clears the line on a terminal.
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update(std::int64_t done);
  double SecondsSinceStart() const;

 private:
  const Clock& clock_;
  const std::string what_;
  const std::int64_t total_;
  const std::string unit_;
  const absl::Time start_;
  absl::Time shown_;
  bool line_stands_ = false;
  const bool on_terminal_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_PROGRESS_H_
