// The open StreamEvents calls: each answers its batches in the order sent, and
// all of them end politely when the server drains.
#ifndef TENUTO_SERVER_EVENT_STREAMS_H_
#define TENUTO_SERVER_EVENT_STREAMS_H_

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls.h"
#include "tenuto/v1/ingest.pb.h"

namespace tenuto {

// Thread-safe. Must outlive its streams.
class EventStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<v1::IngestEventsRequest,
                                          v1::IngestEventsResponse>;
  // Takes in one batch and calls back, once, from any thread. May take the
  // request apart.
  using Done = std::function<void(const absl::Status&)>;
  using TakeIn = std::function<void(v1::IngestEventsRequest&,
                                    v1::IngestEventsResponse&, const Done&)>;

  EventStreams(Calls& calls, TakeIn take_in);
  ~EventStreams();

  Reactor* Open() ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends idle streams now, busy ones once their batch is answered, new ones at
  // once, all with kUnavailable: producers repeat elsewhere.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Stream;
  void Forget(Stream* stream) ABSL_LOCKS_EXCLUDED(mutex_);

  Calls& calls_;
  const TakeIn take_in_;
  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<Stream*, std::shared_ptr<Stream>> open_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_EVENT_STREAMS_H_
