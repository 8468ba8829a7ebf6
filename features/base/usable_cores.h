// How many cores this process may run on: fewer than the machine has where it
// is held to some, by a container or by taskset, which the standard library's
// count leaves out.
// Thread-safe.
#ifndef TENUTO_FEATURES_BASE_USABLE_CORES_H_
#define TENUTO_FEATURES_BASE_USABLE_CORES_H_

#include <sched.h>

#include <algorithm>
#include <thread>

namespace tenuto {

// At least 1.
inline int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int count = ::sched_getaffinity(0, sizeof cores, &cores) == 0
                        ? CPU_COUNT(&cores)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, count);
}

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_USABLE_CORES_H_
