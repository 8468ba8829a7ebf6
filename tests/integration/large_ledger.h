// A ledger of very many listeners, made by the real commits as fast as they
// go, and producers that keep sending events of the same listeners.
// Not thread-safe.
#ifndef TENUTO_TESTS_INTEGRATION_LARGE_LEDGER_H_
#define TENUTO_TESTS_INTEGRATION_LARGE_LEDGER_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "tests/support/server_process.h"
#include "xxhash.h"

namespace tenuto::testing {

// The account id of a listener.
std::string IdOf(std::int64_t user);

struct LargeLedger {
  std::int64_t users = 0;
  std::int64_t events = 0;
  absl::Duration took;
};

// `users` listeners with 3 to 10 events each, of the 30 days before `now`.
LargeLedger MakeLargeLedger(const std::filesystem::path& data,
                            std::int64_t users, absl::Time now,
                            std::uint64_t seed);

// Events of listeners drawn at random, sent batch after batch until a call
// fails or it is stopped.
class Producers {
 public:
  Producers(const ServerProcess& server, std::int64_t users,
            std::uint64_t seed);
  ~Producers();
  Producers(const Producers&) = delete;
  Producers& operator=(const Producers&) = delete;

  // Until that many more events than now were acknowledged; false when a call
  // failed before.
  bool WaitFor(std::int64_t events) const;
  std::int64_t acknowledged() const { return acknowledged_; }
  // How many of the producers had a call that failed.
  int Stop();

 private:
  static constexpr int kProducers = 4;
  void Send(const std::shared_ptr<grpc::Channel>& channel, std::int64_t users,
            std::uint64_t seed);

  std::atomic<bool> stop_{false};
  std::atomic<int> failed_{0};
  std::atomic<std::int64_t> acknowledged_{0};
  std::vector<std::thread> threads_;
};

// What a log holds through one position: a hash a partition of everything, and
// how many events.
struct LogPrefix {
  std::vector<XXH64_hash_t> hashes;
  std::int64_t events = 0;
  friend bool operator==(const LogPrefix&, const LogPrefix&) = default;
};
LogPrefix ReadLogPrefix(const std::filesystem::path& ledger,
                        const std::filesystem::path& key_file,
                        std::uint64_t through);

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_INTEGRATION_LARGE_LEDGER_H_
