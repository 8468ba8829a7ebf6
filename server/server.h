// The composition root of the server: the one place where its parts are named,
// built in the order they need each other, and taken down in reverse.
#ifndef TENUTO_SERVER_SERVER_H_
#define TENUTO_SERVER_SERVER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "features/base/clock.h"
#include "tenuto/v1/config.pb.h"

namespace tenuto {

// What `tenuto-server --version` says.
extern const char kServerVersion[];

// Thread-safe after Start().
class Server {
 public:
  // Opens and recovers the ledger, loads the bundles, binds both ports. Health
  // says NOT_SERVING until Serve(). `config` is checked and has its defaults.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const v1::ServerConfig& config, const Clock& clock);
  // Drains if nobody did.
  ~Server();

  int port() const;
  int metrics_port() const;

  void Serve();
  // Health says NOT_SERVING at once; open streams end; running calls finish,
  // but those still running after drain_s_max are cut off. Returns when done.
  // Effective once.
  void Drain();

 private:
  class Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_SERVER_H_
