#include "tests/support/chaos_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tenuto::testing {
namespace {

// HTTP/2 (RFC 9113, section 4.1): length (3 bytes), type, flags, stream.
constexpr std::size_t kFrameHeadBytes = 9;
constexpr char kDataFrame = 0;

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int NewSocket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_GE(socket, 0);
  return socket;
}

bool SendAll(int socket, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// What is there; empty at the end.
std::string Receive(int socket) {
  std::string bytes(1 << 16, '\0');
  const ssize_t count = ::recv(socket, bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

int PortOf(const std::string& address) {
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  return port;
}

}  // namespace

class ChaosProxy::Connection {
 public:
  Connection(int client, int server) : client_(client), server_(server) {}
  ~Connection() {
    ::close(client_);
    ::close(server_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int client() const { return client_; }
  // None any more once an answer was swallowed.
  int server() const { return is_ending_ ? -1 : server_; }

  // Each is false when the connection is over.
  bool ForwardRequests() const {
    const std::string bytes = Receive(client_);
    return !bytes.empty() && (is_ending_ || SendAll(server_, bytes));
  }
  // Whole frames; of an answer's data `swallows` decides.
  bool ForwardAnswers(const std::function<bool()>& swallows) {
    const std::string bytes = Receive(server_);
    pending_ += bytes;
    std::string whole;
    while (pending_.size() >= kFrameHeadBytes &&
           pending_.size() >= FrameBytes()) {
      if (pending_[3] == kDataFrame && swallows()) {
        return SendAll(client_, whole) && End();
      }
      whole += pending_.substr(0, FrameBytes());
      pending_.erase(0, FrameBytes());
    }
    return SendAll(client_, whole) && !bytes.empty();
  }

 private:
  // A close with requests still unread would be a reset, which takes back even
  // what was delivered: so the client is told and closes first.
  bool End() {
    is_ending_ = true;
    ::shutdown(server_, SHUT_RDWR);
    return ::shutdown(client_, SHUT_WR) == 0;
  }
  std::size_t FrameBytes() const {
    std::size_t length = 0;
    for (int k = 0; k < 3; ++k) {
      length = length << 8 | static_cast<unsigned char>(
                                 pending_[static_cast<std::size_t>(k)]);
    }
    return kFrameHeadBytes + length;
  }

  const int client_;
  const int server_;
  bool is_ending_ = false;
  std::string pending_;
};

ChaosProxy::ChaosProxy(const std::string& upstream, const ChaosOptions& options)
    : upstream_port_(PortOf(upstream)),
      options_(options),
      listener_(NewSocket()),
      draws_(options.seed) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_, generic, size), 0);
  EXPECT_EQ(::listen(listener_, 128), 0);
  EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
  address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  EXPECT_EQ(::pipe2(wake_, O_CLOEXEC), 0);
  thread_ = std::thread([this] { Relay(); });
}

ChaosProxy::~ChaosProxy() {
  ::close(wake_[1]);
  thread_.join();
  ::close(wake_[0]);
  ::close(listener_);
}

void ChaosProxy::Accept() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = NewSocket();
  const int on = 1;
  for (const int socket : {client, server}) {
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  const sockaddr_in address = Loopback(upstream_port_);
  // A server that is gone is a connection that ends at once.
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address),
                sizeof address) != 0) {
    ::shutdown(server, SHUT_RDWR);
  }
  connections_.emplace_back(client, server);
}

bool ChaosProxy::SwallowsNext() {
  if (in_a_row_ < options_.in_a_row_max &&
      draws_.Chance(options_.swallowed_share)) {
    ++in_a_row_;
    ++swallowed_;
    return true;
  }
  in_a_row_ = 0;
  ++delivered_;
  return false;
}

void ChaosProxy::Relay() {
  for (;;) {
    std::vector<pollfd> polled = {{wake_[0], POLLIN, 0},
                                  {listener_, POLLIN, 0}};
    for (const Connection& connection : connections_) {
      polled.push_back({connection.client(), POLLIN, 0});
      polled.push_back({connection.server(), POLLIN, 0});
    }
    ::poll(polled.data(), polled.size(), -1);
    if (polled[0].revents != 0) break;
    std::size_t k = 2;
    for (auto at = connections_.begin(); k < polled.size(); k += 2) {
      const bool goes_on =
          (polled[k].revents == 0 || at->ForwardRequests()) &&
          (polled[k + 1].revents == 0 ||
           at->ForwardAnswers([this] { return SwallowsNext(); }));
      at = goes_on ? std::next(at) : connections_.erase(at);
    }
    if (polled[1].revents != 0) Accept();
  }
  connections_.clear();
}

}  // namespace tenuto::testing
