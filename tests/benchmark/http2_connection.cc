#include "tests/benchmark/http2_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "features/base/log.h"

namespace tenuto {
namespace {

constexpr std::size_t kBufferBytes = 1 << 18;
// More than all answers in flight: the server never waits for our permission.
constexpr std::int32_t kWindowBytes = 1 << 24;

int ConnectTo(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  int port = 0;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  TENUTO_CHECK(
      colon != std::string::npos &&
          absl::SimpleAtoi(address.substr(colon + 1), &port) &&
          ::inet_pton(AF_INET, address.substr(0, colon).c_str(),
                      &to.sin_addr) == 1,
      absl::StrCat("\"", address, "\" is not an IPv4 address and a port"));
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  TENUTO_CHECK(
      ::connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0,
      absl::StrCat("cannot connect to ", address, ": ", std::strerror(errno)));
  return made;
}

nghttp2_nv Header(absl::string_view name, absl::string_view value) {
  const auto bytes = [](absl::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

Http2Connection::Call* CallOf(nghttp2_session* session, std::int32_t stream) {
  return static_cast<Http2Connection::Call*>(
      nghttp2_session_get_stream_user_data(session, stream));
}

}  // namespace

std::string GrpcFrame(const std::string& message) {
  const std::uint32_t length =
      htonl(static_cast<std::uint32_t>(message.size()));
  std::string frame(5, '\0');
  std::memcpy(&frame[1], &length, sizeof length);
  return frame + message;
}

Http2Connection::Http2Connection(const std::string& address)
    : address_(address), socket_(ConnectTo(address)), received_(kBufferBytes) {
  nghttp2_session_callbacks* const callbacks = Callbacks();
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                       kWindowBytes};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &setting, 1);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        kWindowBytes);
}

Http2Connection::~Http2Connection() {
  nghttp2_session_del(session_);
  ::close(socket_);
}

nghttp2_session_callbacks* Http2Connection::Callbacks() {
  nghttp2_session_callbacks* made = nullptr;
  nghttp2_session_callbacks_new(&made);
  nghttp2_session_callbacks_set_on_header_callback(
      made, [](nghttp2_session* session, const nghttp2_frame* frame,
               const std::uint8_t* name, std::size_t name_size,
               const std::uint8_t* value, std::size_t value_size, std::uint8_t,
               void*) {
        const absl::string_view key(reinterpret_cast<const char*>(name),
                                    name_size);
        Call* const call = CallOf(session, frame->hd.stream_id);
        if (call != nullptr && key == "grpc-status") {
          call->is_ok = value_size == 1 && *value == '0';
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      made, [](nghttp2_session* session, std::uint8_t, std::int32_t stream,
               const std::uint8_t* bytes, std::size_t size, void*) {
        Call* const call = CallOf(session, stream);
        if (call != nullptr && call->keeps_answer) {
          call->answer.append(reinterpret_cast<const char*>(bytes), size);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      made, [](nghttp2_session* session, std::int32_t stream,
               std::uint32_t error, void* connection) {
        Call* const call = CallOf(session, stream);
        if (call == nullptr) return 0;
        if (error != NGHTTP2_NO_ERROR) call->is_ok = false;
        static_cast<Http2Connection*>(connection)->over_.push_back(call);
        return 0;
      });
  return made;
}

ssize_t Http2Connection::ReadRequest(nghttp2_session*, std::int32_t,
                                     std::uint8_t* buffer, std::size_t length,
                                     std::uint32_t* flags,
                                     nghttp2_data_source* source, void*) {
  Call& call = *static_cast<Call*>(source->ptr);
  const std::size_t take = std::min(length, call.request->size() - call.sent);
  std::memcpy(buffer, call.request->data() + call.sent, take);
  call.sent += take;
  if (call.sent == call.request->size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(take);
}

void Http2Connection::Submit(const std::string& method, Call& call) {
  call.sent = 0;
  call.is_ok = false;
  call.answer.clear();
  const std::array<nghttp2_nv, 6> headers = {
      Header(":method", "POST"), Header(":scheme", "http"),
      Header(":path", method),   Header(":authority", address_),
      Header("te", "trailers"),  Header("content-type", "application/grpc")};
  nghttp2_data_provider body{};
  body.source.ptr = &call;
  body.read_callback = ReadRequest;
  const std::int32_t stream = nghttp2_submit_request(
      session_, nullptr, headers.data(), headers.size(), &body, &call);
  TENUTO_CHECK(stream > 0, nghttp2_strerror(stream));
}

void Http2Connection::Send() {
  while (true) {
    while (unsent_.size() < kBufferBytes) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) break;
      unsent_.append(reinterpret_cast<const char*>(bytes),
                     static_cast<std::size_t>(size));
    }
    if (unsent_.empty()) return;
    const ssize_t sent = ::send(socket_, unsent_.data(), unsent_.size(),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return;  // What ended the connection, Read says.
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
}

bool Http2Connection::Read() {
  const ssize_t size =
      ::recv(socket_, received_.data(), received_.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  TENUTO_CHECK(size > 0, absl::StrCat(address_, " closed the connection"));
  const ssize_t used = nghttp2_session_mem_recv(session_, received_.data(),
                                                static_cast<std::size_t>(size));
  TENUTO_CHECK(used == size, "what came is not HTTP/2");
  return true;
}

const std::vector<Http2Connection::Call*>& Http2Connection::Turn(
    absl::Duration wait) {
  over_.clear();
  Send();
  if (!Read() && wait > absl::ZeroDuration()) {
    pollfd ready{socket_, POLLIN, 0};
    if (!unsent_.empty()) ready.events |= POLLOUT;
    const timespec most = absl::ToTimespec(wait);
    ::ppoll(&ready, 1, wait == absl::InfiniteDuration() ? nullptr : &most,
            nullptr);
    Send();
    Read();
  }
  return over_;
}

}  // namespace tenuto
