#include "tests/support/faulty_file_system.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace tenuto::testing {
namespace {

namespace fs = std::filesystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// A call that first asks `owner` whether it may happen.
#define TENUTO_BEFORE(owner, kind)                \
  do {                                            \
    const IOStatus before = (owner).Before(kind); \
    if (!before.ok()) return before;              \
  } while (false)

class Sequential final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  Sequential(FaultyFileSystem& owner,
             std::unique_ptr<rocksdb::FSSequentialFile> file)
      : FSSequentialFileOwnerWrapper(std::move(file)), owner_(owner) {}
  IOStatus Read(std::size_t n, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* context) override {
    TENUTO_BEFORE(owner_, FileCall::kRead);
    return target()->Read(n, options, result, scratch, context);
  }

 private:
  FaultyFileSystem& owner_;
};

class RandomAccess final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  RandomAccess(FaultyFileSystem& owner,
               std::unique_ptr<rocksdb::FSRandomAccessFile> file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), owner_(owner) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& options,
                Slice* result, char* scratch,
                IODebugContext* context) const override {
    TENUTO_BEFORE(owner_, FileCall::kRead);
    return target()->Read(offset, n, options, result, scratch, context);
  }

 private:
  FaultyFileSystem& owner_;
};

class Writable final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Writable(FaultyFileSystem& owner, std::string path,
           std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)),
        owner_(owner),
        path_(std::move(path)) {}

  IOStatus Append(const Slice& bytes, const IOOptions& options,
                  IODebugContext* context) override {
    TENUTO_BEFORE(owner_, FileCall::kWrite);
    const IOStatus space = owner_.TakeSpace(bytes.size());
    if (!space.ok()) {
      // As a disk does, it takes a part.
      const Slice part(bytes.data(), bytes.size() / 2);
      if (target()->Append(part, options, context).ok()) {
        owner_.Appended(path_, part.size());
      }
      return space;
    }
    const IOStatus status = target()->Append(bytes, options, context);
    if (status.ok()) owner_.Appended(path_, bytes.size());
    return status;
  }
  IOStatus Append(const Slice& bytes, const IOOptions& options,
                  const rocksdb::DataVerificationInfo&,
                  IODebugContext* context) override {
    return Append(bytes, options, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    TENUTO_BEFORE(owner_, FileCall::kSync);
    const IOStatus status = target()->Flush(options, context);
    if (status.ok()) owner_.Synced(path_);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return Sync(options, context);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    const IOStatus before = owner_.Before(FileCall::kWrite);
    const IOStatus status = target()->Close(options, context);
    return before.ok() ? status : before;
  }

 private:
  FaultyFileSystem& owner_;
  const std::string path_;
};

class Folder final : public rocksdb::FSDirectory {
 public:
  Folder(FaultyFileSystem& owner, std::string path,
         std::unique_ptr<rocksdb::FSDirectory> folder)
      : owner_(owner), path_(std::move(path)), folder_(std::move(folder)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    TENUTO_BEFORE(owner_, FileCall::kFolder);
    owner_.FolderSynced(path_);
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    return folder_->Close(options, context);
  }

 private:
  FaultyFileSystem& owner_;
  const std::string path_;
  const std::unique_ptr<rocksdb::FSDirectory> folder_;
};

std::string FolderOf(const std::string& path) {
  return fs::path(path).parent_path().lexically_normal().string();
}

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Overwrites what is behind `from` with what a disk may leave.
void Garble(const std::string& path, std::uint64_t from, Draws& draws) {
  const std::uint64_t size = fs::file_size(path);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(from));
  for (std::uint64_t k = from; k < size; ++k) {
    file.put(static_cast<char>(draws.Next() & 255));
  }
}

}  // namespace

int FaultyFileSystem::calls() const {
  absl::MutexLock lock(&mutex_);
  return calls_;
}

void FaultyFileSystem::FailCall(int n, const std::set<FileCall>& kinds,
                                FailsAs as) {
  absl::MutexLock lock(&mutex_);
  fails_as_ = as;
  countdown_ = n;
  kinds_ = kinds;
}

void FaultyFileSystem::CutPowerAtCall(int n) {
  absl::MutexLock lock(&mutex_);
  power_countdown_ = n;
}

void FaultyFileSystem::FailOneIn(int n, std::uint64_t seed,
                                 const std::set<FileCall>& kinds) {
  absl::MutexLock lock(&mutex_);
  one_in_ = n;
  fails_as_ = FailsAs::kIoError;
  draws_ = Draws(seed);
  kinds_ = kinds;
}

void FaultyFileSystem::FailNoMore() {
  absl::MutexLock lock(&mutex_);
  one_in_ = countdown_ = 0;
}

void FaultyFileSystem::LimitSpace(std::int64_t bytes) {
  absl::MutexLock lock(&mutex_);
  limited_ = true;
  space_ = bytes;
}

void FaultyFileSystem::LiftSpace() {
  absl::MutexLock lock(&mutex_);
  limited_ = false;
}

int FaultyFileSystem::refused_for_space() const {
  absl::MutexLock lock(&mutex_);
  return refused_for_space_;
}

IOStatus FaultyFileSystem::Before(FileCall kind) {
  absl::MutexLock lock(&mutex_);
  ++calls_;
  if (power_countdown_ > 0 && --power_countdown_ == 0) powerless_ = true;
  if (powerless_) return IOStatus::IOError("no power");
  if (kinds_.count(kind) == 0) return IOStatus::OK();
  const bool planned = countdown_ > 0 && --countdown_ == 0;
  const bool drawn = one_in_ > 0 && draws_.Between(1, one_in_) == 1;
  if (!planned && !drawn) return IOStatus::OK();
  return fails_as_ == FailsAs::kNoSpace ? IOStatus::NoSpace("full on order")
                                        : IOStatus::IOError("fails on order");
}

