// Work on many items on all threads whose sums are added in the order of the
// items, so that a result has the same bytes on any number of threads.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_ORDERED_SUM_H_
#define TENUTO_TRAINING_SIMULATION_ORDERED_SUM_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace tenuto {

struct OrderedWork {
  std::int64_t items = 0;
  std::int64_t chunk = 256;  // Items; decides how sums are rounded.
  int threads = 1;
};

// `worker()` makes what one thread works with: a function (from, to, Sum&) ->
// absl::Status that adds the items [from, to) to a sum, which begins as a copy
// of `empty`. Sum has Add(const Sum&). `progress` is told of items done. The
// first error seen ends the work.
template <class Sum, class Worker>
absl::StatusOr<Sum> SumInOrder(const OrderedWork& work, const Sum& empty,
                               const Worker& worker,
                               absl::FunctionRef<void(std::int64_t)> progress) {
  struct Shared {
    absl::Mutex mutex;
    absl::Status status ABSL_GUARDED_BY(mutex);
    std::int64_t next ABSL_GUARDED_BY(mutex) = 0;
    std::int64_t done ABSL_GUARDED_BY(mutex) = 0;
    std::int64_t added ABSL_GUARDED_BY(mutex) = 0;
    std::map<std::int64_t, Sum> waiting ABSL_GUARDED_BY(mutex);
  } shared;
  Sum sum = empty;
  const auto run = [&] {
    auto add_items = worker();
    while (true) {
      std::int64_t from = 0;
      {
        const absl::MutexLock lock(&shared.mutex);
        from = shared.next;
        if (!shared.status.ok() || from >= work.items) return;
        shared.next += work.chunk;
      }
      const std::int64_t to = std::min(from + work.chunk, work.items);
      Sum part = empty;
      const absl::Status status = add_items(from, to, part);
      const absl::MutexLock lock(&shared.mutex);
      shared.status.Update(status);
      shared.waiting.emplace(from, std::move(part));
      for (auto first = shared.waiting.begin();
           first != shared.waiting.end() && first->first == shared.added;
           first = shared.waiting.erase(first), shared.added += work.chunk) {
        sum.Add(first->second);
      }
      shared.done += to - from;
      progress(shared.done);
    }
  };
  std::vector<std::thread> others;
  for (int k = 1; k < work.threads; ++k) others.emplace_back(run);
  run();
  for (std::thread& thread : others) thread.join();
  const absl::MutexLock lock(&shared.mutex);
  if (!shared.status.ok()) return shared.status;
  return sum;
}

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_ORDERED_SUM_H_
