#include "server/reflection_service.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpcpp/support/status_code_enum.h"
#include "server/stream_calls.h"

namespace tenuto {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::FileDescriptorResponse;
using Request = ReflectionService::Request;
using Response = ReflectionService::Response;

// The file after what it imports, each once.
void AddFile(const FileDescriptor& file,
             absl::flat_hash_set<const FileDescriptor*>& added,
             FileDescriptorResponse& files) {
  if (!added.insert(&file).second) return;
  for (int k = 0; k < file.dependency_count(); ++k) {
    AddFile(*file.dependency(k), added, files);
  }
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  files.add_file_descriptor_proto(proto.SerializeAsString());
}

void SetError(grpc::StatusCode code, std::string message, Response& response) {
  response.mutable_error_response()->set_error_code(code);
  response.mutable_error_response()->set_error_message(std::move(message));
}

void AnswerWithFile(const FileDescriptor* file, const std::string& asked,
                    Response& response) {
  if (file == nullptr) {
    return SetError(grpc::StatusCode::NOT_FOUND,
                    absl::StrCat("nothing is called \"", asked, "\""),
                    response);
  }
  absl::flat_hash_set<const FileDescriptor*> added;
  AddFile(*file, added, *response.mutable_file_descriptor_response());
}

}  // namespace

ReflectionService::ReflectionService(Calls& calls,
                                     std::vector<std::string> services)
    : services_(std::move(services)),
      streams_(calls, RpcMethod::kServerReflectionInfo,
               [this](const Request& request, Response& response) {
                 Answer(request, response);
                 return absl::OkStatus();
               }) {}

void ReflectionService::Answer(const Request& request,
                               Response& response) const {
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  switch (request.message_request_case()) {
    case Request::kListServices:
      for (const std::string& service : services_) {
        response.mutable_list_services_response()->add_service()->set_name(
            service);
      }
      return;
    case Request::kFileByFilename:
      return AnswerWithFile(pool.FindFileByName(request.file_by_filename()),
                            request.file_by_filename(), response);
    case Request::kFileContainingSymbol:
      return AnswerWithFile(
          pool.FindFileContainingSymbol(request.file_containing_symbol()),
          request.file_containing_symbol(), response);
    case Request::kFileContainingExtension:
    case Request::kAllExtensionNumbersOfType:
      return SetError(grpc::StatusCode::NOT_FOUND,
                      "no message of this server has extensions", response);
    case Request::MESSAGE_REQUEST_NOT_SET:
      return SetError(grpc::StatusCode::INVALID_ARGUMENT,
                      "message_request: is not set", response);
  }
}

void ReflectionService::Await(CallQueue& queue) {
  AwaitStreams(queue, methods_,
               &grpc::reflection::v1alpha::ServerReflection::AsyncService::
                   RequestServerReflectionInfo,
               [this] { return streams_.Make(); });
}

}  // namespace tenuto
