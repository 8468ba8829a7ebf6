// The program itself: flags, exit codes, signals.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "features/base/atomic_file.h"
#include "features/log_file_check.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class MainTest : public ::testing::Test {
 protected:
  MainTest() {
    std::filesystem::create_directory(folder_.path() / "models");
    config_ = folder_.Write("server.textproto", "metrics_listen: '127.0.0.1:0'")
                  .string();
  }

  std::vector<std::string> Command(
      const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {BuiltProgram("tenuto-server"),
                                        "--config",
                                        config_,
                                        "--listen",
                                        "127.0.0.1:0",
                                        "--data_dir",
                                        (folder_.path() / "data").string(),
                                        "--models_dir",
                                        (folder_.path() / "models").string()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }

  const TempFolder folder_;
  std::string config_;
};

TEST_F(MainTest, SaysWhereItListensAndStopsWhenAskedTo) {
  ChildProcess server(Command());
  const auto metrics = server.ReadAfter("metrics on 127.0.0.1:");
  const auto port = server.ReadAfter("listening on 127.0.0.1:");
  ASSERT_TRUE(metrics && port) << server.errors();
  EXPECT_GT(std::stoi(*port), 0);
  EXPECT_GT(std::stoi(*metrics), 0);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_THAT(server.errors(), HasSubstr("draining"));
  EXPECT_THAT(server.errors(), HasSubstr("stopped"));
}

// A health watcher that never leaves, which holds up a drain.
class HealthWatcher {
 public:
  explicit HealthWatcher(const std::string& address)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        call_(stub_.PrepareCall(&context_, "/grpc.health.v1.Health/Watch",
                                &queue_)) {
    call_->StartCall(nullptr);
    EXPECT_TRUE(Wait());
    const grpc::Slice everything;  // An empty request: the whole server.
    call_->Write(grpc::ByteBuffer(&everything, 1), nullptr);
    EXPECT_TRUE(Wait());
  }
  ~HealthWatcher() {
    context_.TryCancel();
    grpc::Status status;
    call_->Finish(&status, nullptr);
    Wait();
  }

  // The next status: 1 is SERVING, 2 is NOT_SERVING.
  int Next() {
    grpc::ByteBuffer answer;
    call_->Read(&answer, nullptr);
    grpc::Slice bytes;
    if (!Wait() || !answer.DumpToSingleSlice(&bytes).ok()) return 0;
    return bytes.size() == 2 ? bytes.begin()[1] : 0;
  }

