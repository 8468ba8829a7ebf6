// Whether the files in which RocksDB logs (write-ahead logs, MANIFEST) are as
// they were written. RocksDB itself takes a damaged length in the last 32 KiB
// for the torn tail that a crash leaves, and drops every record after it; here
// a tail is torn only if nothing readable follows. The format is that of
// RocksDB's wiki, "Write Ahead Log File Format".
// Thread-safe: functions on files that nobody cuts meanwhile.
#ifndef TENUTO_FEATURES_LOG_FILE_CHECK_H_
#define TENUTO_FEATURES_LOG_FILE_CHECK_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto {

enum class LogEnd {
  kWhole,
  kTorn,         // The last record stops at the file's end: a crash.
  kDamagedLast,  // Its bytes are all there, but not as written.
  kDamaged,      // And other records follow it.
};

struct LogFileCheck {
  LogEnd end = LogEnd::kWhole;
  std::int64_t records = 0;  // Whole ones before `offset`.
  std::uint64_t offset = 0;  // Of the first record that is not; else the size.
  std::string what;          // Is wrong with it.
};

// kFrames follows the lengths and reads nothing else unless they are wrong.
enum class CheckDepth { kFrames, kChecksums };

LogFileCheck CheckLogBytes(absl::string_view bytes, CheckDepth depth);
// kNotFound when there is none, kUnavailable when it cannot be read.
absl::StatusOr<LogFileCheck> CheckLogFile(const std::filesystem::path& file,
                                          CheckDepth depth);

// The write-ahead logs of a database, oldest first.
std::vector<std::filesystem::path> LogFilesOf(
    const std::filesystem::path& database);
// Its MANIFEST; empty when CURRENT names none.
std::filesystem::path ManifestOf(const std::filesystem::path& database);

// What a start needs to know: kDataLoss naming file and offset of what no
// crash leaves, else how many logs have a torn tail. A file that goes meanwhile
// is a live writer's, whom the database's lock will name.
absl::StatusOr<int> CountTornTails(const std::filesystem::path& database,
                                   CheckDepth depth);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LOG_FILE_CHECK_H_
