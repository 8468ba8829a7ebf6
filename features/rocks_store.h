// The door to RocksDB, whose types stay behind it: families of keys and values,
// batches that are written whole and synced, cursors. What the values say is
// the ledger's.
#ifndef TENUTO_FEATURES_ROCKS_STORE_H_
#define TENUTO_FEATURES_ROCKS_STORE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/ledger_faults.h"
#include "features/rocks_store_options.h"

namespace tenuto {

class RocksStore;

// Value type; not thread-safe. Must not outlive its store. Is made before what
// it is planned upon is read: only the opening it was made in writes it.
class StoreBatch {
 public:
  explicit StoreBatch(const RocksStore& store);
  ~StoreBatch();
  StoreBatch(const StoreBatch&) = delete;
  StoreBatch& operator=(const StoreBatch&) = delete;

  void Put(Family family, absl::string_view key, absl::string_view value);
  void Merge(Family family, absl::string_view key, absl::string_view value);
  void Delete(Family family, absl::string_view key);
  bool empty() const;
  std::uint64_t opening() const;  // As RocksStore::opening() was.

 private:
  friend class RocksStore;
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// Walks a family by its keys' bytes, as it was when the cursor was made.
// Value type; not thread-safe. Must not outlive its store.
class StoreCursor {
 public:
  StoreCursor(const RocksStore& store, Family family, Walk walk = Walk::kFar);
  ~StoreCursor();
  StoreCursor(const StoreCursor&) = delete;
  StoreCursor& operator=(const StoreCursor&) = delete;

  void Seek(absl::string_view key);      // To the first at or after `key`.
  void SeekBack(absl::string_view key);  // To the last at or before `key`.
  void Next();
  // Whether it stands on an entry whose key begins so. Also false on an error.
  bool IsIn(absl::string_view prefix) const;
  // Of the entry it stands on; valid until it moves.
  absl::string_view key() const;
  absl::string_view value() const;
  // What went wrong `doing`, if anything.
  absl::Status status(absl::string_view doing) const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// Thread-safe.
class RocksStore {
 public:
  // Makes the directory when there is none and it may write. Errors: kNotFound
  // (nothing there to read), kFailedPrecondition (another process holds it, by
  // id and name), kDataLoss (damage other than a torn tail), kUnavailable.
  static absl::StatusOr<std::unique_ptr<RocksStore>> Open(
      const RocksStoreOptions& options);
  ~RocksStore();
  RocksStore(const RocksStore&) = delete;
  RocksStore& operator=(const RocksStore&) = delete;

  // `value` is empty when there is none.
  absl::Status Get(Family family, absl::string_view key,
                   std::string& value) const;
  static constexpr std::size_t kKeysMax = 32;
  using Visit =
      absl::FunctionRef<absl::Status(std::size_t key, absl::string_view value)>;
  // Of up to kKeysMax keys at once; in order, until `visit` fails.
  absl::Status GetEach(Family family, absl::Span<const absl::string_view> keys,
                       Visit visit) const;
  // All of `batch` or nothing, durable when it returns; of an empty one, that
  // all that can be read is durable. A batch that failed may be there once
  // opening() has changed. kUnavailable has a reason, DISK_FULL or IO_ERROR.
  absl::Status Write(StoreBatch& batch);
  // Rises when the database had to be opened anew, after a disk failed.
  std::uint64_t opening() const;
  LedgerFaults faults() const;
  absl::Status Flush();  // Of the write-ahead log; then checkpoints are short.
  // No file holds a byte of what was deleted inside `ranges` before any more.
  // kUnavailable when a cursor keeps an old file alive for a minute.
  absl::Status Purge(absl::Span<const KeyRange> ranges);
  absl::Status Checkpoint(const std::filesystem::path& to);  // As "to"/rocks.

 private:
  friend class StoreBatch;
  friend class StoreCursor;
  struct Rep;
  explicit RocksStore(std::unique_ptr<Rep> rep);
  const std::unique_ptr<Rep> rep_;
};

// Every block of a table file against its checksum; kDataLoss.
absl::Status CheckTableFile(const std::filesystem::path& file);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_STORE_H_
