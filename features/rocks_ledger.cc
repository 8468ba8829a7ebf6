#include "features/rocks_ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <limits>
#include <set>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/numeric/bits.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/commit_plan.h"
#include "features/log_record.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/merge_operator.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"
#include "tenuto/v1/records.pb.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr char kFormat[] = "1";
constexpr char kFormatKey[] = "format";
constexpr char kKeyCheckKey[] = "user_key_check";
constexpr char kSignalsKey[] = "signals";
constexpr char kRebuilding[] = "rebuilding";  // Instead of a fingerprint.
constexpr char kHistoryStartKey[] = "history_start_us";
constexpr char kHistoryEndKey[] = "history_end_us";
constexpr char kSourcePrefix[] = "source/";
constexpr int kStripes = 64;
// A commit of more users than this takes the whole ledger for itself.
constexpr std::size_t kSharedUsersMax = 8;

enum Family { kLog, kState, kSeen, kMeta, kRequests, kFamilies };
constexpr std::array<const char*, kFamilies> kFamilyNames = {
    "log", "state", "seen", "meta", "requests"};

absl::string_view AsView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

class MarkMerge final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing,
             const rocksdb::Slice& added, std::string* merged,
             rocksdb::Logger*) const override {
    *merged = MergeMarks(
        existing == nullptr ? absl::string_view() : AsView(*existing),
        AsView(added));
    return true;
  }
  const char* Name() const override { return "tenuto.MarkMerge"; }
};

// The ends of the history. Commits of different users write them side by side,
// so each adds its own times and the outermost count.
class HistoryMerge final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice& key, const rocksdb::Slice* existing,
             const rocksdb::Slice& added, std::string* merged,
             rocksdb::Logger*) const override {
    std::int64_t old_us = 0;
    std::int64_t new_us = 0;
    if (!absl::SimpleAtoi(AsView(added), &new_us)) return false;
    if (existing != nullptr) {
      if (!absl::SimpleAtoi(AsView(*existing), &old_us)) return false;
      new_us = key == kHistoryStartKey ? std::min(old_us, new_us)
                                       : std::max(old_us, new_us);
    }
    *merged = absl::StrCat(new_us);
    return true;
  }
  const char* Name() const override { return "tenuto.HistoryMerge"; }
};

rocksdb::Slice AsSlice(absl::string_view text) {
  return {text.data(), text.size()};
}

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace()) {
    return absl::UnavailableError(absl::StrCat("DISK_FULL: ", text));
  }
  return absl::UnavailableError(text);
}

absl::Status DamagedRecord(int partition, Position first) {
  return absl::DataLossError(absl::StrCat("log partition ", partition,
                                          ", position ", first,
                                          ": the record does not decode"));
}

std::string LogKey(int partition, Position position) {
  std::string key(9, '\0');
  key[0] = static_cast<char>(partition);
  for (int k = 0; k < 8; ++k) {
    key[static_cast<std::size_t>(8 - k)] =
        static_cast<char>(position >> (8 * k) & 255);
  }
  return key;
}

Position PositionOf(absl::string_view key) {
  Position position = 0;
  for (std::size_t k = 1; k < key.size(); ++k) {
    position = position << 8 | static_cast<unsigned char>(key[k]);
  }
  return position;
}

rocksdb::Options DatabaseOptions(const RocksLedgerOptions& options) {
  rocksdb::Options db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  // A torn tail is what a crash leaves; damage in the middle must stop us.
  db.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.paranoid_checks = true;
  db.flush_verify_memtable_count = true;
  db.track_and_verify_wals_in_manifest = true;
  db.verify_sst_unique_id_in_manifest = true;
  db.max_total_wal_size = 256 << 20;
  // A reader beside the writer needs every file open.
  db.max_open_files = -1;
  db.max_background_jobs = options.threads;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.keep_log_file_num = 4;
  return db;
}

