// What one connection to a server may have open at once, over a real socket.
#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "server/server_options.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_events.h"

namespace tenuto {
namespace {

v1::IngestEventsRequest OneBatch() {
  v1::IngestEventsRequest request;
  for (const v1::Event& event :
       SubscriberEvents("anna", 2, Clock::Real().Now())) {
    *request.add_events() = event;
  }
  return request;
}

// Streams count; gRPC's client keeps what is too much until one has ended.
TEST(Connection, HasSoManyOpenCallsAndNoMore) {
  const TempFolder folder;
  v1::ServerConfig config;
  config.set_listen("127.0.0.1:0");
  config.set_metrics_listen("127.0.0.1:0");
  config.set_data_dir((folder.path() / "data").string());
  config.set_models_dir((folder.path() / "models").string());
  config.set_connection_calls_max(2);
  SetDefaults(config);
  const auto server = Server::Start(config, Clock::Real());
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = v1::Ingest::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", (*server)->port()),
                          grpc::InsecureChannelCredentials()));
  grpc::ClientContext contexts[3];
  decltype(stub->StreamEvents(nullptr)) streams[2];
  v1::IngestEventsResponse response;
  for (int k = 0; k < 2; ++k) {
    streams[k] = stub->StreamEvents(&contexts[k]);
    ASSERT_TRUE(streams[k]->Write(OneBatch()));
    ASSERT_TRUE(streams[k]->Read(&response));
  }
  contexts[2].set_deadline(std::chrono::system_clock::now() +
                           std::chrono::milliseconds(300));
  EXPECT_EQ(
      stub->IngestEvents(&contexts[2], OneBatch(), &response).error_code(),
      grpc::StatusCode::DEADLINE_EXCEEDED);
  streams[0]->WritesDone();
  EXPECT_TRUE(streams[0]->Finish().ok());
  grpc::ClientContext context;
  EXPECT_TRUE(stub->IngestEvents(&context, OneBatch(), &response).ok());
}

}  // namespace
}  // namespace tenuto
