#include "features/rocks_files.h"

#include <sys/stat.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "features/base/crash_point.h"
#include "features/rocks_logger.h"

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
  rocksdb::IOStatus LockFile(const std::string& path,
                             const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock,
                             rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus status =
        target()->LockFile(path, options, lock, context);
    return status.ok() ? Close(path) : status;
  }

 private:
  static rocksdb::IOStatus Close(const std::string& path) {
    if (::chmod(path.c_str(), 0600) == 0) return rocksdb::IOStatus::OK();
    return rocksdb::IOStatus::IOError("chmod 0600", path);
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakePrivateFiles(
    std::shared_ptr<rocksdb::FileSystem> files) {
  return rocksdb::NewCompositeEnv(
      std::make_shared<PrivateFiles>(std::move(files)));
}

}  // namespace tenuto
