// How this process uses Abseil: what its defaults would cost a server.
// Not thread-safe: to be made once, before there are threads.
#ifndef TENUTO_SERVER_PROCESS_SETTINGS_H_
#define TENUTO_SERVER_PROCESS_SETTINGS_H_

#include "absl/synchronization/mutex.h"

namespace tenuto {

inline void MakeProcessSettings() {
  // Where Abseil is built with checks it looks for deadlocks at every lock,
  // gRPC's own among them; tests do that, a server only pays.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace tenuto

#endif  // TENUTO_SERVER_PROCESS_SETTINGS_H_
