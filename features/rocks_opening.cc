#include "features/rocks_opening.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/clock.h"
#include "features/base/status_macros.h"
#include "features/base/status_reason.h"
#include "features/log_file_check.h"
#include "features/rocks_files.h"
#include "features/rocks_merges.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"

namespace tenuto {
namespace {

constexpr absl::Duration kReaderPatience = absl::Seconds(20);

// The file LOG is the writer's.
class NoNotes final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, std::va_list) override {}
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
  // A table that reached the disk only when it is whole would hold up the log.
  db.bytes_per_sync = 1 << 20;
  db.max_bgerror_resume_count = 0;
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
    // Most who are asked for were not written to of late.
    options.memtable_prefix_bloom_size_ratio = 0.02;
    options.memtable_whole_key_filtering = true;
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

// The database's folder; made when it may be.
absl::StatusOr<std::filesystem::path> FolderOf(const RocksStoreOptions& options,
                                               bool may_make) {
  const std::filesystem::path path = options.directory / "rocks";
  std::error_code error;
  if (std::filesystem::exists(path / "CURRENT", error)) return path;
  if (!may_make) {
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
  if (status.IsBusy()) {  // Its lock.
    return absl::FailedPreconditionError(absl::StrCat(
        "the ledger ", options.directory.string(), " is held by ",
        status.getState(), "; stop it, or send the events through it"));
  }
  if (status.IsCorruption()) {  // RocksDB does not say where in a log.
    const auto torn = CountTornTails(path, CheckDepth::kChecksums);
    if (absl::IsDataLoss(torn.status())) {
      return Explained(torn.status(), options);
    }
  }
  return Explained(FromRocks(status, "RocksDB"), options);
}

// Tables are made while calls are answered, on the same cores: whoever waits
// for an answer goes first. By a third of their share, not by RocksDB's own
// lowest priority, a sixtieth: beside busy callers an erasure, which rewrites
// tables, then took over half a minute.
class AnswersFirst final : public rocksdb::EventListener {
 public:
  void OnFlushBegin(rocksdb::DB*, const rocksdb::FlushJobInfo&) override {
    StandBehind();
  }
  void OnCompactionBegin(rocksdb::DB*,
                         const rocksdb::CompactionJobInfo&) override {
    StandBehind();
  }

 private:
  // Of the calling thread, which RocksDB keeps for tables.
  void StandBehind() const {
    // Where that is not possible all are equal, as they were.
    if (::getpriority(PRIO_PROCESS, 0) < niceness_) {
      ::setpriority(PRIO_PROCESS, 0, niceness_);
    }
  }

  const int niceness_ = ::getpriority(PRIO_PROCESS, 0) + 5;
};

// The name of the manifest that holds; empty when it cannot be read. Every
// change of tables or logs begins a new one.
std::string CurrentManifest(const std::filesystem::path& folder) {
  std::string name;
  std::getline(std::ifstream(folder / "CURRENT"), name);
  return name;
}

// The files of a database that have numbers. An opening that fails may leave
// some that nothing names, as large as the log, and so do the next tries.
class NumberedFiles {
 public:
  explicit NumberedFiles(std::filesystem::path folder)
      : folder_(std::move(folder)), manifest_(CurrentManifest(folder_)) {
    is_whole_ = Visit([&](const std::filesystem::path&, std::uint64_t number) {
      newest_ = std::max(newest_, number);
    });
  }
  // Those that are newer than any there was, if the database is as it was.
  // Nothing where anything is not certain.
  void RemoveNewer() const {
    if (!is_whole_ || manifest_.empty()) return;
    if (CurrentManifest(folder_) != manifest_) return;
    Visit([&](const std::filesystem::path& file, std::uint64_t number) {
      std::error_code error;
      if (number <= newest_) return;
      if (file.extension() == ".log" &&
          (std::filesystem::file_size(file, error) > 0 || error)) {
        return;
      }
      std::filesystem::remove(file, error);
    });
  }

 private:
  // Whether all were visited.
  bool Visit(
      absl::FunctionRef<void(const std::filesystem::path&, std::uint64_t)>
          visit) const {
    std::error_code error;
    std::filesystem::directory_iterator file(folder_, error), end;
    for (; !error && file != end; file.increment(error)) {
      std::string name = file->path().filename().string();
      const std::string kind = file->path().extension().string();
      std::uint64_t number = 0;
      if (kind == ".sst" || kind == ".log") {
        name.resize(name.size() - kind.size());
      } else if (absl::StartsWith(name, "MANIFEST-")) {
        name.erase(0, sizeof "MANIFEST-" - 1);
      } else {
        continue;
      }
      if (absl::SimpleAtoi(name, &number)) visit(file->path(), number);
    }
    return !error;
  }

  const std::filesystem::path folder_;
  const std::string manifest_;
  bool is_whole_ = false;
  std::uint64_t newest_ = 0;
};

}  // namespace

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(text);
  return WithReason(absl::UnavailableError(text),
                    status.IsNoSpace() ? kDiskFull : kIoError);
}

