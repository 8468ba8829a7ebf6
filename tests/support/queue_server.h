// Services on a real gRPC server over the loopback, served as ours serves them.
// Thread-safe but for Shutdown().
#ifndef TENUTO_TESTS_SUPPORT_QUEUE_SERVER_H_
#define TENUTO_TESTS_SUPPORT_QUEUE_SERVER_H_

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/log.h"
#include "grpcpp/grpcpp.h"
#include "server/call_queue.h"
#include "server/channel_settings.h"
#include "server/rpc_service.h"

namespace tenuto {

class QueueServer {
 public:
  explicit QueueServer(const std::vector<RpcService*>& services, int queues = 1,
                       absl::Duration spin = absl::ZeroDuration()) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    MakeChannelSettings(builder);
    for (RpcService* const service : services) {
      builder.RegisterService(&service->methods());
    }
    for (int k = 0; k < queues; ++k) {
      queues_.push_back(std::make_unique<CallQueue>(builder, spin));
    }
    server_ = builder.BuildAndStart();
    TENUTO_CHECK(server_ != nullptr, "cannot bind a port");
    for (const auto& queue : queues_) {
      for (RpcService* const service : services) service->Await(*queue);
      queue->Start();
    }
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_),
                                   grpc::InsecureChannelCredentials());
  }
  ~QueueServer() { Shutdown(); }

  // Waits for the calls that go on, at most so long, then cancels them.
  void Shutdown(absl::Duration most = absl::Seconds(60)) {
    if (queues_.empty()) return;
    ShutDown(*server_, queues_, most);
    queues_.clear();
  }

  int port() const { return port_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  int port_ = 0;
  std::vector<std::unique_ptr<CallQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_QUEUE_SERVER_H_
