// The open streams of a method, so that all of them can be told when the server
// drains. A stream has Start() and Drain(), and says when gRPC is done with it.
#ifndef TENUTO_SERVER_OPEN_STREAMS_H_
#define TENUTO_SERVER_OPEN_STREAMS_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace tenuto {

// Thread-safe. Must outlive its streams.
template <typename Stream>
class OpenStreams {
 public:
  // Starts it, or drains it at once when the others were told to.
  void Open(std::shared_ptr<Stream> owned) ABSL_LOCKS_EXCLUDED(mutex_) {
    Stream* const stream = owned.get();
    const absl::MutexLock lock(&mutex_);
    open_.emplace(stream, std::move(owned));
    if (draining_) {
      stream->Drain();
    } else {
      stream->Start();
    }
  }

  void Drain() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<std::shared_ptr<Stream>> streams;
    {
      const absl::MutexLock lock(&mutex_);
      draining_ = true;
      for (const auto& [stream, owned] : open_) streams.push_back(owned);
    }
    // Without the lock: gRPC may be done with one inside the call.
    for (const auto& stream : streams) stream->Drain();
  }

  void Forget(Stream* stream) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::shared_ptr<Stream> gone;  // Destroyed after the lock is released.
    const absl::MutexLock lock(&mutex_);
    const auto at = open_.find(stream);
    gone = std::move(at->second);
    open_.erase(at);
  }

 private:
  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<Stream*, std::shared_ptr<Stream>> open_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_OPEN_STREAMS_H_