rocksdb::ColumnFamilyOptions FamilyOptions(int family,
                                           const rocksdb::Options& base) {
  rocksdb::ColumnFamilyOptions options(base);
  options.write_buffer_size = 32 << 20;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(64 << 20);
  if (family == kState || family == kSeen) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  if (family == kSeen) options.merge_operator = std::make_shared<MarkMerge>();
  if (family == kMeta) {
    options.merge_operator = std::make_shared<HistoryMerge>();
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// "process 123 (tenuto-server)", from the lock on RocksDB's LOCK file.
std::string HolderOf(const std::filesystem::path& lock_file) {
  const int fd = ::open(lock_file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return "another process";
  const auto close = absl::MakeCleanup([fd] { ::close(fd); });
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return "";
  std::string name;
  std::ifstream(absl::StrCat("/proc/", lock.l_pid, "/comm")) >> name;
  return absl::StrCat("process ", lock.l_pid, " (", name, ")");
}

class RocksLedger final : public Ledger {
 public:
  RocksLedger(const RocksLedgerOptions& options, const Catalogue& catalogue)
      : options_(options),
        catalogue_(catalogue),
        fold_(catalogue),
        plan_(fold_) {}

  ~RocksLedger() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
    }
    db_.reset();
    if (!reader_directory_.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(reader_directory_, ignored);
    }
  }

  absl::Status Open(const UserKeys& keys) {
    TENUTO_RETURN_IF_ERROR(OpenDatabase());
    TENUTO_RETURN_IF_ERROR(CheckMeta(keys));
    return LoadFacts();
  }

  absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events, const SourceMark* mark) override;
  absl::StatusOr<Answer> CommitOnce(
      const UserKey& user, const RequestKey& request, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
          decide) override;
  absl::Status LoadState(const UserKey& user,
                         std::string& state) const override;
  absl::Status ScanStates(
      int partition,
      absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit)
      const override;
  absl::Status Scan(
      int partition, Position from,
      absl::FunctionRef<bool(const LoggedEvent&)> visit) const override;
  absl::StatusOr<std::string> LoadMark(absl::string_view source) const override;
  LedgerFacts Facts() const override;

 private:
  // Holds what a commit of these users must hold.
  class Hold {
   public:
    Hold(RocksLedger& ledger, absl::Span<const UserGroup> groups);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    RocksLedger& ledger_;
    const bool whole_;
    std::set<int> stripes_;
  };

  absl::Status OpenDatabase();
  absl::Status CheckMeta(const UserKeys& keys);
  absl::Status LoadFacts();
  absl::Status RebuildStates();
  absl::Status Get(Family family, absl::string_view key,
                   std::string& value) const;
  // Fills `batch`; the caller holds the users.
  absl::Status AddToBatch(absl::Span<const GatedEvent> events,
                          absl::Span<const UserGroup> groups,
                          std::vector<Admission>& verdicts,
                          rocksdb::WriteBatch& batch);
  absl::Status Write(rocksdb::WriteBatch& batch);
  // Known times of a commit's new events; absurd ends when there are none.
  struct History {
    std::int64_t start_us = std::numeric_limits<std::int64_t>::max();
    std::int64_t end_us = std::numeric_limits<std::int64_t>::min();
  };
  History AddHistory(absl::Span<const GatedEvent> events,
                     absl::Span<const Admission> verdicts,
                     rocksdb::WriteBatch& batch);
  void NoteHistory(const History& added);
  std::unique_ptr<rocksdb::Iterator> Iterate(Family family) const {
    rocksdb::ReadOptions read;
    read.readahead_size = 1 << 20;
    read.fill_cache = false;
    return std::unique_ptr<rocksdb::Iterator>(
        db_->NewIterator(read, families_[family]));
  }

  const RocksLedgerOptions options_;
  const Catalogue& catalogue_;
  const SignalFold fold_;
  const CommitPlan plan_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
  std::filesystem::path reader_directory_;

  // Small commits share `whole_` and hold their users' stripes; large ones take
  // `whole_` alone. Requests are held by `request_stripes_`, always first.
  absl::Mutex whole_;
  std::array<absl::Mutex, kStripes> stripes_;
  std::array<absl::Mutex, kStripes> request_stripes_;
  std::atomic<Position> next_{1};
  std::atomic<std::int64_t> history_start_us_{
      std::numeric_limits<std::int64_t>::max()};
  std::atomic<std::int64_t> history_end_us_{
      std::numeric_limits<std::int64_t>::min()};
};