IOStatus FaultyFileSystem::TakeSpace(std::size_t bytes) {
  absl::MutexLock lock(&mutex_);
  if (!limited_) return IOStatus::OK();
  if (space_ < static_cast<std::int64_t>(bytes)) {
    ++refused_for_space_;
    return IOStatus::NoSpace("no space left on device");
  }
  space_ -= static_cast<std::int64_t>(bytes);
  return IOStatus::OK();
}

void FaultyFileSystem::Appended(const std::string& path, std::size_t bytes) {
  absl::MutexLock lock(&mutex_);
  files_[path].written += bytes;
}

void FaultyFileSystem::Synced(const std::string& path) {
  absl::MutexLock lock(&mutex_);
  files_[path].synced = files_[path].written;
}

void FaultyFileSystem::FolderSynced(const std::string& folder) {
  absl::MutexLock lock(&mutex_);
  const std::string synced = FolderOf(folder + "/any");
  for (auto it = new_names_.begin(); it != new_names_.end();) {
    it = FolderOf(*it) == synced ? new_names_.erase(it) : std::next(it);
  }
  renames_.erase(std::remove_if(renames_.begin(), renames_.end(),
                                [&](const Rename& rename) {
                                  return FolderOf(rename.to) == synced;
                                }),
                 renames_.end());
}

IOStatus FaultyFileSystem::NewSequentialFile(
    const std::string& path, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext* context) {
  TENUTO_BEFORE(*this, FileCall::kOpen);
  std::unique_ptr<rocksdb::FSSequentialFile> real;
  const IOStatus status =
      target()->NewSequentialFile(path, options, &real, context);
  if (status.ok()) *file = std::make_unique<Sequential>(*this, std::move(real));
  return status;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(
    const std::string& path, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
    IODebugContext* context) {
  TENUTO_BEFORE(*this, FileCall::kOpen);
  std::unique_ptr<rocksdb::FSRandomAccessFile> real;
  const IOStatus status =
      target()->NewRandomAccessFile(path, options, &real, context);
  if (status.ok()) {
    *file = std::make_unique<RandomAccess>(*this, std::move(real));
  }
  return status;
}

IOStatus FaultyFileSystem::NewWritableFile(
    const std::string& path, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* context) {
  TENUTO_BEFORE(*this, FileCall::kOpen);
  std::unique_ptr<rocksdb::FSWritableFile> real;
  const IOStatus status =
      target()->NewWritableFile(path, options, &real, context);
  if (!status.ok()) return status;
  *file = std::make_unique<Writable>(*this, path, std::move(real));
  absl::MutexLock lock(&mutex_);
  files_[path] = Bytes();
  new_names_.insert(path);
  return status;
}

IOStatus FaultyFileSystem::NewDirectory(
    const std::string& path, const IOOptions& options,
    std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext* context) {
  TENUTO_BEFORE(*this, FileCall::kOpen);
  std::unique_ptr<rocksdb::FSDirectory> real;
  const IOStatus status = target()->NewDirectory(path, options, &real, context);
  if (status.ok()) {
    *folder = std::make_unique<Folder>(*this, path, std::move(real));
  }
  return status;
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from,
                                      const std::string& to,
                                      const IOOptions& options,
                                      IODebugContext* context) {
  TENUTO_BEFORE(*this, FileCall::kRename);
  Rename rename{from, to, fs::exists(to), ""};
  if (rename.replaced) rename.old_bytes = BytesOf(to);
  const IOStatus status = target()->RenameFile(from, to, options, context);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  renames_.push_back(std::move(rename));
  if (const auto moved = files_.find(from); moved != files_.end()) {
    files_[to] = moved->second;
    files_.erase(from);
  }
  return status;
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& path,
                                      const IOOptions& options,
                                      IODebugContext* context) {
  TENUTO_BEFORE(*this, FileCall::kDelete);
  const IOStatus status = target()->DeleteFile(path, options, context);
  absl::MutexLock lock(&mutex_);
  if (status.ok()) files_.erase(path);
  return status;
}

IOStatus FaultyFileSystem::GetFreeSpace(const std::string& path,
                                        const IOOptions& options,
                                        std::uint64_t* bytes,
                                        IODebugContext* context) {
  const IOStatus status = target()->GetFreeSpace(path, options, bytes, context);
  absl::MutexLock lock(&mutex_);
  if (limited_) *bytes = static_cast<std::uint64_t>(space_);
  return status;
}

void FaultyFileSystem::LosePower(Unsynced unsynced, Draws& draws) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [path, bytes] : files_) {
    if (!fs::exists(path)) continue;
    std::uint64_t keep = bytes.synced;
    if (unsynced != Unsynced::kGone) {
      keep += static_cast<std::uint64_t>(draws.Between(
          0, static_cast<std::int64_t>(bytes.written - bytes.synced)));
    }
    fs::resize_file(path, std::min<std::uint64_t>(keep, fs::file_size(path)));
    if (unsynced == Unsynced::kGarbled && keep > bytes.synced) {
      Garble(path, bytes.synced, draws);
    }
  }
  for (auto it = renames_.rbegin(); it != renames_.rend(); ++it) {
    if (!fs::exists(it->to)) continue;
    fs::rename(it->to, it->from);
    if (it->replaced) std::ofstream(it->to, std::ios::binary) << it->old_bytes;
  }
  for (const std::string& name : new_names_) fs::remove(name);
  files_.clear();
  new_names_.clear();
  renames_.clear();
}

}  // namespace tenuto::testing
