#include "features/rocks_upkeep.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "features/request_memory.h"
#include "rocksdb/utilities/checkpoint.h"

namespace tenuto {
namespace {

constexpr std::uint64_t kSweepSeconds = 24 * 60 * 60;
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(20);
constexpr int kLooksMax = 3000;  // A minute.

bool HoldsKeys(const std::string& name) {
  return absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".log") ||
         absl::StartsWith(name, "MANIFEST-");
}

// Everything in the folder that may hold keys.
rocksdb::Status ListFiles(rocksdb::DB& db,
                          std::vector<std::filesystem::path>& files) {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(db.GetName(), error)) {
    // RocksDB lists no log that is empty as live, as a new one is.
    std::error_code gone;
    const std::uintmax_t bytes = entry.file_size(gone);
    if (HoldsKeys(entry.path().filename().string()) && !gone && bytes > 0) {
      files.push_back(entry.path());
    }
  }
  if (error) return rocksdb::Status::IOError(db.GetName(), error.message());
  return rocksdb::Status::OK();
}

// Takes out what the database needs, and what is gone.
rocksdb::Status KeepLeftovers(rocksdb::DB& db,
                              std::vector<std::filesystem::path>& files) {
  std::vector<std::string> live;
  std::uint64_t manifest_bytes = 0;
  rocksdb::Status status = db.GetLiveFiles(live, &manifest_bytes, false);
  if (!status.ok()) return status;
  rocksdb::VectorLogPtr logs;
  status = db.GetSortedWalFiles(logs);
  if (!status.ok()) return status;
  std::set<std::string> needed(live.begin(), live.end());
  for (const auto& log : logs) needed.insert(log->PathName());
  std::erase_if(files, [&](const std::filesystem::path& path) {
    std::error_code error;
    return needed.contains("/" + path.filename().string()) ||
           !std::filesystem::exists(path, error);
  });
  return rocksdb::Status::OK();
}

}  // namespace

bool AnswerExpiry::Filter(int, const rocksdb::Slice&,
                          const rocksdb::Slice& record, std::string*,
                          bool*) const {
  return HasExpired({record.data(), record.size()}, clock_.Now());
}

void AnswerExpiry::AddTo(rocksdb::ColumnFamilyOptions& options) const {
  options.compaction_filter = this;
  options.periodic_compaction_seconds = kSweepSeconds;
}

rocksdb::Status RewriteKeys(rocksdb::DB& db,
                            rocksdb::ColumnFamilyHandle* family,
                            const rocksdb::Slice& first,
                            const rocksdb::Slice& last) {
  rocksdb::CompactRangeOptions compact;
  compact.exclusive_manual_compaction = false;
  compact.allow_write_stall = false;
  compact.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForce;
  return db.CompactRange(compact, family, &first, &last);
}

rocksdb::Status RenewManifest(rocksdb::DB& db,
                              rocksdb::ColumnFamilyHandle* family) {
  // Any edit does; this one changes nothing.
  return db.SetOptions(family, {{"disable_auto_compactions", "false"}});
}

rocksdb::Status RemoveLeftovers(rocksdb::DB& db) {
  // What comes from now on is not on the list.
  std::vector<std::filesystem::path> leftovers;
  rocksdb::Status status = ListFiles(db, leftovers);
  for (int look = 0; status.ok() && look < kLooksMax; ++look) {
    if (look > 0) absl::SleepFor(kBetweenLooks);
    // The end of a pause of deletions looks for unneeded files itself.
    status = db.DisableFileDeletions();
    if (status.ok()) status = db.EnableFileDeletions(false);
    // Each time: what a flush was still writing has come into use since.
    if (status.ok()) status = KeepLeftovers(db, leftovers);
    if (status.ok() && leftovers.empty()) return status;
  }
  if (!status.ok()) return status;
  return rocksdb::Status::TimedOut(
      "somebody reads " + leftovers.front().string(),
      "repeat the call when that has ended");
}

rocksdb::Status MakeCheckpoint(rocksdb::DB& db,
                               const std::filesystem::path& directory) {
  rocksdb::Checkpoint* made = nullptr;
  const rocksdb::Status status = rocksdb::Checkpoint::Create(&db, &made);
  if (!status.ok()) return status;
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  return checkpoint->CreateCheckpoint(
      directory.string(), std::numeric_limits<std::uint64_t>::max());
}

}  // namespace tenuto
