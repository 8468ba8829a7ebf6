// How this process uses its C library and Abseil: what their defaults would
// cost a server.
// Not thread-safe: to be made once, before there are threads.
#ifndef TENUTO_SERVER_PROCESS_SETTINGS_H_
#define TENUTO_SERVER_PROCESS_SETTINGS_H_

#include <malloc.h>

#include "absl/synchronization/mutex.h"

namespace tenuto {

inline void MakeProcessSettings() {
  // Where Abseil is built with checks it looks for deadlocks at every lock,
  // gRPC's own among them; tests do that, a server only pays.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // The C library gives memory back as soon as 128 KiB at the end of a heap are
  // free. When a few hundred calls more than usual wait, each then pays for
  // pages given back and asked for again, and a server that fell behind for a
  // moment stays behind. Up to 256 MiB a heap are kept instead; blocks of more
  // than 32 MiB go back at once, as ever.
  ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
  ::mallopt(M_TOP_PAD, 16 << 20);
  // Setting the others has ended its growth from 128 KiB by itself.
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

}  // namespace tenuto

#endif  // TENUTO_SERVER_PROCESS_SETTINGS_H_
