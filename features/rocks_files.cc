#include "features/rocks_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "features/base/crash_point.h"
#include "features/rocks_logger.h"
#include "features/store_lock.h"

namespace tenuto {
namespace {

// RocksDB makes its files readable for all; ours are their owner's.
class PrivateFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit PrivateFiles(std::shared_ptr<rocksdb::FileSystem> files)
      : FileSystemWrapper(files != nullptr ? std::move(files)
                                           : rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "tenuto.PrivateFiles"; }

  rocksdb::IOStatus NewWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* file,
      rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus status =
        target()->NewWritableFile(path, options, file, context);
    TENUTO_CRASH_POINT(absl::StrContains(path, ".tmp/") ? "checkpoint.copying"
                                                        : "store.new_file");
    return status.ok() ? Close(path) : status;
  }
  rocksdb::IOStatus NewLogger(const std::string& path,
                              const rocksdb::IOOptions&,
                              std::shared_ptr<rocksdb::Logger>* logger,
                              rocksdb::IODebugContext*) override {
    return RocksLogger::Open(path, logger);
  }
  // kBusy with the name of who holds it.
  rocksdb::IOStatus LockFile(const std::string& path,
                             const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock,
                             rocksdb::IODebugContext* context) override {
    const absl::MutexLock guard(&mutex_);
    if (lock_ != nullptr && path == locked_) {
      *lock = std::exchange(lock_, nullptr);
      return rocksdb::IOStatus::OK();
    }
    const rocksdb::IOStatus status =
        target()->LockFile(path, options, lock, context);
    if (status.ok()) {
      locked_ = path;
      return Close(path);
    }
    // Closing a lock file drops the process's own lock on it: don't look there.
    const std::string holder =
        absl::StrContains(status.ToString(), "current process")
            ? "this process itself"
            : WriterOf(std::filesystem::path(path).parent_path().parent_path());
    return holder.empty() ? status : rocksdb::IOStatus::Busy(holder);
  }
  // The lock stays for the next opening, until these files end: nobody else may
  // write between two of them.
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock,
                               const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override {
    const absl::MutexLock guard(&mutex_);
    lock_ = lock;
    return rocksdb::IOStatus::OK();
  }
  bool keeps_lock() {
    const absl::MutexLock guard(&mutex_);
    return lock_ != nullptr;
  }
  ~PrivateFiles() override {
    if (lock_ != nullptr) {
      target()->UnlockFile(lock_, {}, nullptr).PermitUncheckedError();
    }
  }

 private:
  static rocksdb::IOStatus Close(const std::string& path) {
    if (::chmod(path.c_str(), 0600) == 0) return rocksdb::IOStatus::OK();
    return rocksdb::IOStatus::IOError("chmod 0600", path);
  }

  absl::Mutex mutex_;
  // Of an opening that has ended, and the file.
  rocksdb::FileLock* lock_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::string locked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakePrivateFiles(
    std::shared_ptr<rocksdb::FileSystem> files) {
  return rocksdb::NewCompositeEnv(
      std::make_shared<PrivateFiles>(std::move(files)));
}

bool KeepsLock(const rocksdb::Env& files) {
  auto* const mine = dynamic_cast<PrivateFiles*>(files.GetFileSystem().get());
  return mine != nullptr && mine->keeps_lock();
}

}  // namespace tenuto
