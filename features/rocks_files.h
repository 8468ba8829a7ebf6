// The files of RocksDB, as they must be for a ledger: readable for their owner
// only, with a log that a full disk cannot hurt, and a lock that is kept from
// one opening to the next.
// Thread-safe: functions.
#ifndef TENUTO_FEATURES_ROCKS_FILES_H_
#define TENUTO_FEATURES_ROCKS_FILES_H_

#include <memory>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace tenuto {

// On the machine's files when `files` is null.
std::unique_ptr<rocksdb::Env> MakePrivateFiles(
    std::shared_ptr<rocksdb::FileSystem> files);

// Whether `files`, made so, keep the lock of an opening that has ended.
bool KeepsLock(const rocksdb::Env& files);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_FILES_H_