 private:
  bool Wait() {
    void* tag;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

TEST_F(MainTest, SaysNotServingAtTheFirstSignalAndEndsAtTheSecond) {
  config_ = folder_
                .Write("server.textproto",
                       "metrics_listen: '127.0.0.1:0' drain_s_max: 3600")
                .string();
  ChildProcess server(Command());
  const auto address = server.ReadAfter("listening on ");
  ASSERT_TRUE(address) << server.errors();
  HealthWatcher watcher(*address);
  int health = watcher.Next();
  // Ready is said a moment before health is.
  if (health == 2) health = watcher.Next();
  EXPECT_EQ(health, 1);
  server.Signal(SIGTERM);
  EXPECT_EQ(watcher.Next(), 2);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 1);
}

TEST_F(MainTest, WarnsOfWhatFailsUntilItsModelIsThere) {
  ChildProcess server(Command());
  ASSERT_TRUE(server.ReadAfter("listening on "));
  EXPECT_THAT(server.errors(), HasSubstr("default_model \"churn_14d\" is not"));
  EXPECT_THAT(server.errors(),
              HasSubstr("default_grace_model \"grace\" is not"));
  EXPECT_THAT(server.errors(), HasSubstr("PlanGracePeriod fails until `tenuto "
                                         "train grace --ledger DIR --models "));
}

TEST_F(MainTest, PrintsItsEffectiveConfiguration) {
  ChildProcess server(Command());
  ASSERT_TRUE(server.ReadAfter("listening on "));
  EXPECT_THAT(server.errors(), HasSubstr("listen: \"127.0.0.1:0\""));
  EXPECT_THAT(server.errors(), HasSubstr("drain_s_max: 8"));
}

TEST_F(MainTest, TellsItsVersion) {
  ChildProcess server({BuiltProgram("tenuto-server"), "--version"});
  EXPECT_THAT(server.ReadAll(), StartsWith("tenuto-server "));
  EXPECT_EQ(server.Wait(), 0);
}

struct BadStart {
  std::vector<std::string> more;
  std::string complaint;
};

TEST_F(MainTest, EndsWithTwoAndOneLineOnBadInput) {
  const std::string unknown_field =
      folder_.Write("unknown.textproto", "\ncolour: 3").string();
  const std::vector<BadStart> cases = {
      {{"--colour", "3"}, "--colour"},
      {{"--config", unknown_field}, "unknown.textproto:2:"},
      {{"--config", "/absent/file"}, "/absent/file"},
      {{"--listen", "7400"}, "listen: \"7400\""},
      {{"--metrics_listen", "7401"}, "metrics_listen: \"7401\""},
      {{"--metrics_listen", "192.0.2.1:7401"},
       "metrics_listen: cannot bind 192.0.2.1:7401: no interface"},
      {{"--listen", "192.0.2.1:7400"},
       "listen: cannot bind 192.0.2.1:7400: no interface"},
      {{"--models_dir", "/absent/models"}, "models_dir: \"/absent/models\""},
      {{"--data_dir", "/proc/tenuto"}, "data_dir"},
  };
  for (const BadStart& bad : cases) {
    std::vector<std::string> command = {BuiltProgram("tenuto-server")};
    // The last of two flags would be refused: replace, do not add.
    const std::vector<std::string> good = Command();
    for (std::size_t k = 1; k < good.size(); k += 2) {
      if (good[k] == bad.more[0]) continue;
      command.push_back(good[k]);
      command.push_back(good[k + 1]);
    }
    command.insert(command.end(), bad.more.begin(), bad.more.end());
    ChildProcess server(command);
    EXPECT_EQ(server.Wait(), 2) << bad.complaint;
    const std::string errors = server.errors();
    const std::size_t at = errors.find("tenuto-server: ");
    ASSERT_NE(at, std::string::npos) << errors;
    EXPECT_THAT(errors.substr(at), HasSubstr(bad.complaint));
    EXPECT_EQ(errors.find('\n', at), errors.size() - 1) << errors;
  }
}

TEST_F(MainTest, EndsWithOneWhereThePortOfItsMetricsIsInUse) {
  ChildProcess first(Command());
  const auto port = first.ReadAfter("metrics on 127.0.0.1:");
  ASSERT_TRUE(port) << first.errors();
  std::vector<std::string> command =
      Command({"--metrics_listen", "127.0.0.1:" + *port});
  // A ledger of its own.
  *(std::find(command.begin(), command.end(), "--data_dir") + 1) =
      (folder_.path() / "other").string();
  ChildProcess second(command);
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(
      second.errors(),
      HasSubstr("tenuto-server: metrics_listen: cannot bind 127.0.0.1:" +
                *port + ": the port is in use; "));
}

TEST_F(MainTest, RefusesALedgerThatAnotherProcessHolds) {
  ChildProcess first(Command());
  ASSERT_TRUE(first.ReadAfter("listening on "));
  ChildProcess second(Command());
  EXPECT_EQ(second.Wait(), 2);
  EXPECT_THAT(second.errors(), HasSubstr("tenuto-server: "));
}

TEST_F(MainTest, RefusesADamagedLedgerAndNamesFileAndOffset) {
  {
    ChildProcess first(Command());
    ASSERT_TRUE(first.ReadAfter("listening on "));
    first.Signal(SIGKILL);
    first.Wait();
  }
  const auto log = LogFilesOf(folder_.path() / "data" / "rocks").back();
  std::string bytes = *ReadFile(log);
  bytes[20] = static_cast<char>(bytes[20] ^ 1);
  std::ofstream(log, std::ios::binary) << bytes;
  ChildProcess second(Command());
  EXPECT_EQ(second.Wait(), 2);
  EXPECT_THAT(second.errors(), HasSubstr(log.string() + ", offset 0: "));
  EXPECT_THAT(second.errors(), HasSubstr("tenuto ledger-doctor --ledger "));
}

}  // namespace
}  // namespace tenuto
