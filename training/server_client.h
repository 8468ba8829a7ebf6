// Calls any method of a running server by name, JSON in and out: no such client
// is packaged for Debian. The descriptors linked into this program say which
// methods there are and what their messages look like.
#ifndef TENUTO_TRAINING_SERVER_CLIENT_H_
#define TENUTO_TRAINING_SERVER_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

namespace tenuto {

using RpcDescriptor = google::protobuf::MethodDescriptor;

// Every method a server offers, by service and then in the order declared.
std::vector<const RpcDescriptor*> AllRpcs();

// "ScoreUsers", "Scoring.ScoreUsers" or "tenuto.v1.Scoring.ScoreUsers".
// kInvalidArgument, with every name there is, for anything else.
absl::StatusOr<const RpcDescriptor*> FindRpc(absl::string_view name);

// PEM files. Without `ca_file` the connection is plain text.
struct ClientTls {
  std::string ca_file;           // Authorities that the server is known by.
  std::string certificate_file;  // Our own, where the server asks for one.
  std::string key_file;
};

// Not thread-safe.
class ServerClient {
 public:
  // Connects when the first call is made. `address` is HOST:PORT. Fails only
  // on the files of `tls`, by name.
  static absl::StatusOr<std::unique_ptr<ServerClient>> Create(
      const std::string& address, const ClientTls& tls = {});
  ~ServerClient();

  // Takes the next request of a stream; false at its end.
  using NextRequest = absl::FunctionRef<bool(std::string& json)>;
  using OnResponse = absl::FunctionRef<void(const std::string& json)>;

  // Sends every request, one after the other, and gives each response before
  // the next is sent. A unary method takes exactly one. kInvalidArgument for
  // JSON that is no request of `rpc`; kAborted "CODE: text (REASON)" when the
  // server or the network refused.
  absl::Status Call(const RpcDescriptor& rpc, absl::Duration deadline,
                    NextRequest next_request, OnResponse on_response);

 private:
  class Connection;
  explicit ServerClient(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SERVER_CLIENT_H_
