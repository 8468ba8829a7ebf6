// Threads for calls that wait for the disk or compute for long. The threads
// that take calls are few: were they to wait for a sync, scoring would wait
// with them.
#ifndef TENUTO_SERVER_WORKER_POOL_H_
#define TENUTO_SERVER_WORKER_POOL_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "features/base/bounded_queue.h"

namespace tenuto {

// Thread-safe.
class WorkerPool {
 public:
  WorkerPool(int threads, std::size_t queue_max);
  // Runs what was taken, then stops.
  ~WorkerPool();

  // False when `queue_max` pieces of work are waiting.
  bool TryRun(std::function<void()> work);
  // False when no thread is free to begin at once.
  bool TryRunNow(std::function<void()> work);

 private:
  // Threads that wait, less the work that waits for them.
  std::atomic<int> free_{0};
  BoundedQueue<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_WORKER_POOL_H_
