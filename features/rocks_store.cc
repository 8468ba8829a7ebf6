#include "features/rocks_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/atomic_file.h"
#include "features/base/crash_point.h"
#include "features/base/status_macros.h"
#include "features/base/status_reason.h"
#include "features/log_file_check.h"
#include "features/rocks_logger.h"
#include "features/rocks_merges.h"
#include "features/rocks_upkeep.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"

namespace tenuto {
namespace {

constexpr std::size_t kFamilies = 5;
constexpr std::array<const char*, kFamilies> kFamilyNames = {
    "log", "state", "seen", "meta", "requests"};

std::size_t IndexOf(Family family) { return static_cast<std::size_t>(family); }

rocksdb::Slice AsSlice(absl::string_view text) {
  return {text.data(), text.size()};
}

constexpr char kDiskFull[] = "DISK_FULL";
constexpr char kIoError[] = "IO_ERROR";  // Or whatever else RocksDB says.

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace()) {
    return WithReason(absl::UnavailableError(text), kDiskFull);
  }
  return WithReason(absl::UnavailableError(text), kIoError);
}

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

rocksdb::Options DatabaseOptions(const RocksStoreOptions& options,
                                 rocksdb::Env* env) {
  rocksdb::Options db;
  db.env = env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  // A torn tail is what a crash leaves; damage in the middle must stop us.
  db.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.paranoid_checks = true;
  db.flush_verify_memtable_count = true;
  db.track_and_verify_wals_in_manifest = true;
  db.verify_sst_unique_id_in_manifest = true;
  db.max_total_wal_size = 48 << 20;  // A start after a kill reads it.
  // A reader beside the writer needs every file open.
  db.max_open_files = -1;
  db.max_background_jobs = options.threads;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.keep_log_file_num = 4;
  // It names the first and last key of every file, and so user keys: each edit
  // begins a new one, so that an erased key leaves with the next edit.
  db.max_manifest_file_size = 1;
  return db;
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family,
                                           const rocksdb::Options& base,
                                           const AnswerExpiry* expiry) {
  rocksdb::ColumnFamilyOptions options(base);
  options.write_buffer_size = 32 << 20;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(64 << 20);
  if (family == Family::kState || family == Family::kSeen) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  if (family == Family::kSeen)
    options.merge_operator = std::make_shared<MarkMerge>();
  if (family == Family::kMeta) {
    options.merge_operator = std::make_shared<HistoryMerge>();
  }
  if (family == Family::kRequests && expiry != nullptr) {
    expiry->AddTo(options);
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// "process 123 (tenuto-server)", from the lock on RocksDB's LOCK file.
std::string HolderOf(const std::filesystem::path& lock_file) {
  const int fd = ::open(lock_file.c_str(), O_RDWR | O_CLOEXEC);
  // A store that was never opened has none, and others' may be closed to us.
  if (fd < 0) return errno == EACCES ? "another process" : "";
  const auto close = absl::MakeCleanup([fd] { ::close(fd); });
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return "";
  std::string name;
  std::ifstream(absl::StrCat("/proc/", lock.l_pid, "/comm")) >> name;
  return absl::StrCat("process ", lock.l_pid, " (", name, ")");
}

// The database's folder; made when it may be.
absl::StatusOr<std::filesystem::path> FolderOf(
    const RocksStoreOptions& options) {
  const std::filesystem::path path = options.directory / "rocks";
  std::error_code error;
  if (std::filesystem::exists(path / "CURRENT", error)) return path;
  if (options.read_only) {
    return absl::NotFoundError(
        absl::StrCat("there is no ledger in ", options.directory.string()));
  }
  // The ledger's own first: users' keys and habits are nobody else's business.
  TENUTO_RETURN_IF_ERROR(MakePrivateDirectory(options.directory));
  TENUTO_RETURN_IF_ERROR(MakePrivateDirectory(path));
  // RocksDB makes its files durable in their folder, not the folder itself.
  const std::filesystem::path above =
      std::filesystem::absolute(options.directory, error).parent_path();
  TENUTO_RETURN_IF_ERROR(SyncDirectory(options.directory));
  TENUTO_RETURN_IF_ERROR(SyncDirectory(above));
  return path;
}

// `status`, and what was being opened.
absl::Status Explained(const absl::Status& status,
                       const RocksStoreOptions& options) {
  absl::Status explained(
      status.code(),
      absl::StrCat("opening the ledger ", options.directory.string(), ": ",
                   std::string(status.message())));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    explained.SetPayload(url, payload);
  });
  return explained;
}

absl::Status OpenError(const RocksStoreOptions& options,
                       const std::filesystem::path& path,
                       const rocksdb::Status& status) {
  if (absl::StrContains(status.ToString(), "olumn families not opened")) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the ledger ", options.directory.string(),
        " has families of keys of a newer release: open it with that one"));
  }
  // Closing a lock file drops the process's own lock on it: don't look there.
  const bool ours = absl::StrContains(status.ToString(), "current process");
  const std::string holder = options.read_only ? ""
                             : ours            ? "this process itself"
                                               : HolderOf(path / "LOCK");
  if (!holder.empty() && status.IsIOError()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", options.directory.string(), " is held by ",
                     holder, "; stop it, or send the events through it"));
  }
  if (status.IsCorruption()) {  // RocksDB does not say where in a log.
    const auto torn = CountTornTails(path, CheckDepth::kChecksums);
    if (absl::IsDataLoss(torn.status())) {
      return Explained(torn.status(), options);
    }
  }
  return Explained(FromRocks(status, "RocksDB"), options);
}

}  // namespace

