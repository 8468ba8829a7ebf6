// Who holds a store for writing, as the lock on its LOCK file tells: apart from
// RocksDB, which only says that somebody does.
// Thread-safe: functions.
#ifndef TENUTO_FEATURES_STORE_LOCK_H_
#define TENUTO_FEATURES_STORE_LOCK_H_

#include <filesystem>
#include <string>

namespace tenuto {

// The other process that writes to the ledger in `directory`, as "process 123
// (tenuto-server)"; empty when there is none. Ends a hold of one's own: a
// process loses its lock on a file when it closes it anywhere.
std::string WriterOf(const std::filesystem::path& directory);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STORE_LOCK_H_
