#include "server/worker_pool.h"

#include <utility>

namespace tenuto {

WorkerPool::WorkerPool(int threads, std::size_t queue_max) : queue_(queue_max) {
  for (int k = 0; k < threads; ++k) {
    threads_.emplace_back([this] {
      for (++free_; auto work = queue_.Pop(); ++free_) (*work)();
    });
  }
}

WorkerPool::~WorkerPool() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::TryRun(std::function<void()> work) {
  --free_;
  const bool taken = queue_.TryPush(std::move(work));
  if (!taken) ++free_;
  return taken;
}

bool WorkerPool::TryRunNow(std::function<void()> work) {
  return free_ > 0 && TryRun(std::move(work));
}

}  // namespace tenuto