RocksLedger::Hold::Hold(RocksLedger& ledger, absl::Span<const UserGroup> groups)
    ABSL_NO_THREAD_SAFETY_ANALYSIS : ledger_(ledger),
                                     whole_(groups.size() > kSharedUsersMax) {
  if (whole_) {
    ledger_.whole_.Lock();
    return;
  }
  ledger_.whole_.ReaderLock();
  for (const UserGroup& group : groups) {
    stripes_.insert(group.user.partition() % kStripes);
  }
  for (const int k : stripes_) {
    ledger_.stripes_[static_cast<std::size_t>(k)].Lock();
  }
}

RocksLedger::Hold::~Hold() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (const int k : stripes_) {
    ledger_.stripes_[static_cast<std::size_t>(k)].Unlock();
  }
  if (whole_) {
    ledger_.whole_.Unlock();
  } else {
    ledger_.whole_.ReaderUnlock();
  }
}

absl::Status RocksLedger::OpenDatabase() {
  const std::filesystem::path path = options_.directory / "rocks";
  std::error_code error;
  if (!std::filesystem::exists(path / "CURRENT", error)) {
    if (options_.read_only) {
      return absl::NotFoundError(
          absl::StrCat("there is no ledger in ", options_.directory.string()));
    }
    std::filesystem::create_directories(path, error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat("cannot make ", path.string(), ": ", error.message()));
    }
  }
  rocksdb::Options options = DatabaseOptions(options_);
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted = {
      {rocksdb::kDefaultColumnFamilyName, FamilyOptions(kMeta, options)}};
  for (int k = 0; k < kFamilies; ++k) {
    wanted.emplace_back(kFamilyNames[static_cast<std::size_t>(k)],
                        FamilyOptions(k, options));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  if (options_.read_only) {
    std::string directory =
        (std::filesystem::temp_directory_path() / "tenuto-reader-XXXXXX")
            .string();
    if (::mkdtemp(directory.data()) == nullptr) {
      return absl::UnavailableError("cannot make a temporary directory");
    }
    reader_directory_ = directory;
    status = rocksdb::DB::OpenAsSecondary(options, path.string(), directory,
                                          wanted, &handles, &db);
  } else {
    status = rocksdb::DB::Open(options, path.string(), wanted, &handles, &db);
  }
  if (!status.ok()) {
    // Closing a lock file drops the process's own lock on it: don't look there.
    const bool ours = absl::StrContains(status.ToString(), "current process");
    const std::string holder = options_.read_only ? ""
                               : ours             ? "this process itself"
                                                  : HolderOf(path / "LOCK");
    if (!holder.empty() && status.IsIOError()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the ledger ", options_.directory.string(), " is held by ", holder,
          "; stop it, or send the events through it"));
    }
    return FromRocks(status, absl::StrCat("opening the ledger ",
                                          options_.directory.string()));
  }
  db_.reset(db);
  db_->DestroyColumnFamilyHandle(handles[0]);
  std::copy(handles.begin() + 1, handles.end(), families_.begin());
  return absl::OkStatus();
}

