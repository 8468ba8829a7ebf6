// echo_server KIND SETTINGS ROWS USERS: an EchoServer that answers with the
// serialized responses in the files ROWS and USERS, until it is killed.
// SETTINGS are "plain", as gRPC starts, or "ours", as our server makes them.
// Prints "listening on HOST:PORT" as our server does.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "server/process_settings.h"
#include "server/server_options.h"
#include "tests/benchmark/echo_server.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: echo_server KIND SETTINGS ROWS USERS\n");
    return 2;
  }
  tenuto::EchoSettings settings;
  if (std::string(argv[2]) == "ours") {
    tenuto::MakeProcessSettings();
    tenuto::v1::ServerConfig config;
    tenuto::SetDefaults(config);
    settings = {absl::Microseconds(config.call_spin_us()),
                /*our_channels=*/true};
  }
  tenuto::Answers answers;
  std::ifstream rows(argv[3], std::ios::binary);
  std::ifstream users(argv[4], std::ios::binary);
  if (!answers.rows.ParseFromIstream(&rows) ||
      !answers.users.ParseFromIstream(&users)) {
    std::fprintf(stderr, "cannot read %s or %s\n", argv[3], argv[4]);
    return 2;
  }
  const auto server = tenuto::EchoServer::Start(argv[1], answers, settings);
  if (server == nullptr) {
    std::fprintf(stderr, "unknown kind \"%s\"\n", argv[1]);
    return 2;
  }
  std::printf("listening on 127.0.0.1:%d\n", server->port());
  std::fflush(stdout);
  ::pause();
  return 0;
}
