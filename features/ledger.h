// The ledger: the only place where events become durable and state changes.
// The log is the truth; user state is what folding the log yields.
#ifndef TENUTO_FEATURES_LEDGER_H_
#define TENUTO_FEATURES_LEDGER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/event_gate.h"
#include "features/ledger_faults.h"
#include "features/user_key.h"

namespace tenuto {

inline constexpr int kPartitions = 256;

// Place of an event in the log; grows by one per accepted event, from 1.
using Position = std::uint64_t;

enum class Admission { kAccepted, kDuplicate };

// One accepted event of the log. `event` lives while being visited.
struct LoggedEvent {
  UserKey user;
  Position position = 0;
  std::uint64_t event_hash = 0;
  // When we learned of it; decides point-in-time. The server's clock when live;
  // for an import, the running maximum of event time in file order.
  std::int64_t known_time_us = 0;
  absl::string_view event;
};

// How far a source (a file, a topic) has been taken in. Commits with the events
// it speaks of.
struct SourceMark {
  std::string source;
  std::string progress;
};

// Names a call, so that repeating it has no second effect. Both fields reach
// the disk as they are: make them of keyed hashes.
struct RequestKey {
  std::string id;
  std::uint64_t body_hash = 0;
};

// How long the answer to a request is remembered.
inline constexpr absl::Duration kRequestMemory = absl::Hours(24);

struct LedgerFacts {
  // Known_time of any event. An empty ledger begins after it ends.
  absl::Time history_start = absl::InfiniteFuture();
  absl::Time history_end = absl::InfinitePast();
  Position last_position = 0;
  LedgerFaults faults{};
};

// Thread-safe. RocksLedger is embedded, MemoryLedger for tests.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // All or nothing: log records, folded state and duplicate marks of the batch
  // commit together with `mark`, if any. When it returns OK, a crash cannot
  // lose any of them; when it fails, none happened. Resubmitting is always
  // safe. One verdict an event, in order.
  virtual absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events,
      const SourceMark* mark = nullptr) = 0;

  struct Outcome {
    std::optional<GatedEvent> event;  // None: the answer has no effect.
    std::string response;             // Remembered for repeats of the request.
  };
  struct Answer {
    std::string response;
    bool replayed = false;
  };
  // Calls `decide` with the user's state while nothing else can change it,
  // commits its event, if any, and remembers the response. The same request
  // again within 24 h gives the remembered response; with another body it is
  // kInvalidArgument. An error of `decide` is returned and nothing happens.
  virtual absl::StatusOr<Answer> CommitOnce(
      const UserKey& user, const RequestKey& request, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
          decide) = 0;

  // Encoded UserState. Empty for a user never heard of, which is no error.
  virtual absl::Status LoadState(const UserKey& user,
                                 std::string& state) const = 0;
  // Every state of a partition, in key order, until `visit` returns false.
  virtual absl::Status ScanStates(
      int partition,
      absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit)
      const = 0;

  // Every event of one partition from position `from` on, in order, until
  // `visit` returns false. kDataLoss if a record is unreadable: a gap is never
  // skipped.
  virtual absl::Status Scan(
      int partition, Position from,
      absl::FunctionRef<bool(const LoggedEvent&)> visit) const = 0;

  // Progress of a source; empty when it was never seen.
  virtual absl::StatusOr<std::string> LoadMark(
      absl::string_view source) const = 0;
  virtual LedgerFacts Facts() const = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_H_