absl::Status RocksLedger::CheckMeta(const UserKeys& keys) {
  std::string format, check, signals;
  TENUTO_RETURN_IF_ERROR(Get(kMeta, kFormatKey, format));
  TENUTO_RETURN_IF_ERROR(Get(kMeta, kKeyCheckKey, check));
  TENUTO_RETURN_IF_ERROR(Get(kMeta, kSignalsKey, signals));
  if (!format.empty() && format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", options_.directory.string(), " has format ",
                     format, "; this program reads ", kFormat));
  }
  if (!check.empty() && check != keys.CheckValue()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", options_.directory.string(),
                     " was made with another user key; restore its user.key"));
  }
  const bool same = signals == catalogue_.signal_fingerprint();
  if (options_.read_only) {
    if (same || signals.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("the states of the ledger ", options_.directory.string(),
                     " were folded with another catalogue; open it once with a "
                     "server or an import, which rebuilds them"));
  }
  if (!signals.empty() && !same) TENUTO_RETURN_IF_ERROR(RebuildStates());
  rocksdb::WriteBatch batch;
  batch.Put(families_[kMeta], kFormatKey, kFormat);
  batch.Put(families_[kMeta], kKeyCheckKey, AsSlice(keys.CheckValue()));
  batch.Put(families_[kMeta], kSignalsKey,
            AsSlice(catalogue_.signal_fingerprint()));
  return Write(batch);
}

absl::Status RocksLedger::LoadFacts() {
  Position last = 0;
  const auto it = Iterate(kLog);
  for (int partition = 0; partition < kPartitions; ++partition) {
    it->SeekForPrev(LogKey(partition, ~Position{0}));
    if (!it->Valid() || static_cast<unsigned char>(it->key()[0]) != partition) {
      continue;
    }
    const Position first = PositionOf(AsView(it->key()));
    const RecordVisit end = VisitLogRecord(
        AsView(it->value()), first, [&](const LoggedEvent& event) {
          last = std::max(last, event.position);
          return true;
        });
    // Positions after it would be given twice.
    if (end != RecordVisit::kWhole) return DamagedRecord(partition, first);
  }
  TENUTO_RETURN_IF_ERROR(FromRocks(it->status(), "reading the log's end"));
  next_ = last + 1;
  std::string text;
  TENUTO_RETURN_IF_ERROR(Get(kMeta, kHistoryStartKey, text));
  std::int64_t time_us = 0;
  if (absl::SimpleAtoi(text, &time_us)) history_start_us_ = time_us;
  TENUTO_RETURN_IF_ERROR(Get(kMeta, kHistoryEndKey, text));
  if (absl::SimpleAtoi(text, &time_us)) history_end_us_ = time_us;
  return absl::OkStatus();
}

// The log is the truth: folds it again, partition by partition.
absl::Status RocksLedger::RebuildStates() {
  LogInfo("the catalogue's signals changed: folding the log again");
  // Whoever opens the ledger after a crash in here starts over.
  rocksdb::WriteBatch begin;
  begin.Put(families_[kMeta], kSignalsKey, kRebuilding);
  TENUTO_RETURN_IF_ERROR(Write(begin));
  for (int partition = 0; partition < kPartitions; ++partition) {
    absl::flat_hash_map<UserKey, UserState> states;
    EventView view;
    bool whole = true;
    TENUTO_RETURN_IF_ERROR(Scan(partition, 0, [&](const LoggedEvent& event) {
      whole = view.Parse(event.event);
      auto [at, added] = states.try_emplace(event.user, fold_.layout());
      if (whole) fold_.Apply(view, event.position, at->second);
      return whole;
    }));
    if (!whole) return absl::DataLossError("a logged event does not parse");
    rocksdb::WriteBatch batch;
    std::string bytes;
    for (const auto& [user, state] : states) {
      state.Encode(bytes);
      batch.Put(families_[kState], AsSlice(user.view()), bytes);
    }
    if (batch.Count() == 0) continue;
    TENUTO_RETURN_IF_ERROR(Write(batch));
  }
  return absl::OkStatus();
}

absl::Status RocksLedger::Get(Family family, absl::string_view key,
                              std::string& value) const {
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), families_[family], AsSlice(key), &value);
  if (status.IsNotFound()) {
    value.clear();
    return absl::OkStatus();
  }
  return FromRocks(status, absl::StrCat("reading ", kFamilyNames[family]));
}

