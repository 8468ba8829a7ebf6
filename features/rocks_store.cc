#include "features/rocks_store.h"

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/crash_point.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/base/status_reason.h"
#include "features/rocks_files.h"
#include "features/rocks_merges.h"
#include "features/rocks_opening.h"
#include "features/rocks_upkeep.h"
#include "rocksdb/db.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/write_batch.h"

namespace tenuto {
namespace {

rocksdb::Slice AsSlice(absl::string_view text) {
  return {text.data(), text.size()};
}

absl::Status TryLater(absl::string_view why) {
  return WithReason(absl::UnavailableError(absl::StrCat(
                        "committing to the ledger: ", why, "; try again")),
                    kIoError);
}

RocksOpening::For PurposeOf(const RocksStoreOptions& options) {
  if (!options.read_only) return RocksOpening::For::kWriting;
  return options.alone ? RocksOpening::For::kReadingAlone
                       : RocksOpening::For::kReadingBesideWriter;
}

}  // namespace

struct RocksStore::Rep {
  // What it is until the next one.
  struct Current {
    std::shared_ptr<const RocksOpening> opening;
    std::uint64_t number = 0;  // Of the opening, counted from 1.
  };
  // Why no write is taken.
  enum class Stopped { kNot, kForSpace, kByFailure };

  explicit Rep(const RocksStoreOptions& store_options)
      : options(store_options), files(MakePrivateFiles(store_options.files)) {
    if (options.clock != nullptr && !options.read_only) {
      expiry = std::make_unique<AnswerExpiry>(*options.clock);
    }
  }

  absl::Status Open(RocksOpening::For purpose);
  Current Now() const {
    const absl::ReaderMutexLock lock(&change);
    return current;
  }
  // `status` as ours, and counted.
  absl::Status Counted(const rocksdb::Status& status, absl::string_view doing);
  // After a write that failed RocksDB takes no other until it is told to, looks
  // every 5 s for space, or has to be opened anew. One caller tries.
  absl::Status TakeUpWriting();
  absl::Status OpenAnew();

  const RocksStoreOptions options;
  const std::unique_ptr<rocksdb::Env> files;
  std::unique_ptr<AnswerExpiry> expiry;
  mutable absl::Mutex change;
  Current current ABSL_GUARDED_BY(change);
  // Shared by writes, whole while the database is opened anew.
  absl::Mutex writes ABSL_ACQUIRED_BEFORE(change);
  std::weak_ptr<const RocksOpening> before ABSL_GUARDED_BY(writes);
  // Both hold back the removal of files.
  absl::Mutex checkpoint_or_purge;
  std::atomic<Stopped> stopped{Stopped::kNot};
  std::atomic<bool> taking_up{false};
  std::atomic<int> tails_truncated{0};
  std::atomic<std::int64_t> disk_full{0};
  std::atomic<std::int64_t> io{0};
  std::atomic<std::int64_t> damage{0};
};

struct StoreBatch::Rep {
  rocksdb::ColumnFamilyHandle* Of(Family family) {
    if (opening == nullptr) opening = store.Now().opening;
    return opening->Of(family);
  }

  const RocksStore::Rep& store;
  std::shared_ptr<const RocksOpening> opening;
  const std::uint64_t number;
  rocksdb::WriteBatch batch{};
};

struct StoreCursor::Rep {
  RocksStore::Rep& store;
  std::shared_ptr<const RocksOpening> opening;
  std::unique_ptr<rocksdb::Iterator> it;
};

absl::Status RocksStore::Rep::Open(RocksOpening::For purpose) {
  TENUTO_ASSIGN_OR_RETURN(
      std::shared_ptr<const RocksOpening> opened,
      RocksOpening::Open(options, purpose, *files, expiry.get()));
  tails_truncated += opened->tails_truncated();
  const absl::MutexLock lock(&change);
  current.opening.swap(opened);
  ++current.number;
  return absl::OkStatus();
}

RocksStore::RocksStore(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
RocksStore::~RocksStore() = default;

absl::StatusOr<std::unique_ptr<RocksStore>> RocksStore::Open(
    const RocksStoreOptions& options) {
  auto rep = std::make_unique<Rep>(options);
  TENUTO_RETURN_IF_ERROR(rep->Open(PurposeOf(options)));
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(rep)));
}

std::uint64_t RocksStore::opening() const { return rep_->Now().number; }

absl::Status RocksStore::Get(Family family, absl::string_view key,
                             std::string& value) const {
  const auto opening = rep_->Now().opening;
  const rocksdb::Status status = opening->db().Get(
      rocksdb::ReadOptions(), opening->Of(family), AsSlice(key), &value);
  if (status.IsNotFound()) {
    value.clear();
    return absl::OkStatus();
  }
  if (status.ok()) return absl::OkStatus();
  return rep_->Counted(
      status,
      absl::StrCat("reading ", kFamilyNames[static_cast<std::size_t>(family)]));
}

