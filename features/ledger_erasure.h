// How a user leaves a ledger on RocksDB. One batch removes what the ledger
// knows, leaves markers where events were, and notes the erasure under a keyed
// hash; then the bytes leave the disk. What a crash interrupts is finished by
// whoever opens the ledger next, without knowing who the user was.
#ifndef TENUTO_FEATURES_LEDGER_ERASURE_H_
#define TENUTO_FEATURES_LEDGER_ERASURE_H_

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "features/erasure_list.h"
#include "features/ledger.h"
#include "features/rocks_store.h"
#include "features/user_key.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {

// Not thread-safe: one erasure at a time. `store` must outlive it.
class LedgerErasure {
 public:
  LedgerErasure(RocksStore& store, UserKeys keys,
                std::filesystem::path directory)
      : store_(store),
        keys_(std::move(keys)),
        directory_(std::move(directory)) {}

  // What a user has in the ledger.
  struct Belongings {
    UserKey user;
    struct Record {
      std::string key;
      std::uint64_t events = 0;
    };
    std::vector<Record> records;
    std::vector<std::string> requests;
    std::uint64_t bytes = 0;
  };
  // Adds the user's log records that begin at `from` through `to`.
  absl::Status FindEvents(Position from, Position to, Belongings& found) const;
  // Requests whose remembered answers are about `user`. Reads all of them, so
  // nobody should be held meanwhile.
  absl::StatusOr<std::vector<std::string>> FindRequests(
      const UserKey& user) const;
  // Adds state, marks and the answers to those of `requests`, each named once
  // or more, that are about the user still.
  absl::Status FindRest(const std::vector<std::string>& requests,
                        Belongings& found) const;
  // Adds to `batch` what removes them all and notes that it happened.
  absl::StatusOr<Erasure> Remove(const Belongings& found, std::int64_t time_us,
                                 Position through, StoreBatch& batch) const;

  // Brings what was removed off the disk, and each checkpoint up to date by
  // `refresh`. Nothing to do when everything is finished.
  absl::Status Finish(
      absl::FunctionRef<absl::Status(const ErasureList&)> refresh) const;

  // Entries of `list` that the ledger does not know of: it is older.
  absl::StatusOr<ErasureList> Unknown(const ErasureList& list) const;
  // Removes the users of `unknown`; to be finished.
  absl::StatusOr<ErasedAgain> RemoveAgain(const ErasureList& unknown) const;

 private:
  absl::Status FindNamed(int partition, const std::set<std::string>& names,
                         std::set<UserKey>& users) const;
  absl::Status VisitNotes(absl::FunctionRef<absl::Status(
                              absl::string_view, const v1::ErasureRecord&)>
                              visit) const;

  RocksStore& store_;
  const UserKeys keys_;
  const std::filesystem::path directory_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LEDGER_ERASURE_H_
