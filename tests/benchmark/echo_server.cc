#include "tests/benchmark/echo_server.h"

#include <memory>

#include "features/base/log.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/call_queue.h"
#include "server/channel_settings.h"
#include "server/rpc_service.h"
#include "server/unary_calls.h"
#include "tenuto/v1/scoring.grpc.pb.h"

namespace tenuto {
namespace {

// Registers a service and serves it until destroyed.
class Listener {
 public:
  template <typename Service>
  void Add(Service& service) {
    builder_.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                              &port_);
    builder_.RegisterService(&service);
  }
  grpc::ServerBuilder& builder() { return builder_; }
  void Start() {
    server_ = builder_.BuildAndStart();
    TENUTO_CHECK(server_ != nullptr && port_ != 0, "cannot bind a port");
  }
  int port() const { return port_; }
  grpc::Server& server() { return *server_; }

 private:
  grpc::ServerBuilder builder_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class CallbackEcho final : public EchoServer,
                           public v1::Scoring::CallbackService {
 public:
  explicit CallbackEcho(const Answers& answers) : answers_(answers) {
    listener_.Add(*this);
    listener_.Start();
  }
  ~CallbackEcho() override { listener_.server().Shutdown(); }
  int port() const override { return listener_.port(); }

  grpc::ServerUnaryReactor* ScoreRows(
      grpc::CallbackServerContext* context, const v1::ScoreRowsRequest*,
      v1::ScoreRowsResponse* response) override {
    *response = answers_.rows;
    return Finish(*context);
  }
  grpc::ServerUnaryReactor* ScoreUsers(
      grpc::CallbackServerContext* context, const v1::ScoreUsersRequest*,
      v1::ScoreUsersResponse* response) override {
    *response = answers_.users;
    return Finish(*context);
  }

 private:
  static grpc::ServerUnaryReactor* Finish(
      grpc::CallbackServerContext& context) {
    grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  const Answers answers_;
  Listener listener_;
};

class SyncEcho final : public EchoServer, public v1::Scoring::Service {
 public:
  explicit SyncEcho(const Answers& answers) : answers_(answers) {
    listener_.Add(*this);
    listener_.Start();
  }
  ~SyncEcho() override { listener_.server().Shutdown(); }
  int port() const override { return listener_.port(); }

  grpc::Status ScoreRows(grpc::ServerContext*, const v1::ScoreRowsRequest*,
                         v1::ScoreRowsResponse* response) override {
    *response = answers_.rows;
    return grpc::Status::OK;
  }
  grpc::Status ScoreUsers(grpc::ServerContext*, const v1::ScoreUsersRequest*,
                          v1::ScoreUsersResponse* response) override {
    *response = answers_.users;
    return grpc::Status::OK;
  }

 private:
  const Answers answers_;
  Listener listener_;
};

// What our server does with a call, but for the work.
class AsyncEcho final : public EchoServer, public RpcService {
 public:
  AsyncEcho(const Answers& answers, const EchoSettings& settings)
      : answers_(answers) {
    listener_.Add(methods_);
    if (settings.our_channels) MakeChannelSettings(listener_.builder());
    queue_ = std::make_unique<CallQueue>(listener_.builder(), settings.spin);
    listener_.Start();
    Await(*queue_);
    queue_->Start();
  }
  ~AsyncEcho() override {
    listener_.server().Shutdown();
    queue_.reset();
  }
  int port() const override { return listener_.port(); }
  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override {
    AwaitCalls(queue, methods_, &v1::Scoring::AsyncService::RequestScoreRows,
               [this](auto& call) { Answer(call, answers_.rows); });
    AwaitCalls(queue, methods_, &v1::Scoring::AsyncService::RequestScoreUsers,
               [this](auto& call) { Answer(call, answers_.users); });
  }

 private:
  template <typename Call, typename Response>
  static void Answer(Call& call, const Response& answer) {
    call.response() = answer;
    call.Finish(grpc::Status::OK);
  }

  const Answers answers_;
  v1::Scoring::AsyncService methods_;
  Listener listener_;
  std::unique_ptr<CallQueue> queue_;
};

}  // namespace

std::unique_ptr<EchoServer> EchoServer::Start(absl::string_view kind,
                                              const Answers& answers,
                                              const EchoSettings& settings) {
  if (kind == "callback") return std::make_unique<CallbackEcho>(answers);
  if (kind == "async") return std::make_unique<AsyncEcho>(answers, settings);
  if (kind == "sync") return std::make_unique<SyncEcho>(answers);
  return nullptr;
}

}  // namespace tenuto