absl::Status RocksStore::Write(StoreBatch& batch) {
  batch.rep_->opening.reset();  // It must not keep what is to be closed open.
  if (rep_->stopped != Rep::Stopped::kNot) {
    TENUTO_RETURN_IF_ERROR(rep_->TakeUpWriting());
  }
  const absl::ReaderMutexLock lock(&rep_->writes);
  const Rep::Current now = rep_->Now();
  if (batch.opening() != now.number) {
    return TryLater("the disk failed and the ledger was opened anew meanwhile");
  }
  if (batch.empty() && now.opening->purpose() == RocksOpening::For::kWriting) {
    return absl::OkStatus();
  }
  rocksdb::WriteOptions write;
  write.sync = true;
  const rocksdb::Status status =
      now.opening->db().Write(write, &batch.rep_->batch);
  if (!status.ok()) {
    rep_->stopped =
        status.IsNoSpace() ? Rep::Stopped::kForSpace : Rep::Stopped::kByFailure;
  }
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

absl::Status RocksStore::Rep::TakeUpWriting() {
  const bool full = stopped == Stopped::kForSpace;
  if (taking_up.exchange(true)) {
    // A full disk is RocksDB's to tell of.
    return full ? absl::OkStatus() : TryLater("its disk failed");
  }
  const auto done = absl::MakeCleanup([this] { taking_up = false; });
  if (const auto opening = Now().opening;
      opening->purpose() == RocksOpening::For::kWriting &&
      opening->db().Resume().ok()) {
    stopped = Stopped::kNot;
    return absl::OkStatus();
  }
  return full || options.read_only ? absl::OkStatus() : OpenAnew();
}

// RocksDB forbids two openings that write, and closing one needs that nobody
// reads through it any more. So readers go on with one that only reads; when
// the last has left the old one, the next is for writing.
absl::Status RocksStore::Rep::OpenAnew() {
  const auto tried = [](const absl::Status& status) {
    return status.ok() || absl::IsDataLoss(status)
               ? status
               : TryLater(std::string(status.message()));
  };
  const absl::MutexLock nobody_writes(&writes);
  if (const auto opening = Now().opening;
      opening->purpose() == RocksOpening::For::kWriting) {
    LogWarning("the ledger's disk failed: opening the ledger anew");
    TENUTO_RETURN_IF_ERROR(tried(Open(RocksOpening::For::kReadingAlone)));
    before = opening;
  }
  if (!before.expired()) return TryLater("its disk failed");
  TENUTO_RETURN_IF_ERROR(tried(Open(RocksOpening::For::kWriting)));
  stopped = Stopped::kNot;
  LogWarning("the ledger writes again");
  return absl::OkStatus();
}

absl::Status RocksStore::Flush() {
  const auto opening = rep_->Now().opening;
  return FromRocks(
      opening->db().Flush(rocksdb::FlushOptions(), {opening->families().begin(),
                                                    opening->families().end()}),
      "flushing the ledger");
}

absl::Status RocksStore::Purge(absl::Span<const KeyRange> ranges) {
  const absl::MutexLock lock(&rep_->checkpoint_or_purge);
  TENUTO_RETURN_IF_ERROR(Flush());
  const auto opening = rep_->Now().opening;
  for (const KeyRange& range : ranges) {
    TENUTO_RETURN_IF_ERROR(
        FromRocks(RewriteKeys(opening->db(), opening->Of(range.family),
                              AsSlice(range.first), AsSlice(range.last)),
                  "rewriting erased keys"));
  }
  TENUTO_CRASH_POINT("erase.before_manifest");
  TENUTO_RETURN_IF_ERROR(
      FromRocks(RenewManifest(opening->db(), opening->Of(Family::kLog)),
                "renewing the manifest"));
  return FromRocks(RemoveLeftovers(opening->db()), "removing erased bytes");
}

absl::Status RocksStore::Checkpoint(const std::filesystem::path& directory) {
  const absl::MutexLock lock(&rep_->checkpoint_or_purge);
  return FromRocks(
      MakeCheckpoint(rep_->Now().opening->db(), directory / "rocks"),
      absl::StrCat("making a checkpoint in ", directory.string()));
}

StoreBatch::StoreBatch(const RocksStore& store) {
  RocksStore::Rep::Current now = store.rep_->Now();
  rep_.reset(new Rep{*store.rep_, std::move(now.opening), now.number});
}
StoreBatch::~StoreBatch() = default;

void StoreBatch::Put(Family family, absl::string_view key,
                     absl::string_view value) {
  rep_->batch.Put(rep_->Of(family), AsSlice(key), AsSlice(value));
}

void StoreBatch::Merge(Family family, absl::string_view key,
                       absl::string_view value) {
  rep_->batch.Merge(rep_->Of(family), AsSlice(key), AsSlice(value));
}

void StoreBatch::Delete(Family family, absl::string_view key) {
  rep_->batch.Delete(rep_->Of(family), AsSlice(key));
}

std::uint64_t StoreBatch::opening() const { return rep_->number; }
bool StoreBatch::empty() const { return rep_->batch.Count() == 0; }

StoreCursor::StoreCursor(const RocksStore& store, Family family)
    : rep_(new Rep{*store.rep_, store.rep_->Now().opening, nullptr}) {
  rocksdb::ReadOptions read;
  // A partition's states may be few: RocksDB reads ahead more and more by
  // itself. Of 20,000 users in 256 partitions a MiB at once reads ten times
  // what there is.
  read.readahead_size = family == Family::kState ? 0 : 1 << 20;
  read.fill_cache = false;
  rep_->it.reset(
      rep_->opening->db().NewIterator(read, rep_->opening->Of(family)));
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

}  // namespace tenuto
