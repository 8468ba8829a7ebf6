// The effective configuration: defaults, then the file, then the flags, checked
// as a whole before anything is opened.
// Thread-safe.
#ifndef TENUTO_SERVER_SERVER_OPTIONS_H_
#define TENUTO_SERVER_SERVER_OPTIONS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tenuto/v1/config.pb.h"

namespace tenuto {

// What the command line said; empty: nothing.
struct ServerFlags {
  std::string config;  // A ServerConfig textproto.
  std::string listen;
  std::string metrics_listen;
  std::string data_dir;
  std::string models_dir;
};

// Every field set, every field valid. Errors name the file and line, or the
// path of the field, its value and what it must be.
absl::StatusOr<v1::ServerConfig> LoadServerConfig(const ServerFlags& flags);

// Sets every field that `config` leaves out and has a default.
void SetDefaults(v1::ServerConfig& config);

// kInvalidArgument for a value out of bounds and for fields that contradict
// each other. `config` has its defaults.
absl::Status CheckServerConfig(const v1::ServerConfig& config);

struct HostPort {
  std::string host;  // IPv6 addresses keep their brackets.
  int port = 0;
};
// kInvalidArgument unless `address` is HOST:PORT with a port of 0-65535.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view address);

}  // namespace tenuto

#endif  // TENUTO_SERVER_SERVER_OPTIONS_H_
