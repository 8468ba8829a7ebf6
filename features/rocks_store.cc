#include "features/rocks_store.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/crash_point.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/rocks_merges.h"
#include "features/rocks_openings.h"
#include "features/rocks_upkeep.h"
#include "rocksdb/db.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/write_batch.h"

namespace tenuto {
namespace {

rocksdb::Slice AsSlice(absl::string_view text) {
  return {text.data(), text.size()};
}

std::string Reading(Family family) {
  return absl::StrCat("reading ",
                      kFamilyNames[static_cast<std::size_t>(family)]);
}

}  // namespace

struct RocksStore::Rep {
  explicit Rep(const RocksStoreOptions& options) : openings(options) {}

  RocksOpenings openings;
  // Both hold back the removal of files.
  absl::Mutex checkpoint_or_purge;
};

struct StoreBatch::Rep {
  rocksdb::ColumnFamilyHandle* Of(Family family) {
    if (opening == nullptr) opening = openings.Now().opening;
    return opening->Of(family);
  }

  const RocksOpenings& openings;
  std::shared_ptr<const RocksOpening> opening;
  const std::uint64_t number;
  rocksdb::WriteBatch batch{};
};

struct StoreCursor::Rep {
  RocksOpenings& openings;
  std::shared_ptr<const RocksOpening> opening;
  std::unique_ptr<rocksdb::Iterator> it;
};

RocksStore::RocksStore(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
RocksStore::~RocksStore() = default;

absl::StatusOr<std::unique_ptr<RocksStore>> RocksStore::Open(
    const RocksStoreOptions& options) {
  auto rep = std::make_unique<Rep>(options);
  TENUTO_RETURN_IF_ERROR(rep->openings.Start());
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(rep)));
}

std::uint64_t RocksStore::opening() const {
  return rep_->openings.Now().number;
}

absl::Status RocksStore::Get(Family family, absl::string_view key,
                             std::string& value) const {
  const auto opening = rep_->openings.Now().opening;
  const rocksdb::Status status = opening->db().Get(
      rocksdb::ReadOptions(), opening->Of(family), AsSlice(key), &value);
  if (status.IsNotFound()) {
    value.clear();
    return absl::OkStatus();
  }
  if (status.ok()) return absl::OkStatus();
  return rep_->openings.Counted(status, Reading(family));
}

absl::Status RocksStore::GetEach(Family family,
                                 absl::Span<const absl::string_view> keys,
                                 Visit visit) const {
  TENUTO_CHECK(keys.size() <= kKeysMax, "more keys than are read at once");
  std::array<rocksdb::Slice, kKeysMax> slices;
  std::array<rocksdb::PinnableSlice, kKeysMax> values;
  std::array<rocksdb::Status, kKeysMax> statuses;
  std::transform(keys.begin(), keys.end(), slices.begin(), AsSlice);
  const auto opening = rep_->openings.Now().opening;
  opening->db().MultiGet(rocksdb::ReadOptions(), opening->Of(family),
                         keys.size(), slices.data(), values.data(),
                         statuses.data());
  for (std::size_t k = 0; k < keys.size(); ++k) {
    if (!statuses[k].ok() && !statuses[k].IsNotFound()) {
      return rep_->openings.Counted(statuses[k], Reading(family));
    }
    TENUTO_RETURN_IF_ERROR(
        visit(k, absl::string_view(values[k].data(), values[k].size())));
  }
  return absl::OkStatus();
}

absl::Status RocksStore::Write(StoreBatch& batch) {
  batch.rep_->opening.reset();  // It must not keep what is to be closed open.
  return rep_->openings.Change("committing to the ledger", batch.opening(),
                               [&](const RocksOpening& opening) {
                                 if (batch.empty() && opening.can_change())
                                   return rocksdb::Status::OK();
                                 rocksdb::WriteOptions write;
                                 write.sync = true;
                                 return opening.db().Write(write,
                                                           &batch.rep_->batch);
                               });
}

LedgerFaults RocksStore::faults() const { return rep_->openings.faults(); }

absl::Status RocksStore::Flush() {
  return rep_->openings.Change(
      "flushing the ledger", RocksOpenings::kAny,
      [](const RocksOpening& opening) {
        return opening.db().Flush(
            rocksdb::FlushOptions(),
            {opening.families().begin(), opening.families().end()});
      });
}

absl::Status RocksStore::Purge(absl::Span<const KeyRange> ranges) {
  const absl::MutexLock lock(&rep_->checkpoint_or_purge);
  TENUTO_RETURN_IF_ERROR(Flush());
  const auto change = [this](absl::string_view doing, auto purge) {
    return rep_->openings.Change(doing, RocksOpenings::kAny, purge);
  };
  for (const KeyRange& range : ranges) {
    TENUTO_RETURN_IF_ERROR(
        change("rewriting erased keys", [&](const RocksOpening& opening) {
          return RewriteKeys(opening.db(), opening.Of(range.family),
                             AsSlice(range.first), AsSlice(range.last));
        }));
  }
  TENUTO_CRASH_POINT("erase.before_manifest");
  TENUTO_RETURN_IF_ERROR(
      change("renewing the manifest", [](const RocksOpening& opening) {
        return RenewManifest(opening.db(), opening.Of(Family::kLog));
      }));
  return change("removing erased bytes", [](const RocksOpening& opening) {
    return RemoveLeftovers(opening.db());
  });
}

absl::Status RocksStore::Checkpoint(const std::filesystem::path& directory) {
  const absl::MutexLock lock(&rep_->checkpoint_or_purge);
  return rep_->openings.Change(
      absl::StrCat("making a checkpoint in ", directory.string()),
      RocksOpenings::kAny,
      [&](const RocksOpening& opening) {
        return MakeCheckpoint(opening.db(), directory / "rocks");
      },
      RocksOpenings::Failure::kMayBeElsewhere);
}

StoreBatch::StoreBatch(const RocksStore& store) {
  const RocksOpenings& openings = store.rep_->openings;
  RocksOpenings::Current now = openings.Now();
  rep_.reset(new Rep{openings, std::move(now.opening), now.number});
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

StoreCursor::StoreCursor(const RocksStore& store, Family family, Walk walk)
    : rep_(new Rep{store.rep_->openings, store.rep_->openings.Now().opening,
                   nullptr}) {
  rocksdb::ReadOptions read;
  // A partition's states may be few: RocksDB reads ahead more and more by
  // itself. Of 20,000 users in 256 partitions a MiB at once reads ten times
  // what there is.
  read.readahead_size =
      family == Family::kState || walk == Walk::kHops ? 0 : 256 << 10;
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
  return rep_->openings.Counted(rep_->it->status(), doing);
}

absl::Status CheckTableFile(const std::filesystem::path& file) {
  rocksdb::SstFileReader reader{rocksdb::Options()};
  rocksdb::Status status = reader.Open(file.string());
  if (status.ok()) status = reader.VerifyChecksum();
  return FromRocks(status, file.string());
}

}  // namespace tenuto
