// The openings of its database that a store lives through. After a change that
// failed nothing may be changed through the same opening any more: what failed
// may be in RocksDB's log or, by halves, in its memory, and only a whole
// recovery tells. So the database is opened anew, beside its readers.
#ifndef TENUTO_FEATURES_ROCKS_OPENINGS_H_
#define TENUTO_FEATURES_ROCKS_OPENINGS_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "features/ledger_faults.h"
#include "features/rocks_opening.h"
#include "features/rocks_store_options.h"
#include "features/rocks_upkeep.h"
#include "rocksdb/env.h"

namespace tenuto {

// Thread-safe.
class RocksOpenings {
 public:
  explicit RocksOpenings(const RocksStoreOptions& options);

  // The first one. Errors: as RocksStore::Open.
  absl::Status Start();

  struct Current {
    std::shared_ptr<const RocksOpening> opening;
    std::uint64_t number = 0;  // Counted from 1.
  };
  // Not to be kept for long: what is held cannot be closed.
  Current Now() const ABSL_LOCKS_EXCLUDED(now_) {
    const absl::ReaderMutexLock lock(&now_);
    return current_;
  }

  static constexpr std::uint64_t kAny = 0;
  // Makes `change` in the opening of that number. When that is over, or has
  // failed and cannot be replaced yet: the failure, and nothing was changed.
  absl::Status Change(
      absl::string_view doing, std::uint64_t number,
      absl::FunctionRef<rocksdb::Status(const RocksOpening&)> change);
  // `status` as ours, and counted.
  absl::Status Counted(const rocksdb::Status& status, absl::string_view doing);
  LedgerFaults faults() const {
    return {tails_truncated_, disk_full_, io_, damage_};
  }

 private:
  absl::Status Open(RocksOpening::For purpose);
  // Makes the current one able to write, if need be.
  absl::Status TakeUp();
  absl::Status OpenAnew() ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  absl::Status Failed(const absl::Status& opened)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  absl::Status Refusal();  // With the last failure, which counts again.
  absl::Status LastFailure() const;
  void Count(const absl::Status& failure);

  const RocksStoreOptions options_;
  const std::unique_ptr<rocksdb::Env> files_;  // Holds the writer's lock.
  std::unique_ptr<AnswerExpiry> expiry_;       // Null: answers stay.

  // Shared by changes, whole while the database is opened anew.
  absl::Mutex changes_;
  // Of the one that writes no more, when nobody reads through it any more.
  std::shared_ptr<absl::Notification> closed_ ABSL_GUARDED_BY(changes_);
  absl::Time last_try_ ABSL_GUARDED_BY(changes_);
  std::atomic<int> tries_{0};  // To open anew, since something was changed.

  mutable absl::Mutex now_;  // After changes_.
  Current current_ ABSL_GUARDED_BY(now_);
  absl::Status failure_ ABSL_GUARDED_BY(now_);

  std::atomic<int> tails_truncated_{0};
  std::atomic<std::int64_t> disk_full_{0};
  std::atomic<std::int64_t> io_{0};
  std::atomic<std::int64_t> damage_{0};
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_OPENINGS_H_
