#include "tests/support/server_process.h"

#include <algorithm>
#include <csignal>
#include <optional>

#include "features/catalogue.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "tenuto/v1/admin.grpc.pb.h"
#include "tests/support/churn_bundle.h"

namespace tenuto {

ServerFolder::ServerFolder(const std::string& config)
    : config_file(folder.Write(
          "server.textproto",
          "listen: '127.0.0.1:0' metrics_listen: '127.0.0.1:0' " + config)) {
  WriteChurnBundle(models, Catalogue::Embedded());
}

void ServerFolder::ImportThePast(std::vector<v1::Event> events) const {
  // An import knows an event when it comes: the oldest begins the history.
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.event_time().seconds() < b.event_time().seconds();
  });
  std::string lines;
  for (const v1::Event& event : events) {
    std::string json;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(event, &json).ok());
    lines += json + "\n";
  }
  ChildProcess import(ImportOf(folder.Write("past.jsonl", lines).string()));
  ASSERT_EQ(import.Wait(), 0) << import.errors();
}

std::vector<std::string> ServerFolder::ImportOf(const std::string& file) const {
  return {BuiltProgram("tenuto"),
          "import",
          "--format",
          "jsonl",
          "--input",
          file,
          "--ledger",
          data.string()};
}

namespace {

std::vector<std::string> CommandOf(const ServerFolder& folder,
                                   std::vector<std::string> program) {
  for (const std::string& word :
       {std::string("--config"), folder.config_file.string(),
        std::string("--data_dir"), folder.data.string(),
        std::string("--models_dir"), folder.models.string()}) {
    program.push_back(word);
  }
  return program;
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& command)
    : process_(command),
      address_(process_.ReadAfter("listening on ").value_or("")) {
  // A server that is gone is noticed by its calls, at once.
  channel_ = grpc::CreateChannel(listens() ? address_ : "127.0.0.1:1",
                                 grpc::InsecureChannelCredentials());
}

ServerProcess::ServerProcess(const ServerFolder& folder)
    : ServerProcess(CommandOf(folder, {BuiltProgram("tenuto-server")})) {
  EXPECT_TRUE(listens()) << process_.errors();
}

ServerProcess::ServerProcess(const ServerFolder& folder,
                             const std::string& crash_at)
    : ServerProcess(
          CommandOf(folder, {"/usr/bin/env", "TENUTO_CRASH_AT=" + crash_at,
                             BuiltProgram("tenuto-server-crashing")})) {}

std::shared_ptr<grpc::Channel> ServerProcess::NewChannel(int number) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt("tenuto.connection", number);
  return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(),
                                   arguments);
}

v1::GetServerStatusResponse ServerProcess::Status() const {
  grpc::ClientContext context;
  v1::GetServerStatusResponse response;
  const grpc::Status status =
      v1::Admin::NewStub(channel_)->GetServerStatus(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

void ServerProcess::Stop() {
  // A drain waits for clients to say goodbye; an idle one of gRPC's does not.
  channel_.reset();
  process_.Signal(SIGTERM);
  EXPECT_EQ(process_.Wait(), 0) << process_.errors();
}

void ServerProcess::Kill() {
  process_.Signal(SIGKILL);
  EXPECT_EQ(process_.Wait(), -SIGKILL);
}

}  // namespace tenuto
