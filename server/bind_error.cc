#include "server/bind_error.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "server/server_options.h"

namespace tenuto {
namespace {

// 0, or why this one cannot be bound.
int TryToBind(const addrinfo& at) {
  const int socket =
      ::socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC, at.ai_protocol);
  if (socket < 0) return errno;
  // As servers do: connections that are still closing do not count.
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int error = ::bind(socket, at.ai_addr, at.ai_addrlen) == 0 ? 0 : errno;
  ::close(socket);
  return error;
}

// What kind of error `error` is, and why and what to do in words.
absl::Status Explained(int error, absl::string_view field,
                       absl::string_view otherwise) {
  const std::string flag = absl::StrCat("--", field);
  switch (error) {
    case 0:
      return absl::UnavailableError(otherwise);
    case EADDRINUSE:
      return absl::UnavailableError(
          absl::StrCat("the port is in use; stop what listens there, or give "
                       "another port by ",
                       flag, " (0 picks a free one)"));
    case EACCES:
      return absl::PermissionDeniedError(
          absl::StrCat("this user may not listen there; ports below 1024 are "
                       "for root: give another by ",
                       flag));
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return absl::InvalidArgumentError(
          absl::StrCat("no interface of this machine has that address; give "
                       "one of its own by ",
                       flag, ", 127.0.0.1 or 0.0.0.0 for all"));
    default:
      return absl::UnavailableError(std::strerror(error));
  }
}

absl::Status Cause(absl::string_view field, absl::string_view address,
                   absl::string_view otherwise) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort(address);
  TENUTO_RETURN_IF_ERROR(parsed.status());
  std::string host = parsed->host;
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unresolved = ::getaddrinfo(
      host.c_str(), absl::StrCat(parsed->port).c_str(), &hints, &found);
  if (unresolved != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the host has no address (", ::gai_strerror(unresolved),
                     "); give another by --", field));
  }
  int error = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int one = TryToBind(*at);
    // A name may have addresses of a kind that this machine does not speak.
    if (one != 0 && error != EADDRINUSE) error = one;
  }
  ::freeaddrinfo(found);
  return Explained(error, field, otherwise);
}

}  // namespace

absl::Status BindError(absl::string_view field, absl::string_view address,
                       absl::string_view otherwise) {
  const absl::Status cause = Cause(field, address, otherwise);
  return absl::Status(
      cause.code(),
      absl::StrCat(field, ": cannot bind ", address, ": ", cause.message()));
}

}  // namespace tenuto
