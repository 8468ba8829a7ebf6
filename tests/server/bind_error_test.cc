#include "server/bind_error.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

// Somebody else at a port of the loopback.
class Listener {
 public:
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, any, size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    EXPECT_EQ(::getsockname(socket_, any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  int port() const { return port_; }

 private:
  const int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

absl::Status ErrorAt(const std::string& address) {
  return BindError("metrics_listen", address, "something else");
}

TEST(BindError, SaysThatThePortIsInUseByEachNameOfTheHost) {
  const Listener other;
  for (const char* host : {"127.0.0.1", "localhost", "0.0.0.0"}) {
    const std::string address = absl::StrCat(host, ":", other.port());
    EXPECT_EQ(ErrorAt(address),
              absl::UnavailableError(absl::StrCat(
                  "metrics_listen: cannot bind ", address,
                  ": the port is in use; stop what listens there, or give "
                  "another port by --metrics_listen (0 picks a free one)")));
  }
}

TEST(BindError, SaysThatTheAddressIsNotOfThisMachine) {
  for (const char* address : {"192.0.2.1:7401", "[2001:db8::1]:7401"}) {
    EXPECT_EQ(
        ErrorAt(address),
        absl::InvalidArgumentError(absl::StrCat(
            "metrics_listen: cannot bind ", address,
            ": no interface of this machine has that address; give one of its "
            "own by --metrics_listen, 127.0.0.1 or 0.0.0.0 for all")));
  }
}

TEST(BindError, SaysThatTheHostHasNoAddress) {
  // Longer than a name may be, so that nobody is asked.
  const absl::Status error = ErrorAt(std::string(64, 'h') + ".x:7401");
  EXPECT_TRUE(absl::IsInvalidArgument(error)) << error;
  EXPECT_NE(error.message().find(":7401: the host has no address ("),
            absl::string_view::npos)
      << error;
}

TEST(BindError, SaysWhatElseItMayBeWhereTheAddressIsFree) {
  EXPECT_EQ(ErrorAt("127.0.0.1:0"),
            absl::UnavailableError(
                "metrics_listen: cannot bind 127.0.0.1:0: something else"));
}

}  // namespace
}  // namespace tenuto
