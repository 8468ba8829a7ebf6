#include "tests/support/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace tenuto {

std::string HttpGet(int port, const std::string& path) {
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(peer, reinterpret_cast<const sockaddr*>(&address),
                sizeof address) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    char buffer[4096];
    ssize_t size = ::send(peer, request.data(), request.size(), MSG_NOSIGNAL);
    while (size > 0 && (size = ::recv(peer, buffer, sizeof buffer, 0)) > 0) {
      answer.append(buffer, static_cast<std::size_t>(size));
    }
  }
  ::close(peer);
  return answer;
}

}  // namespace tenuto
