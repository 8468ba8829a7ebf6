// A queue between threads that never grows beyond its limit: who pushes into a
// full one learns so at once and decides what to lose.
#ifndef TENUTO_FEATURES_BASE_BOUNDED_QUEUE_H_
#define TENUTO_FEATURES_BASE_BOUNDED_QUEUE_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tenuto {

// Thread-safe.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t size_max) : size_max_(size_max) {}

  // False, and `item` is gone, when the queue is full or closed.
  bool TryPush(T item) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (closed_ || items_.size() >= size_max_) return false;
    items_.push_back(std::move(item));
    return true;
  }

  // Waits for an item. Nothing once the queue is closed and empty.
  std::optional<T> Pop() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &BoundedQueue::IsReady));
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  // Waits for an item, then up to `linger` for company until the queue is half
  // full, and takes all. Empty once the queue is closed and empty.
  std::deque<T> PopAll(absl::Duration linger) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &BoundedQueue::IsReady));
    mutex_.AwaitWithTimeout(absl::Condition(this, &BoundedQueue::IsHalfFull),
                            linger);
    return std::exchange(items_, {});
  }

  // Refuses further items; those inside can still be taken.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

 private:
  bool IsReady() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return closed_ || !items_.empty();
  }
  bool IsHalfFull() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return closed_ || items_.size() >= size_max_ - size_max_ / 2;
  }

  const std::size_t size_max_;
  absl::Mutex mutex_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_BASE_BOUNDED_QUEUE_H_
