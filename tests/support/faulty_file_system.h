// A disk that fails on order, under a real RocksDB: the n-th call of some
// kinds, one call in n, no space, and a loss of power that takes what was not
// synced: bytes of files, and names of files in their folders. Thread-safe.
// Files opened through it must be closed before LosePower.
#ifndef TENUTO_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
#define TENUTO_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/file_system.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {

enum class FileCall { kOpen, kRead, kWrite, kSync, kRename, kDelete, kFolder };
inline const std::set<FileCall> kEveryCall = {
    FileCall::kOpen,   FileCall::kRead,   FileCall::kWrite, FileCall::kSync,
    FileCall::kRename, FileCall::kDelete, FileCall::kFolder};

// What a call that fails says: a file system may be out of room at any of them.
enum class FailsAs { kIoError, kNoSpace };

// What a loss of power does to bytes that were written but not synced.
enum class Unsynced { kGone, kCut, kGarbled };

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "tenuto.FaultyFileSystem"; }

  // Calls so far, and from now on: the n-th of `kinds` fails, counted from 1.
  int calls() const;
  void FailCall(int n, const std::set<FileCall>& kinds = kEveryCall,
                FailsAs as = FailsAs::kIoError);
  // The n-th call from now, and every change after it, reaches nothing.
  void CutPowerAtCall(int n);
  void FailOneIn(int n, std::uint64_t seed,
                 const std::set<FileCall>& kinds = kEveryCall);
  void FailNoMore();
  // Room for so many bytes more; LiftSpace ends that.
  void LimitSpace(std::int64_t bytes);
  void LiftSpace();
  int refused_for_space() const;
  // Undoes on the machine's disk what was not synced.
  void LosePower(Unsynced unsynced, Draws& draws);

  rocksdb::IOStatus NewSequentialFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSSequentialFile>* file,
      rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewRandomAccessFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
      rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* file,
      rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewDirectory(const std::string& path,
                                 const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* folder,
                                 rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& path,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path,
                                 const rocksdb::IOOptions& options,
                                 std::uint64_t* bytes,
                                 rocksdb::IODebugContext* context) override;

  // Called by the files.
  rocksdb::IOStatus Before(FileCall kind);
  rocksdb::IOStatus TakeSpace(std::size_t bytes);
  void Appended(const std::string& path, std::size_t bytes);
  void Synced(const std::string& path);
  void FolderSynced(const std::string& folder);

 private:
  struct Bytes {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };
  struct Rename {
    std::string from, to;
    bool replaced = false;
    std::string old_bytes;  // Of what it replaced.
  };

  mutable absl::Mutex mutex_;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int countdown_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: none planned.
  int power_countdown_ ABSL_GUARDED_BY(mutex_) = 0;
  int one_in_ ABSL_GUARDED_BY(mutex_) = 0;
  Draws draws_ ABSL_GUARDED_BY(mutex_){0};
  std::set<FileCall> kinds_ ABSL_GUARDED_BY(mutex_);
  FailsAs fails_as_ ABSL_GUARDED_BY(mutex_) = FailsAs::kIoError;
  bool powerless_ ABSL_GUARDED_BY(mutex_) = false;
  bool limited_ ABSL_GUARDED_BY(mutex_) = false;
  std::int64_t space_ ABSL_GUARDED_BY(mutex_) = 0;
  int refused_for_space_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Bytes> files_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> new_names_ ABSL_GUARDED_BY(mutex_);
  std::vector<Rename> renames_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
