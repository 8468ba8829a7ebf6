// Who was erased from a ledger, as a file beside it: what comes from before, a
// restored checkpoint or a file of score records, forgets them by it again.
// Holds keyed hashes of user keys, so the list itself names nobody.
// Value type; not thread-safe.
#ifndef TENUTO_FEATURES_ERASURE_LIST_H_
#define TENUTO_FEATURES_ERASURE_LIST_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/ledger_terms.h"
#include "features/user_key.h"

namespace tenuto {

inline constexpr char kErasedUsersFile[] = "erased_users.txt";

// What stands for a user key in lists of erased users.
std::string ErasedName(const UserKeys& keys, const UserKey& user);

class ErasureList {
 public:
  struct Entry {
    int partition = 0;
    std::int64_t time_us = 0;
    Position through = 0;  // Newest position of the log at that moment.
  };
  using Entries = std::map<std::string, Entry, std::less<>>;  // By name.

  // The list in a directory; empty when there is none. kDataLoss names the line
  // that cannot be read: somebody would come back.
  static absl::StatusOr<ErasureList> Load(
      const std::filesystem::path& directory);
  absl::Status Save(const std::filesystem::path& directory) const;

  // Of two entries of a user the newer one stays.
  void Add(absl::string_view name, const Entry& entry);
  void Add(const ErasureList& other);
  // Entries that are newer here than in `known`, or only here.
  ErasureList Without(const ErasureList& known) const;
  const Entries& entries() const { return entries_; }

  // Whether the list speaks of `user` as of `as_of_us`, or as the log had them
  // up to `applied_through`.
  bool Covers(const UserKeys& keys, const UserKey& user, std::int64_t as_of_us,
              Position applied_through) const;

 private:
  Entries entries_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ERASURE_LIST_H_
