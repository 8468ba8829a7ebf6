#include "tests/benchmark/echo_server.h"

#include <array>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "features/base/log.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "tenuto/v1/admin.grpc.pb.h"
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

// A place where a call can be: waiting for one, or answering it.
class Place {
 public:
  virtual ~Place() = default;
  virtual void Step(bool ok) = 0;
};

template <typename Request, typename Response>
class PlaceOf final : public Place {
 public:
  using Service = v1::Scoring::AsyncService;
  using Writer = grpc::ServerAsyncResponseWriter<Response>;
  using Ask = void (Service::*)(grpc::ServerContext*, Request*, Writer*,
                                grpc::CompletionQueue*,
                                grpc::ServerCompletionQueue*, void*);

  PlaceOf(Service& service, Ask ask, grpc::ServerCompletionQueue& queue,
          const Response& answer)
      : service_(service), ask_(ask), queue_(queue), answer_(answer) {
    Await();
  }
  void Step(bool ok) override {
    if (is_answering_) return Await();
    if (!ok) return;  // The server ends.
    is_answering_ = true;
    writer_->Finish(answer_, grpc::Status::OK, this);
  }

 private:
  void Await() {
    is_answering_ = false;
    writer_.reset();
    context_.emplace();
    writer_.emplace(&*context_);
    request_.Clear();
    (service_.*ask_)(&*context_, &request_, &*writer_, &queue_, &queue_, this);
  }

  Service& service_;
  const Ask ask_;
  grpc::ServerCompletionQueue& queue_;
  const Response& answer_;
  bool is_answering_ = false;
  Request request_;
  std::optional<grpc::ServerContext> context_;
  std::optional<Writer> writer_;
};

class AsyncEcho final : public EchoServer {
 public:
  AsyncEcho(const Answers& answers, bool is_mixed) : answers_(answers) {
    listener_.Add(service_);
    if (is_mixed) listener_.builder().RegisterService(&others_);
    queue_ = listener_.builder().AddCompletionQueue();
    listener_.Start();
    for (int k = 0; k < kPlaces; ++k) {
      places_.push_back(std::make_unique<
                        PlaceOf<v1::ScoreRowsRequest, v1::ScoreRowsResponse>>(
          service_, &v1::Scoring::AsyncService::RequestScoreRows, *queue_,
          answers_.rows));
      places_.push_back(std::make_unique<
                        PlaceOf<v1::ScoreUsersRequest, v1::ScoreUsersResponse>>(
          service_, &v1::Scoring::AsyncService::RequestScoreUsers, *queue_,
          answers_.users));
    }
    thread_ = std::thread([this] {
      void* tag = nullptr;
      for (bool ok = false; queue_->Next(&tag, &ok);) {
        const absl::MutexLock lock(&mutex_);
        if (!ends_) static_cast<Place*>(tag)->Step(ok);
      }
    });
  }
  ~AsyncEcho() override {
    {
      const absl::MutexLock lock(&mutex_);
      ends_ = true;  // Nobody asks for calls any more.
    }
    listener_.server().Shutdown();
    queue_->Shutdown();
    thread_.join();
  }
  int port() const override { return listener_.port(); }

 private:
  static constexpr int kPlaces = 256;  // A method; more calls wait in gRPC.
  const Answers answers_;
  v1::Scoring::AsyncService service_;
  v1::Admin::CallbackService others_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  Listener listener_;
  std::vector<std::unique_ptr<Place>> places_;
  absl::Mutex mutex_;
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<EchoServer> EchoServer::Start(absl::string_view kind,
                                              const Answers& answers) {
  if (kind == "callback") return std::make_unique<CallbackEcho>(answers);
  if (kind == "async") return std::make_unique<AsyncEcho>(answers, false);
  if (kind == "mixed") return std::make_unique<AsyncEcho>(answers, true);
  if (kind == "sync") return std::make_unique<SyncEcho>(answers);
  return nullptr;
}

}  // namespace tenuto
