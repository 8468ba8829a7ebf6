// `tenuto-server`: six flags, one configuration file, two signals.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/base/log.h"
#include "google/protobuf/text_format.h"
#include "server/process_settings.h"
#include "server/server.h"
#include "server/server_options.h"

namespace tenuto {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitBadInput = 2;

int Fail(const absl::Status& status, int exit_code) {
  std::fprintf(stderr, "tenuto-server: %s\n",
               std::string(status.message()).c_str());
  return exit_code;
}

// The states of the outside that an operator can put right.
bool IsBadInput(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status) ||
         absl::IsPermissionDenied(status) || absl::IsDataLoss(status);
}

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// The second signal means now. Everything acknowledged is durable already.
void StopAtNextSignal(const sigset_t& signals) {
  for (const int signal : {SIGTERM, SIGINT}) {
    std::signal(signal, [](int) { ::_exit(kExitFailure); });
  }
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void PrintConfig(const v1::ServerConfig& config) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  LogInfo(absl::StrCat("version ", kServerVersion, ", configuration:\n", text));
}

int Run(const ServerFlags& flags) {
  const absl::StatusOr<v1::ServerConfig> config = LoadServerConfig(flags);
  if (!config.ok()) return Fail(config.status(), kExitBadInput);
  PrintConfig(*config);

  MakeProcessSettings();
  // Blocked before there is any thread, so that only this one takes them.
  const sigset_t signals = StopSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(*config, Clock::Real());
  if (!server.ok()) {
    return Fail(server.status(),
                IsBadInput(server.status()) ? kExitBadInput : kExitFailure);
  }
  const std::string host = ParseHostPort(config->listen())->host;
  const std::string metrics_host =
      ParseHostPort(config->metrics_listen())->host;
  std::printf("metrics on %s:%d\nlistening on %s:%d\n", metrics_host.c_str(),
              (*server)->metrics_port(), host.c_str(), (*server)->port());
  std::fflush(stdout);
  (*server)->Serve();

  int signal = 0;
  ::sigwait(&signals, &signal);
  StopAtNextSignal(signals);
  LogInfo("draining");
  (*server)->Drain();
  server->reset();
  LogInfo("stopped");
  return 0;
}

}  // namespace
}  // namespace tenuto

int main(int argc, char** argv) {
  tenuto::ServerFlags flags;
  CLI::App app("Tenuto's server: takes in events, scores, explains, decides.");
  app.add_option("--config", flags.config,
                 "A tenuto.v1.ServerConfig textproto");
  app.add_option(
      "--listen", flags.listen,
      "HOST:PORT for gRPC [127.0.0.1:7400]; port 0 picks a free one");
  app.add_option("--metrics_listen", flags.metrics_listen,
                 "HOST:PORT for Prometheus [127.0.0.1:7401]; likewise");
  app.add_option("--data_dir", flags.data_dir, "The ledger; made if absent");
  app.add_option("--models_dir", flags.models_dir, "The model bundles");
  app.set_version_flag("--version",
                       absl::StrCat("tenuto-server ", tenuto::kServerVersion));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "tenuto-server: %s\n", error.what());
    return tenuto::kExitBadInput;
  }
  return tenuto::Run(flags);
}
