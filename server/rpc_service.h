// What the server needs of a service: its methods for gRPC, and somebody who
// waits for its calls.
// Thread-safe: Await() is of the time before calls come.
#ifndef TENUTO_SERVER_RPC_SERVICE_H_
#define TENUTO_SERVER_RPC_SERVICE_H_

#include "grpcpp/impl/service_type.h"
#include "server/call_queue.h"

namespace tenuto {

class RpcService {
 public:
  virtual ~RpcService() = default;

  virtual grpc::Service& methods() = 0;
  // Waits in the queue for calls of every method. To be called for each queue
  // once the server runs and before the queue starts.
  virtual void Await(CallQueue& queue) = 0;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_RPC_SERVICE_H_
