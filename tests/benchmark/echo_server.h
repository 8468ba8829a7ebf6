// A server of our messages that does nothing: it parses the request and answers
// with a response given to it, so that what a call costs in gRPC alone is known
// for each kind of server that gRPC offers. The floor of serving_benchmark.
#ifndef TENUTO_TESTS_BENCHMARK_ECHO_SERVER_H_
#define TENUTO_TESTS_BENCHMARK_ECHO_SERVER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tenuto/v1/scoring.pb.h"

namespace tenuto {

// What is answered, whatever is asked.
struct Answers {
  v1::ScoreRowsResponse rows;
  v1::ScoreUsersResponse users;
};

struct EchoSettings {
  absl::Duration spin;  // The thread looks for so long before it sleeps.
  bool our_channels = false;
};

// Thread-safe.
class EchoServer {
 public:
  virtual ~EchoServer() = default;
  // Binds a port of 127.0.0.1. `kind` is "async" (one thread at one completion
  // queue, as our server), "callback" or "sync"; else null. Settings are of the
  // first.
  static std::unique_ptr<EchoServer> Start(absl::string_view kind,
                                           const Answers& answers,
                                           const EchoSettings& settings = {});
  virtual int port() const = 0;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_ECHO_SERVER_H_