absl::Status RocksLedger::Write(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions write;
  write.sync = true;
  return FromRocks(db_->Write(write, &batch), "committing to the ledger");
}

absl::Status RocksLedger::AddToBatch(absl::Span<const GatedEvent> events,
                                     absl::Span<const UserGroup> groups,
                                     std::vector<Admission>& verdicts,
                                     rocksdb::WriteBatch& batch) {
  if (options_.read_only) {
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }
  const int day = DayOf(absl::ToUnixMicros(options_.clock->Now()));
  // Positions are taken at once, so that those of a user rise with time.
  const Position first = next_.fetch_add(events.size());
  Position next = first;
  std::string state, marks;
  UserWrite write;
  for (const UserGroup& group : groups) {
    TENUTO_RETURN_IF_ERROR(Get(kState, group.user.view(), state));
    TENUTO_RETURN_IF_ERROR(Get(kSeen, group.user.view(), marks));
    TENUTO_RETURN_IF_ERROR(
        plan_.Plan(events, group, state, marks, day, next, verdicts, write));
    if (write.record.empty()) continue;
    const rocksdb::Slice key = AsSlice(group.user.view());
    batch.Put(families_[kLog], LogKey(group.user.partition(), write.first),
              write.record);
    batch.Put(families_[kState], key, write.state);
    batch.Merge(families_[kSeen], key, write.new_marks);
  }
  // Gives back what duplicates did not need, unless another commit followed.
  Position taken = first + events.size();
  next_.compare_exchange_strong(taken, next);
  return absl::OkStatus();
}

RocksLedger::History RocksLedger::AddHistory(
    absl::Span<const GatedEvent> events, absl::Span<const Admission> verdicts,
    rocksdb::WriteBatch& batch) {
  History added;
  for (std::size_t k = 0; k < events.size(); ++k) {
    if (verdicts[k] == Admission::kDuplicate) continue;
    added.start_us = std::min(added.start_us, events[k].known_time_us);
    added.end_us = std::max(added.end_us, events[k].known_time_us);
  }
  if (added.start_us < history_start_us_) {
    batch.Merge(families_[kMeta], kHistoryStartKey,
                absl::StrCat(added.start_us));
  }
  if (added.end_us > history_end_us_) {
    batch.Merge(families_[kMeta], kHistoryEndKey, absl::StrCat(added.end_us));
  }
  return added;
}

void RocksLedger::NoteHistory(const History& added) {
  std::int64_t start_us = history_start_us_;
  while (added.start_us < start_us &&
         !history_start_us_.compare_exchange_weak(start_us, added.start_us)) {
  }
  std::int64_t end_us = history_end_us_;
  while (added.end_us > end_us &&
         !history_end_us_.compare_exchange_weak(end_us, added.end_us)) {
  }
}

absl::StatusOr<std::vector<Admission>> RocksLedger::Commit(
    absl::Span<const GatedEvent> events, const SourceMark* mark) {
  std::vector<Admission> verdicts(events.size(), Admission::kAccepted);
  const std::vector<UserGroup> groups = GroupByUser(events);
  rocksdb::WriteBatch batch;
  const Hold hold(*this, groups);
  TENUTO_RETURN_IF_ERROR(AddToBatch(events, groups, verdicts, batch));
  const History added = AddHistory(events, verdicts, batch);
  if (mark != nullptr) {
    batch.Put(families_[kMeta], absl::StrCat(kSourcePrefix, mark->source),
              mark->progress);
  }
  if (batch.Count() > 0) TENUTO_RETURN_IF_ERROR(Write(batch));
  NoteHistory(added);
  return verdicts;
}

