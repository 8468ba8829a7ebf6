// How a store is opened, and what it is asked for.
// Value types; not thread-safe.
#ifndef TENUTO_FEATURES_ROCKS_STORE_OPTIONS_H_
#define TENUTO_FEATURES_ROCKS_STORE_OPTIONS_H_

#include <filesystem>
#include <memory>
#include <string>

#include "features/base/clock.h"

namespace rocksdb {
class FileSystem;
}

namespace tenuto {

struct RocksStoreOptions {
  std::filesystem::path directory;  // The ledger's; the store is in "rocks".
  bool read_only = false;           // Beside a live writer, as of now.
  int threads = 2;                  // For flushes and compactions.
  const Clock* clock = nullptr;     // By which answers expire, if there is one.
  // With read_only: no writer beside; refuses as a writer would.
  bool alone = false;
  // Instead of the machine's, for tests.
  std::shared_ptr<rocksdb::FileSystem> files = nullptr;
  // Flushes and compactions at a lower priority, in the whole process: where
  // calls wait for answers, and not where a log is read in.
  bool answers_first = false;
};

// Merge keeps in kSeen what MergeMarks says, in kMeta the smaller of two
// decimal numbers under kHistoryStartKey and the larger under any other key.
enum class Family { kLog, kState, kSeen, kMeta, kRequests };
inline constexpr char kHistoryStartKey[] = "history_start_us";

struct KeyRange {
  Family family;
  std::string first, last;  // Both within.
};

// How a cursor will move: of one that hops, nothing is read ahead.
enum class Walk { kFar, kHops };

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_STORE_OPTIONS_H_
