// The ledger: the only place where events become durable and state changes.
// The log is the truth; user state is what folding the log yields.
#ifndef TENUTO_FEATURES_LEDGER_H_
#define TENUTO_FEATURES_LEDGER_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/base/status_macros.h"
#include "features/event_gate.h"
#include "features/ledger_terms.h"
#include "features/user_key.h"

namespace tenuto {

// Thread-safe. Implementations: RocksLedger (embedded, default) and
// MemoryLedger (tests, simulation).
class Ledger {
 public:
  virtual ~Ledger() = default;

  // All or nothing: log records, folded state and duplicate marks of the batch
  // commit together with `mark`, if any. When it returns OK, a crash cannot
  // lose any of them; when it fails, none happened. Resubmitting is safe
  // for kMarkDays after receipt. One verdict an event, in order.
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
  // A decision of ours; what others tell goes to Commit().
  // Calls `decide` with the user's state while nothing else can change it,
  // commits its event, if any, and remembers the response. The same request
  // again within 24 h gives the remembered response; with another body it is
  // kInvalidArgument. An error of `decide` is returned and nothing happens.
  virtual absl::StatusOr<Answer> CommitOnce(
      const UserKey& user, const RequestKey& request, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
          decide) = 0;

  // Removes every byte of the user from log, state, marks and remembered
  // answers, and from the disk before it returns. Positions stay taken; the
  // user starts blank. Survives a crash half way: whoever opens the ledger next
  // finishes it. The same request again within 24 h gives the same receipt;
  // with another body it is kInvalidArgument.
  virtual absl::StatusOr<Erasure> Erase(const UserKey& user,
                                        const RequestKey& request,
                                        absl::Time now) = 0;
  // Makes `directory`, which must not exist, and in it a ledger that holds this
  // one's log through the position it returns, while others go on committing.
  // kAlreadyExists, kUnavailable; kUnimplemented without a disk.
  virtual absl::StatusOr<Position> Checkpoint(
      const std::filesystem::path& directory) = 0;

  // Encoded UserState. Empty for a user never heard of, which is no error.
  virtual absl::Status LoadState(const UserKey& user,
                                 std::string& state) const = 0;
  using VisitState =
      absl::FunctionRef<absl::Status(const UserKey&, absl::string_view)>;
  // Of many, in order, until `visit` fails.
  virtual absl::Status LoadStates(absl::Span<const UserKey> users,
                                  VisitState visit) const {
    std::string state;
    for (const UserKey& user : users) {
      TENUTO_RETURN_IF_ERROR(LoadState(user, state));
      TENUTO_RETURN_IF_ERROR(visit(user, state));
    }
    return absl::OkStatus();
  }
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

  // Folds the log again until no signal is pending; commits go on meanwhile.
  // Asks `go_on` every now and then and is kCancelled when that says no; the
  // next call, of whatever process, goes on where it was. A ledger that never
  // has pending signals has nothing to do.
  virtual absl::Status Backfill(
      absl::FunctionRef<bool(const BackfillProgress&)> go_on) {
    go_on({.partitions_done = kPartitions});
    return absl::OkStatus();
  }
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_H_
