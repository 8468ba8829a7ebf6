// What a store asks of RocksDB besides reading and writing: that deleted bytes
// leave the disk, that old answers go, that a copy is made. Apart from
// rocks_store so that its rules of files stand together.
// Thread-safe: functions on a thread-safe database.
#ifndef TENUTO_FEATURES_ROCKS_UPKEEP_H_
#define TENUTO_FEATURES_ROCKS_UPKEEP_H_

#include <filesystem>
#include <string>

#include "features/base/clock.h"
#include "rocksdb/compaction_filter.h"
#include "rocksdb/db.h"

namespace tenuto {

// Drops remembered answers that nobody may ask for again. Thread-safe.
class AnswerExpiry final : public rocksdb::CompactionFilter {
 public:
  explicit AnswerExpiry(const Clock& clock) : clock_(clock) {}
  const char* Name() const override { return "tenuto.AnswerExpiry"; }
  bool Filter(int level, const rocksdb::Slice& key,
              const rocksdb::Slice& record, std::string* changed,
              bool* is_changed) const override;
  // Makes a family's compactions ask it, once a day for every file.
  void AddTo(rocksdb::ColumnFamilyOptions& options) const;

 private:
  const Clock& clock_;
};

// Rewrites every file that overlaps `first` through `last`, down to the last
// level, where deletions themselves disappear.
rocksdb::Status RewriteKeys(rocksdb::DB& db,
                            rocksdb::ColumnFamilyHandle* family,
                            const rocksdb::Slice& first,
                            const rocksdb::Slice& last);

// Begins a new manifest: it names the first and last key of every file. Needs
// max_manifest_file_size 1.
rocksdb::Status RenewManifest(rocksdb::DB& db,
                              rocksdb::ColumnFamilyHandle* family);

// Removes the files that the database needed once. Waits for readers of old
// ones; kTimedOut after a minute.
rocksdb::Status RemoveLeftovers(rocksdb::DB& db);

// Without a flush, so that it is over soon: callers hold commits back.
rocksdb::Status MakeCheckpoint(rocksdb::DB& db,
                               const std::filesystem::path& directory);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_UPKEEP_H_