absl::StatusOr<Ledger::Answer> RocksLedger::CommitOnce(
    const UserKey& user, const RequestKey& request, absl::Time now,
    absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
        decide) {
  const std::uint64_t hash = XXH3_64bits(request.id.data(), request.id.size());
  absl::MutexLock request_lock(&request_stripes_[hash % kStripes]);
  v1::RequestRecord remembered;
  std::string bytes;
  TENUTO_RETURN_IF_ERROR(Get(kRequests, request.id, bytes));
  if (!bytes.empty()) {
    if (!remembered.ParseFromString(bytes)) {
      return absl::DataLossError("a remembered request does not parse");
    }
    const absl::Time answered =
        absl::FromUnixMicros(remembered.answered_time_us());
    if (answered + kRequestMemory > now) {
      if (remembered.body_hash() != request.body_hash) return OtherBodyError();
      return Answer{remembered.response(), true};
    }
  }
  const std::vector<UserGroup> groups = {{user, {0}}};
  const Hold hold(*this, groups);
  TENUTO_RETURN_IF_ERROR(Get(kState, user.view(), bytes));
  TENUTO_ASSIGN_OR_RETURN(Outcome outcome, decide(bytes));
  const auto events = absl::MakeConstSpan(&outcome.event, 1);
  std::vector<Admission> verdicts(1, Admission::kAccepted);
  rocksdb::WriteBatch batch;
  TENUTO_RETURN_IF_ERROR(AddToBatch(events, groups, verdicts, batch));
  const History added = AddHistory(events, verdicts, batch);
  remembered.set_body_hash(request.body_hash);
  remembered.set_answered_time_us(absl::ToUnixMicros(now));
  remembered.set_response(outcome.response);
  batch.Put(families_[kRequests], request.id, remembered.SerializeAsString());
  TENUTO_RETURN_IF_ERROR(Write(batch));
  NoteHistory(added);
  return Answer{std::move(outcome.response), false};
}

absl::Status RocksLedger::LoadState(const UserKey& user,
                                    std::string& state) const {
  return Get(kState, user.view(), state);
}

absl::Status RocksLedger::ScanStates(
    int partition,
    absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit) const {
  const auto it = Iterate(kState);
  const std::string prefix(1, static_cast<char>(partition));
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix);
       it->Next()) {
    if (!visit(UserKey::FromBytes(AsView(it->key())), AsView(it->value()))) {
      break;
    }
  }
  return FromRocks(it->status(), "scanning states");
}

absl::Status RocksLedger::Scan(
    int partition, Position from,
    absl::FunctionRef<bool(const LoggedEvent&)> visit) const {
  const auto it = Iterate(kLog);
  const std::string prefix(1, static_cast<char>(partition));
  // The record that holds `from` may begin before it.
  it->SeekForPrev(LogKey(partition, from));
  if (!it->Valid() || !it->key().starts_with(prefix)) it->Seek(prefix);
  for (; it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const Position first = PositionOf(AsView(it->key()));
    const RecordVisit end = VisitLogRecord(
        AsView(it->value()), first, [&](const LoggedEvent& event) {
          return event.position < from || visit(event);
        });
    if (end == RecordVisit::kStopped) break;
    if (end == RecordVisit::kDamaged) {
      return DamagedRecord(partition, first);
    }
  }
  return FromRocks(it->status(),
                   absl::StrCat("scanning partition ", partition));
}

absl::StatusOr<std::string> RocksLedger::LoadMark(
    absl::string_view source) const {
  std::string progress;
  TENUTO_RETURN_IF_ERROR(
      Get(kMeta, absl::StrCat(kSourcePrefix, source), progress));
  return progress;
}

LedgerFacts RocksLedger::Facts() const {
  LedgerFacts facts;
  if (next_ == 1) return facts;
  facts.history_start = absl::FromUnixMicros(history_start_us_);
  facts.history_end = absl::FromUnixMicros(history_end_us_);
  facts.last_position = next_ - 1;
  return facts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> OpenRocksLedger(
    const RocksLedgerOptions& options, const Catalogue& catalogue,
    const UserKeys& keys) {
  TENUTO_CHECK(options.clock != nullptr, "a ledger needs a clock");
  auto ledger = std::make_unique<RocksLedger>(options, catalogue);
  TENUTO_RETURN_IF_ERROR(ledger->Open(keys));
  return ledger;
}

}  // namespace tenuto