absl::StatusOr<std::unique_ptr<RocksOpening>> RocksOpening::Open(
    const RocksStoreOptions& options, For purpose, rocksdb::Env& files,
    const AnswerExpiry* expiry) {
  std::unique_ptr<RocksOpening> opening(new RocksOpening(purpose));
  TENUTO_RETURN_IF_ERROR(opening->Start(options, files, expiry));
  return opening;
}

void RocksOpening::Watch::OnBackgroundError(
    rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  if (IsHarmless(reason, *error)) return;
  Note(*error);
  if (error->severity() < rocksdb::Status::Severity::kFatalError) {
    *error = rocksdb::Status(*error, rocksdb::Status::Severity::kFatalError);
  }
}

void RocksOpening::Watch::OnErrorRecoveryBegin(
    rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
    bool* goes_on_by_itself) {
  if (!IsHarmless(reason, error)) *goes_on_by_itself = false;
}

bool RocksOpening::Watch::IsHarmless(rocksdb::BackgroundErrorReason reason,
                                     const rocksdb::Status& error) {
  return reason == rocksdb::BackgroundErrorReason::kCompaction &&
         error.IsNoSpace();
}

void RocksOpening::Watch::Note(const rocksdb::Status& status) {
  const absl::MutexLock lock(&mutex_);
  if (first_.ok()) first_ = status;
  if (status.IsCorruption()) damaged_ = true;
  failed_ = true;
}

rocksdb::Status RocksOpening::Watch::first() const {
  const absl::MutexLock lock(&mutex_);
  return first_;
}

RocksOpening::~RocksOpening() {
  Close();
  closed_->Notify();
}

rocksdb::Status RocksOpening::OpenHere(
    const rocksdb::Options& tuned, const std::string& path,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& wanted) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      purpose_ == For::kWriting
          ? rocksdb::DB::Open(tuned, path, wanted, &handles, &opened)
          : rocksdb::DB::OpenForReadOnly(tuned, path, wanted, &handles,
                                         &opened);
  if (!status.ok()) return status;
  db_.reset(opened);
  db_->DestroyColumnFamilyHandle(handles[0]);
  std::copy(handles.begin() + 1, handles.end(), families_.begin());
  return status;
}

// Not as RocksDB's secondary, which takes a table that is missing for one that
// its writer has not made yet. But RocksDB reads the manifest first and the
// logs last: what the writer brought from a log into a table meanwhile is in
// neither, and files go. So only an opening during which nothing moved counts.
absl::Status RocksOpening::OpenBesideWriter(
    const rocksdb::Options& tuned, const std::filesystem::path& path,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& wanted,
    rocksdb::Status& status) {
  const absl::Time start = Clock::Real().Now();
  while (true) {
    const std::string before = CurrentManifest(path);
    status = OpenHere(tuned, path.string(), wanted);
    if (CurrentManifest(path) == before) break;
    Close();
    if (absl::AbsDuration(Clock::Real().Now() - start) < kReaderPatience) {
      continue;
    }
    return absl::UnavailableError(absl::StrCat(
        "the ledger ", path.parent_path().string(),
        " was changed by its writer each time while it was opened for reading; "
        "try again when less is taken in, or read a checkpoint"));
  }
  return absl::OkStatus();
}

void RocksOpening::Close() {
  for (rocksdb::ColumnFamilyHandle*& family : families_) {
    if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
    family = nullptr;
  }
  db_.reset();
}

absl::Status RocksOpening::Start(const RocksStoreOptions& options,
                                 rocksdb::Env& files,
                                 const AnswerExpiry* expiry) {
  const bool for_writing = purpose_ == For::kWriting;
  TENUTO_ASSIGN_OR_RETURN(const std::filesystem::path path,
                          FolderOf(options, for_writing));
  if (purpose_ != For::kReadingBesideWriter) {
    const absl::StatusOr<int> torn = CountTornTails(path, CheckDepth::kFrames);
    if (!torn.ok()) return Explained(torn.status(), options);
    tails_truncated_ = *torn;
  }
  rocksdb::Options tuned = DatabaseOptions(options, &files);
  tuned.listeners.push_back(watch_);
  if (purpose_ == For::kReadingBesideWriter) {
    tuned.info_log = std::make_shared<NoNotes>();
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted = {
      {rocksdb::kDefaultColumnFamilyName,
       FamilyOptions(Family::kMeta, tuned, nullptr)}};
  for (std::size_t k = 0; k < kFamilyNames.size(); ++k) {
    wanted.emplace_back(kFamilyNames[k],
                        FamilyOptions(static_cast<Family>(k), tuned, expiry));
  }
  rocksdb::Status status;
  if (for_writing) {
    if (options.answers_first) {
      tuned.listeners.push_back(std::make_shared<AnswersFirst>());
    }
    const NumberedFiles before(path);
    status = OpenHere(tuned, path, wanted);
    // Another process's are not ours to remove.
    if (!status.ok() && KeepsLock(files)) before.RemoveNewer();
  } else if (purpose_ == For::kReadingAlone) {
    status = OpenHere(tuned, path, wanted);
  } else {
    TENUTO_RETURN_IF_ERROR(OpenBesideWriter(tuned, path, wanted, status));
  }
  if (!status.ok()) return OpenError(options, path, status);
  return absl::OkStatus();
}

}  // namespace tenuto