struct RocksStore::Rep {
  Rep() = default;
  Rep(const Rep&) = delete;
  Rep& operator=(const Rep&) = delete;
  ~Rep() {
    for (rocksdb::ColumnFamilyHandle* family : families) {
      if (family != nullptr) db->DestroyColumnFamilyHandle(family);
    }
    db.reset();
    if (!reader_directory.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(reader_directory, ignored);
    }
  }

  absl::Status Open(const RocksStoreOptions& options);
  // `status` as ours, and counted.
  absl::Status Counted(const rocksdb::Status& status, absl::string_view doing);
  // After a write that failed RocksDB takes no other until it is told to, or
  // looks every 5 s for space. One caller tries, the others fail meanwhile.
  void TakeUpWriting();
  rocksdb::ColumnFamilyHandle* Of(Family family) const {
    return families[IndexOf(family)];
  }

  std::unique_ptr<rocksdb::Env> files;
  // Before the database, whose compactions use it.
  std::unique_ptr<AnswerExpiry> expiry;
  std::unique_ptr<rocksdb::DB> db;
  // Both hold back the removal of files.
  absl::Mutex checkpoint_or_purge;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families{};
  std::filesystem::path reader_directory;
  std::atomic<bool> stopped{false};  // By a write that failed.
  std::atomic<bool> resuming{false};
  int tails_truncated = 0;
  std::atomic<std::int64_t> disk_full{0};
  std::atomic<std::int64_t> io{0};
  std::atomic<std::int64_t> damage{0};
};

struct StoreBatch::Rep {
  const RocksStore::Rep& store;
  rocksdb::WriteBatch batch{};
};

struct StoreCursor::Rep {
  RocksStore::Rep& store;
  std::unique_ptr<rocksdb::Iterator> it;
};

