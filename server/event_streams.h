// The open StreamEvents calls: each answers its batches in the order sent, and
// all of them end politely when the server drains.
#ifndef TENUTO_SERVER_EVENT_STREAMS_H_
#define TENUTO_SERVER_EVENT_STREAMS_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "server/calls.h"
#include "server/open_streams.h"
#include "server/stream_call.h"
#include "tenuto/v1/ingest.pb.h"

namespace tenuto {

// Thread-safe. Must outlive its streams.
class EventStreams {
 public:
  using Call = StreamCall<v1::IngestEventsRequest, v1::IngestEventsResponse>;
  // Takes in one batch and calls back, once, from any thread. May take the
  // request apart.
  using Done = std::function<void(const absl::Status&)>;
  using TakeIn = std::function<void(v1::IngestEventsRequest&,
                                    v1::IngestEventsResponse&, const Done&)>;

  EventStreams(Calls& calls, TakeIn take_in);
  ~EventStreams();

  // A stream that waits for its producer.
  std::shared_ptr<Call> Make();

  // Ends idle streams now, busy ones once their batch is answered, new ones at
  // once, all with kUnavailable: producers repeat elsewhere.
  void Drain();

 private:
  class Stream;

  Calls& calls_;
  const TakeIn take_in_;
  OpenStreams<Stream> open_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_EVENT_STREAMS_H_
