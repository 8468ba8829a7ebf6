// One HTTP/2 connection that speaks as much gRPC as a unary call needs, on
// nghttp2: a client that costs a fraction of gRPC's own, has no threads, and
// never waits but where it is told to. So a measurement shows the server, and
// a pause in it is the server's or the machine's.
// Not thread-safe.
#ifndef TENUTO_TESTS_BENCHMARK_HTTP2_CONNECTION_H_
#define TENUTO_TESTS_BENCHMARK_HTTP2_CONNECTION_H_

#include <nghttp2/nghttp2.h>

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tenuto {

// A message as gRPC sends it: a flag, its length, its bytes.
std::string GrpcFrame(const std::string& message);

class Http2Connection {
 public:
  struct Call {
    absl::Time begin;
    const std::string* request = nullptr;  // A GrpcFrame. Outlives the call.
    std::size_t sent = 0;                  // Of its bytes.
    bool is_ok = false;                    // Once it is over.
    std::string answer;                    // A GrpcFrame, where it is kept.
    bool keeps_answer = false;
  };

  // `address` is of the loopback, "127.0.0.1:7400".
  explicit Http2Connection(const std::string& address);
  ~Http2Connection();
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // To be sent with the next Turn. `call` is this connection's until then it
  // comes back from one.
  void Submit(const std::string& method, Call& call);

  // Sends what can be sent, waits at most so long for anything to read, and
  // says which calls are over; good until the next.
  const std::vector<Call*>& Turn(absl::Duration wait);

 private:
  void Send();
  // False where nothing is there.
  bool Read();
  static ssize_t ReadRequest(nghttp2_session* session, std::int32_t stream,
                             std::uint8_t* buffer, std::size_t length,
                             std::uint32_t* flags, nghttp2_data_source* source,
                             void* connection);
  static nghttp2_session_callbacks* Callbacks();

  const std::string address_;
  int socket_ = -1;
  nghttp2_session* session_ = nullptr;
  std::string unsent_;
  std::vector<std::uint8_t> received_;
  std::vector<Call*> over_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_BENCHMARK_HTTP2_CONNECTION_H_