absl::Status RocksStore::Rep::Open(const RocksStoreOptions& options) {
  TENUTO_ASSIGN_OR_RETURN(const std::filesystem::path path, FolderOf(options));
  if (!options.read_only || options.alone) {
    const absl::StatusOr<int> torn = CountTornTails(path, CheckDepth::kFrames);
    if (!torn.ok()) return Explained(torn.status(), options);
    tails_truncated = *torn;
  }
  files =
      rocksdb::NewCompositeEnv(std::make_shared<PrivateFiles>(options.files));
  const rocksdb::Options tuned = DatabaseOptions(options, files.get());
  if (options.clock != nullptr && !options.read_only) {
    expiry = std::make_unique<AnswerExpiry>(*options.clock);
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted = {
      {rocksdb::kDefaultColumnFamilyName,
       FamilyOptions(Family::kMeta, tuned, nullptr)}};
  for (std::size_t k = 0; k < kFamilies; ++k) {
    wanted.emplace_back(kFamilyNames[k], FamilyOptions(static_cast<Family>(k),
                                                       tuned, expiry.get()));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status;
  if (options.read_only && options.alone) {
    status = rocksdb::DB::OpenForReadOnly(tuned, path.string(), wanted,
                                          &handles, &opened);
  } else if (options.read_only) {
    std::string directory =
        (std::filesystem::temp_directory_path() / "tenuto-reader-XXXXXX")
            .string();
    if (::mkdtemp(directory.data()) == nullptr) {
      return absl::UnavailableError("cannot make a temporary directory");
    }
    reader_directory = directory;
    status = rocksdb::DB::OpenAsSecondary(tuned, path.string(), directory,
                                          wanted, &handles, &opened);
  } else {
    status = rocksdb::DB::Open(tuned, path.string(), wanted, &handles, &opened);
  }
  if (!status.ok()) return OpenError(options, path, status);
  db.reset(opened);
  db->DestroyColumnFamilyHandle(handles[0]);
  std::copy(handles.begin() + 1, handles.end(), families.begin());
  return absl::OkStatus();
}

RocksStore::RocksStore(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
RocksStore::~RocksStore() = default;

absl::StatusOr<std::unique_ptr<RocksStore>> RocksStore::Open(
    const RocksStoreOptions& options) {
  auto rep = std::make_unique<Rep>();
  TENUTO_RETURN_IF_ERROR(rep->Open(options));
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(rep)));
}

absl::Status RocksStore::Get(Family family, absl::string_view key,
                             std::string& value) const {
  const rocksdb::Status status = rep_->db->Get(
      rocksdb::ReadOptions(), rep_->Of(family), AsSlice(key), &value);
  if (status.IsNotFound()) {
    value.clear();
    return absl::OkStatus();
  }
  if (status.ok()) return absl::OkStatus();
  return rep_->Counted(status,
                       absl::StrCat("reading ", kFamilyNames[IndexOf(family)]));
}

absl::Status RocksStore::Write(StoreBatch& batch) {
  rocksdb::WriteOptions write;
  write.sync = true;
  if (rep_->stopped) rep_->TakeUpWriting();
  const rocksdb::Status status = rep_->db->Write(write, &batch.rep_->batch);
  if (!status.ok()) rep_->stopped = true;
  return rep_->Counted(status, "committing to the ledger");
}

LedgerFaults RocksStore::faults() const {
  return {rep_->tails_truncated, rep_->disk_full, rep_->io, rep_->damage};
}

absl::Status RocksStore::Rep::Counted(const rocksdb::Status& status,
                                      absl::string_view doing) {
  if (!status.ok()) {
    ++(status.IsCorruption() ? damage : status.IsNoSpace() ? disk_full : io);
  }
  return FromRocks(status, doing);
}

void RocksStore::Rep::TakeUpWriting() {
  if (resuming.exchange(true)) return;
  if (db->Resume().ok()) stopped = false;
  resuming = false;
}

absl::Status RocksStore::Flush() {
  return FromRocks(
      rep_->db->Flush(rocksdb::FlushOptions(),
                      {rep_->families.begin(), rep_->families.end()}),
      "flushing the ledger");
}

absl::Status RocksStore::Purge(absl::Span<const KeyRange> ranges) {
  const absl::MutexLock lock(&rep_->checkpoint_or_purge);
  TENUTO_RETURN_IF_ERROR(Flush());
  for (const KeyRange& range : ranges) {
    TENUTO_RETURN_IF_ERROR(
        FromRocks(RewriteKeys(*rep_->db, rep_->Of(range.family),
                              AsSlice(range.first), AsSlice(range.last)),
                  "rewriting erased keys"));
  }
  TENUTO_CRASH_POINT("erase.before_manifest");
  TENUTO_RETURN_IF_ERROR(
      FromRocks(RenewManifest(*rep_->db, rep_->Of(Family::kLog)),
                "renewing the manifest"));
  return FromRocks(RemoveLeftovers(*rep_->db), "removing erased bytes");
}

absl::Status RocksStore::Checkpoint(const std::filesystem::path& directory) {
  const absl::MutexLock lock(&rep_->checkpoint_or_purge);
  return FromRocks(MakeCheckpoint(*rep_->db, directory / "rocks"),
                   absl::StrCat("making a checkpoint in ", directory.string()));
}

StoreBatch::StoreBatch(const RocksStore& store) : rep_(new Rep{*store.rep_}) {}
StoreBatch::~StoreBatch() = default;

void StoreBatch::Put(Family family, absl::string_view key,
                     absl::string_view value) {
  rep_->batch.Put(rep_->store.Of(family), AsSlice(key), AsSlice(value));
}

void StoreBatch::Merge(Family family, absl::string_view key,
                       absl::string_view value) {
  rep_->batch.Merge(rep_->store.Of(family), AsSlice(key), AsSlice(value));
}

void StoreBatch::Delete(Family family, absl::string_view key) {
  rep_->batch.Delete(rep_->store.Of(family), AsSlice(key));
}

bool StoreBatch::empty() const { return rep_->batch.Count() == 0; }

StoreCursor::StoreCursor(const RocksStore& store, Family family)
    : rep_(new Rep{*store.rep_, nullptr}) {
  rocksdb::ReadOptions read;
  // A partition's states may be few: RocksDB reads ahead more and more by
  // itself. Of 20,000 users in 256 partitions a MiB at once reads ten times
  // what there is.
  read.readahead_size = family == Family::kState ? 0 : 1 << 20;
  read.fill_cache = false;
  rep_->it.reset(store.rep_->db->NewIterator(read, store.rep_->Of(family)));
}
StoreCursor::~StoreCursor() = default;

void StoreCursor::Seek(absl::string_view key) { rep_->it->Seek(AsSlice(key)); }
void StoreCursor::SeekBack(absl::string_view key) {
  rep_->it->SeekForPrev(AsSlice(key));
}
void StoreCursor::Next() { rep_->it->Next(); }

bool StoreCursor::IsIn(absl::string_view prefix) const {
  return rep_->it->Valid() && rep_->it->key().starts_with(AsSlice(prefix));
}

absl::string_view StoreCursor::key() const { return AsView(rep_->it->key()); }
absl::string_view StoreCursor::value() const {
  return AsView(rep_->it->value());
}

absl::Status StoreCursor::status(absl::string_view doing) const {
  return rep_->store.Counted(rep_->it->status(), doing);
}

absl::Status CheckTableFile(const std::filesystem::path& file) {
  rocksdb::SstFileReader reader{rocksdb::Options()};
  rocksdb::Status status = reader.Open(file.string());
  if (status.ok()) status = reader.VerifyChecksum();
  return FromRocks(status, file.string());
}

std::string WriterOf(const std::filesystem::path& directory) {
  const std::filesystem::path lock = directory / "rocks" / "LOCK";
  std::error_code error;
  return std::filesystem::exists(lock, error) ? HolderOf(lock) : "";
}

}  // namespace tenuto
