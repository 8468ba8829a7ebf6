// The most memory this process has held so far, for reports of long work.
// Thread-safe.
#ifndef TENUTO_TRAINING_PEAK_MEMORY_H_
#define TENUTO_TRAINING_PEAK_MEMORY_H_

#include <sys/resource.h>

#include <cstdint>

namespace tenuto {

inline std::int64_t PeakMemoryBytes() {
  struct rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

}  // namespace tenuto

#endif  // TENUTO_TRAINING_PEAK_MEMORY_H_
