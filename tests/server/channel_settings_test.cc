#include "server/channel_settings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tenuto/v1/scoring.grpc.pb.h"

namespace tenuto {
namespace {

// A connection that begins as HTTP/2 does and never answers anything, as one
// whose peer lost its power.
class SilentConnection {
 public:
  explicit SilentConnection(int port)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address),
                        sizeof address),
              0);
    const timeval longest{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    // The preface, and a frame of settings without any.
    const std::string hello =
        absl::StrCat("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                     absl::string_view("\0\0\0\4\0\0\0\0\0", 9));
    EXPECT_EQ(::send(socket_, hello.data(), hello.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(hello.size()));
  }
  ~SilentConnection() { ::close(socket_); }
  SilentConnection(const SilentConnection&) = delete;
  SilentConnection& operator=(const SilentConnection&) = delete;

  // Whether the server ends it, within 20 s without a byte from there.
  bool IsEnded() const {
    std::array<char, 512> bytes;
    ssize_t got = 1;
    while (got > 0) got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    return got == 0 || errno == ECONNRESET;
  }

 private:
  const int socket_;
};

TEST(ChannelSettings, EndTheConnectionOfWhoIsGoneAndOfNobodyElse) {
  constexpr absl::Duration kPatience = absl::Milliseconds(300);
  v1::Scoring::Service methods;  // Each says that it is not there.
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&methods);
  MakeChannelSettings(builder, kPatience);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", port),
                                           grpc::InsecureChannelCredentials());
  ASSERT_TRUE(channel->WaitForConnected(
      absl::ToChronoTime(Clock::Real().Now() + absl::Seconds(20))));

  for (int pings = 0; pings < 3; ++pings) {
    EXPECT_TRUE(SilentConnection(port).IsEnded());
  }
  EXPECT_EQ(channel->GetState(false), GRPC_CHANNEL_READY);
}

}  // namespace
}  // namespace tenuto
