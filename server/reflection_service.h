// gRPC's reflection: grpcurl and its like learn from it which methods there are
// and how their messages look. Our own, because gRPC's brings threads along
// that take turns with ours.
#ifndef TENUTO_SERVER_REFLECTION_SERVICE_H_
#define TENUTO_SERVER_REFLECTION_SERVICE_H_

#include <string>
#include <vector>

#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "server/answer_streams.h"
#include "server/calls.h"
#include "server/rpc_service.h"

namespace tenuto {

// Thread-safe.
class ReflectionService final : public RpcService {
 public:
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;

  // `services` by their full names, "tenuto.v1.Scoring".
  ReflectionService(Calls& calls, std::vector<std::string> services);

  // Without transport. What is not there is an error inside the response.
  void Answer(const Request& request, Response& response) const;

  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override;
  // Ends the streams.
  void Drain() { streams_.Drain(); }

 private:
  const std::vector<std::string> services_;
  grpc::reflection::v1alpha::ServerReflection::AsyncService methods_;
  ReflectionStreams streams_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_REFLECTION_SERVICE_H_
