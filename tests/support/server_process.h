// The server as its own process, on a folder with a real model, for tests that
// kill it, start it again and read what it left.
// Thread-safe: immutable after construction, but for Stop and Kill.
#ifndef TENUTO_TESTS_SUPPORT_SERVER_PROCESS_H_
#define TENUTO_TESTS_SUPPORT_SERVER_PROCESS_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "tenuto/v1/admin.pb.h"
#include "tenuto/v1/event.pb.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace tenuto {

// Where a server lives: its ledger, one trained bundle, its configuration.
struct ServerFolder {
  // `config` is added to what every test needs: ports of the system's choice.
  explicit ServerFolder(const std::string& config = "");

  // Imports what happened before a server runs, with consent assumed. Without
  // a past no window of days is whole and most columns are missing.
  void ImportThePast(std::vector<v1::Event> events) const;
  // The command that imports a file of events into the ledger.
  std::vector<std::string> ImportOf(const std::string& file) const;

  const TempFolder folder;
  const std::filesystem::path data = folder.path() / "data";
  const std::filesystem::path models = folder.path() / "models";
  std::filesystem::path config_file;
};

class ServerProcess {
 public:
  // Returns when it listens.
  explicit ServerProcess(const ServerFolder& folder);
  // One that kills itself at a point, "name:odds:seed" of crash_point.h.
  // Returns when it listens or is gone.
  ServerProcess(const ServerFolder& folder, const std::string& crash_at);

  bool listens() const { return !address_.empty(); }
  const std::string& address() const { return address_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  // A connection of its own for each `number`; channels share one otherwise.
  std::shared_ptr<grpc::Channel> NewChannel(int number) const;
  v1::GetServerStatusResponse Status() const;
  pid_t pid() const { return process_.pid(); }

  // Asks it to drain; it must end well. The channel is gone then.
  void Stop();
  // As a machine that fails would.
  void Kill();
  // Its end by itself: as ChildProcess.
  int Wait() { return process_.Wait(); }
  std::string errors() const { return process_.errors(); }

 private:
  explicit ServerProcess(const std::vector<std::string>& command);

  ChildProcess process_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_SERVER_PROCESS_H_
