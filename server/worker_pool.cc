#include "server/worker_pool.h"

#include <utility>

namespace tenuto {

WorkerPool::WorkerPool(int threads, std::size_t queue_max) : queue_(queue_max) {
  for (int k = 0; k < threads; ++k) {
    threads_.emplace_back([this] {
      while (auto work = queue_.Pop()) (*work)();
    });
  }
}

WorkerPool::~WorkerPool() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::TryRun(std::function<void()> work) {
  return queue_.TryPush(std::move(work));
}

}  // namespace tenuto
