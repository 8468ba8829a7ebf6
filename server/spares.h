// Working memory that calls take, use and give back: the one used last goes
// first, so that it is still in the caches. With one a thread, threads that
// take turns would each bring theirs into the caches anew; and where there are
// as many as cores, what was begun is ended before more is begun. Thread-safe;
// what is taken belongs to its taker.
#ifndef TENUTO_SERVER_SPARES_H_
#define TENUTO_SERVER_SPARES_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tenuto {

template <class T>
class Spares {
 public:
  // Gives it back at its end.
  class Taken {
   public:
    Taken(Spares& from, std::unique_ptr<T> spare)
        : from_(from), spare_(std::move(spare)) {}
    ~Taken() { from_.GiveBack(std::move(spare_)); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    T& operator*() const { return *spare_; }
    T* operator->() const { return spare_.get(); }

   private:
    Spares& from_;
    std::unique_ptr<T> spare_;
  };

  explicit Spares(int count) {
    for (int k = 0; k < count; ++k) spares_.push_back(std::make_unique<T>());
  }

  // As it was left. Waits for one to be spare.
  Taken Take() {
    const absl::MutexLock lock(&mutex_, absl::Condition(this, &Spares::Any));
    std::unique_ptr<T> spare = std::move(spares_.back());
    spares_.pop_back();
    return Taken(*this, std::move(spare));
  }

 private:
  bool Any() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !spares_.empty();
  }
  void GiveBack(std::unique_ptr<T> spare) {
    const absl::MutexLock lock(&mutex_);
    spares_.push_back(std::move(spare));
  }

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<T>> spares_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_SPARES_H_
