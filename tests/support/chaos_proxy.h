// A relay on the loopback between clients and a gRPC server that swallows
// answers: by a seeded draw it closes the connection when an answer comes back,
// so that the call had its effect and the caller does not know.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_CHAOS_PROXY_H_
#define TENUTO_TESTS_SUPPORT_CHAOS_PROXY_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "tests/support/random_events.h"

namespace tenuto::testing {

struct ChaosOptions {
  std::uint64_t seed = 1;
  double swallowed_share = 0.7;  // Of answers.
  int in_a_row_max = 4;          // Then one is let through.
};

class ChaosProxy {
 public:
  // `upstream` is "127.0.0.1:PORT".
  ChaosProxy(const std::string& upstream, const ChaosOptions& options);
  // Closes every connection.
  ~ChaosProxy();
  ChaosProxy(const ChaosProxy&) = delete;
  ChaosProxy& operator=(const ChaosProxy&) = delete;

  const std::string& address() const { return address_; }
  int swallowed() const { return swallowed_; }
  int delivered() const { return delivered_; }

 private:
  class Connection;

  // Relays until `wake_` is closed.
  void Relay();
  void Accept();
  bool SwallowsNext();

  const int upstream_port_;
  const ChaosOptions options_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::string address_;
  std::atomic<int> swallowed_ = 0;
  std::atomic<int> delivered_ = 0;
  // The rest is the relaying thread's.
  Draws draws_;
  int in_a_row_ = 0;
  std::list<Connection> connections_;
  std::thread thread_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_CHAOS_PROXY_H_
