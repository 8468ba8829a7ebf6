#include "training/server_client.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/security/credentials.h"
#include "tenuto/v1/admin.pb.h"
#include "tenuto/v1/decision.pb.h"
#include "tenuto/v1/grace.pb.h"
#include "tenuto/v1/ingest.pb.h"
#include "tenuto/v1/scoring.pb.h"

namespace tenuto {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageFactory;

constexpr std::int64_t kPemBytesMax = 1 << 20;

std::string ShortName(const RpcDescriptor& rpc) {
  return absl::StrCat(rpc.service()->name(), ".", rpc.name());
}

std::unique_ptr<Message> NewMessage(
    const google::protobuf::Descriptor* descriptor) {
  return std::unique_ptr<Message>(
      MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

absl::StatusOr<grpc::ByteBuffer> ToBytes(const RpcDescriptor& rpc,
                                         const std::string& json) {
  const auto request = NewMessage(rpc.input_type());
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(json, request.get());
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the JSON is no ", rpc.input_type()->name(), ": ",
                     std::string(parsed.message())));
  }
  grpc::ByteBuffer bytes;
  bool own_buffer;
  grpc::GenericSerialize<grpc::ProtoBufferWriter, Message>(*request, &bytes,
                                                           &own_buffer);
  return bytes;
}

absl::StatusOr<std::string> ToJson(const RpcDescriptor& rpc,
                                   grpc::ByteBuffer& bytes) {
  const auto response = NewMessage(rpc.output_type());
  if (!grpc::GenericDeserialize<grpc::ProtoBufferReader, Message>(
           &bytes, response.get())
           .ok()) {
    return absl::AbortedError(absl::StrCat("DATA_LOSS: the answer is no ",
                                           rpc.output_type()->name()));
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !rpc.server_streaming();
  options.always_print_primitive_fields = true;
  std::string json;
  const auto printed =
      google::protobuf::util::MessageToJsonString(*response, &json, options);
  if (!printed.ok()) {
    return absl::AbortedError(absl::StrCat("INTERNAL: the answer prints not: ",
                                           std::string(printed.message())));
  }
  return json;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const ClientTls& tls) {
  if (tls.ca_file.empty()) {
    if (tls.certificate_file.empty() && tls.key_file.empty()) {
      return grpc::InsecureChannelCredentials();
    }
    return absl::InvalidArgumentError(
        "--cert and --key need --ca, by which the server is known");
  }
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    return absl::InvalidArgumentError("--cert and --key need each other");
  }
  grpc::SslCredentialsOptions options;
  TENUTO_ASSIGN_OR_RETURN(options.pem_root_certs,
                          ReadFile(tls.ca_file, kPemBytesMax));
  if (!tls.certificate_file.empty()) {
    TENUTO_ASSIGN_OR_RETURN(options.pem_cert_chain,
                            ReadFile(tls.certificate_file, kPemBytesMax));
    TENUTO_ASSIGN_OR_RETURN(options.pem_private_key,
                            ReadFile(tls.key_file, kPemBytesMax));
  }
  return grpc::SslCredentials(options);
}

// "CODE: text (REASON)"
absl::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  std::string text =
      absl::StrCat(absl::StatusCodeToString(
                       static_cast<absl::StatusCode>(status.error_code())),
                   ": ", status.error_message());
  if (absl::StrContains(status.error_message(), "failed to connect")) {
    absl::StrAppend(&text,
                    "; is tenuto-server running there? --server says "
                    "where to look");
  }
  google::rpc::Status rich;
  google::rpc::ErrorInfo error_info;
  if (rich.ParseFromString(status.error_details())) {
    for (const auto& detail : rich.details()) {
      if (detail.UnpackTo(&error_info)) {
        absl::StrAppend(&text, " (", error_info.reason(), ")");
      }
    }
  }
  return absl::AbortedError(text);
}

}  // namespace

std::vector<const RpcDescriptor*> AllRpcs() {
  std::vector<const RpcDescriptor*> rpcs;
  // Naming a message of each file also links the file.
  for (const auto* file : {v1::IngestEventsRequest::descriptor()->file(),
                           v1::ScoreUsersRequest::descriptor()->file(),
                           v1::DecideTreatmentRequest::descriptor()->file(),
                           v1::PlanGracePeriodRequest::descriptor()->file(),
                           v1::GetServerStatusRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        rpcs.push_back(file->service(s)->method(m));
      }
    }
  }
  return rpcs;
}

absl::StatusOr<const RpcDescriptor*> FindRpc(absl::string_view name) {
  std::vector<std::string> names;
  for (const RpcDescriptor* rpc : AllRpcs()) {
    if (name == rpc->name() || name == ShortName(*rpc) ||
        name == rpc->full_name()) {
      return rpc;
    }
    names.push_back(ShortName(*rpc));
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no method \"", name,
                                                 "\"; there are ",
                                                 absl::StrJoin(names, ", ")));
}

// One channel and one call at a time on it. Every operation is started and then
// waited for, so its tag carries no meaning.
class ServerClient::Connection {
 public:
  Connection(const std::string& address,
             const std::shared_ptr<grpc::ChannelCredentials>& credentials)
      : stub_(grpc::CreateChannel(address, credentials)) {}

  absl::Status Call(const RpcDescriptor& rpc, absl::Duration deadline,
                    NextRequest next_request, OnResponse on_response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMilliseconds(deadline));
    const auto call = stub_.PrepareCall(
        &context,
        absl::StrCat("/", rpc.service()->full_name(), "/", rpc.name()),
        &queue_);
    call->StartCall(nullptr);
    absl::Status status = absl::OkStatus();
    if (Wait()) status = Exchange(*call, rpc, next_request, on_response);
    // Our own complaint leaves the server nothing to say.
    if (!status.ok()) context.TryCancel();
    grpc::Status end;
    call->Finish(&end, nullptr);
    Wait();
    return status.ok() ? ToStatus(end) : status;
  }

 private:
  // OK also when the call broke: then its end says why.
  absl::Status Exchange(grpc::GenericClientAsyncReaderWriter& call,
                        const RpcDescriptor& rpc, NextRequest next_request,
                        OnResponse on_response) {
    std::string json;
    while (next_request(json)) {
      TENUTO_ASSIGN_OR_RETURN(const grpc::ByteBuffer request,
                              ToBytes(rpc, json));
      call.Write(request, nullptr);
      if (!Wait()) return absl::OkStatus();
      grpc::ByteBuffer response;
      call.Read(&response, nullptr);
      if (!Wait()) return absl::OkStatus();
      TENUTO_ASSIGN_OR_RETURN(const std::string answer, ToJson(rpc, response));
      on_response(answer);
      if (!rpc.client_streaming()) break;
    }
    call.WritesDone(nullptr);
    Wait();
    return absl::OkStatus();
  }

  bool Wait() {
    void* tag;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
};

absl::StatusOr<std::unique_ptr<ServerClient>> ServerClient::Create(
    const std::string& address, const ClientTls& tls) {
  TENUTO_ASSIGN_OR_RETURN(const auto credentials, MakeCredentials(tls));
  return std::unique_ptr<ServerClient>(
      new ServerClient(std::make_unique<Connection>(address, credentials)));
}

ServerClient::ServerClient(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}

ServerClient::~ServerClient() = default;

absl::Status ServerClient::Call(const RpcDescriptor& rpc,
                                absl::Duration deadline,
                                NextRequest next_request,
                                OnResponse on_response) {
  return connection_->Call(rpc, deadline, next_request, on_response);
}

}  // namespace tenuto
