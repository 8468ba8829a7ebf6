// Asks a server's health service, of which there is no C++ stub here.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_HEALTH_CHECK_H_
#define TENUTO_TESTS_SUPPORT_HEALTH_CHECK_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"

namespace tenuto {

// The answer is one varint, field 1: 1 is SERVING, 2 is NOT_SERVING.
inline int Health(const std::shared_ptr<grpc::Channel>& channel,
                  const std::string& service) {
  std::string request = service;
  if (!service.empty()) {
    request.insert(0, {'\x0a', static_cast<char>(service.size())});
  }
  const grpc::Slice slice(request);
  const grpc::ByteBuffer bytes(&slice, 1);
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check",
                                    bytes, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice answer;
  if (!response.DumpToSingleSlice(&answer).ok() || answer.size() < 2) return 0;
  return answer.begin()[1];
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_HEALTH_CHECK_H_
