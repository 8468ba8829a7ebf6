// The record of every score served, beside the ledger: append-only files that
// a background thread writes, so that no score waits for a disk. What a crash
// or a full queue costs is bounded (one second) and counted.
//
// A file is "TNTSCR01" and then frames: length (4 bytes, little endian), XXH3
// of the body (8 bytes, little endian), body (tenuto.v1.ScoreRecord). Each
// process begins a new file, so only a file's tail can ever be torn.
#ifndef TENUTO_FEATURES_RECORD_LOG_H_
#define TENUTO_FEATURES_RECORD_LOG_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "features/erasure_list.h"
#include "features/user_key.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {

struct RecordLogOptions {
  std::filesystem::path directory;
  // Records waiting for the disk before further ones are dropped.
  std::int64_t queue_max = 65'536;
  // How long records wait before they are synced, well below the second a crash
  // may cost; written a little at a time, so that a busy core is not held up.
  absl::Duration linger = absl::Milliseconds(500);
  std::int64_t file_bytes_max = 256 << 20;
};

// Thread-safe.
class RecordLog {
 public:
  struct Counts {
    std::int64_t written = 0;  // Durable.
    std::int64_t lost = 0;     // Dropped by a full queue or a failing disk.
  };

  // Makes the directory. kUnavailable with the path when that fails.
  static absl::StatusOr<std::unique_ptr<RecordLog>> Open(
      RecordLogOptions options);
  // Writes what is waiting, then stops.
  ~RecordLog();

  // Never waits. A record that finds the queue full is lost and counted.
  void Append(const v1::ScoreRecord& record);
  // The same for `count` records, framed by AppendRecordFrame. What the queue
  // has no room for is the last of them.
  void Append(absl::string_view frames, std::int64_t count)
      ABSL_LOCKS_EXCLUDED(queue_mutex_);

  Counts counts() const;

  // Removes what `erased` covers from every file and from what is waiting; of
  // scores that are still being made, too. The files' bytes are gone when it
  // returns.
  absl::Status Erase(const ErasureList& erased, const UserKeys& keys);

 private:
  class Files;
  // Frames in one piece: nothing is allocated or freed a record.
  struct Waiting {
    std::string frames;
    std::int64_t count = 0;
  };
  RecordLog(RecordLogOptions options, std::unique_ptr<Files> files);
  void WriteUntilClosed();
  void Write(Waiting& taken) ABSL_EXCLUSIVE_LOCKS_REQUIRED(files_mutex_);
  // Makes durable what was written, and counts it.
  void Sync() ABSL_EXCLUSIVE_LOCKS_REQUIRED(files_mutex_);
  void Lose(std::int64_t count, const absl::Status& status);
  // Waits for a record if `waits`, then a moment for company. False once closed
  // and empty. The memory of `taken` goes to the records that come next.
  bool Take(Waiting& taken, bool waits) ABSL_LOCKS_EXCLUDED(queue_mutex_);
  bool IsReady() const ABSL_SHARED_LOCKS_REQUIRED(queue_mutex_);
  bool IsHalfFull() const ABSL_SHARED_LOCKS_REQUIRED(queue_mutex_);

  const RecordLogOptions options_;
  absl::Mutex queue_mutex_;
  // Signalled only when the writer has something to do.
  absl::CondVar changed_;
  Waiting waiting_ ABSL_GUARDED_BY(queue_mutex_);
  bool closed_ ABSL_GUARDED_BY(queue_mutex_) = false;
  std::atomic<std::int64_t> written_ = 0;
  std::atomic<std::int64_t> lost_ = 0;
  absl::Mutex files_mutex_;
  std::unique_ptr<Files> files_ ABSL_PT_GUARDED_BY(files_mutex_);
  std::int64_t unsynced_ ABSL_GUARDED_BY(files_mutex_) = 0;
  // What not to write; set by Erase.
  std::function<bool(const v1::ScoreRecord&)> is_erased_
      ABSL_GUARDED_BY(files_mutex_);
  std::thread writer_;
};

// In a ledger's directory.
inline constexpr char kRecordsFolder[] = "records";

// Every whole record, file by file in the order written, until `visit` returns
// false. A torn tail ends its file without an error; kDataLoss names the file
// and the byte of anything else that is damaged. kNotFound: no such directory.
absl::Status ReadScoreRecords(
    const std::filesystem::path& directory,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> visit);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_RECORD_LOG_H_
