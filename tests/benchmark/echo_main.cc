// echo_server KIND ROWS USERS: an EchoServer that answers with the serialized
// responses in the files ROWS and USERS, until it is
// killed. Prints "listening on HOST:PORT" as our server does.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "tests/benchmark/echo_server.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: echo_server KIND ROWS USERS\n");
    return 2;
  }
  tenuto::Answers answers;
  std::ifstream rows(argv[2], std::ios::binary);
  std::ifstream users(argv[3], std::ios::binary);
  if (!answers.rows.ParseFromIstream(&rows) ||
      !answers.users.ParseFromIstream(&users)) {
    std::fprintf(stderr, "cannot read %s or %s\n", argv[2], argv[3]);
    return 2;
  }
  const auto server = tenuto::EchoServer::Start(argv[1], answers);
  if (server == nullptr) {
    std::fprintf(stderr, "unknown kind \"%s\"\n", argv[1]);
    return 2;
  }
  std::printf("listening on 127.0.0.1:%d\n", server->port());
  std::fflush(stdout);
  ::pause();
  return 0;
}
