// One opening of the database behind RocksStore: how it is checked, tuned and
// opened, and what its errors mean. A store lives through several when its disk
// fails, because RocksDB takes no write after that until it is opened anew.
#ifndef TENUTO_FEATURES_ROCKS_OPENING_H_
#define TENUTO_FEATURES_ROCKS_OPENING_H_

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "features/rocks_store.h"
#include "features/rocks_store_options.h"
#include "features/rocks_upkeep.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"

namespace tenuto {

// In the order of enum Family.
inline constexpr std::array kFamilyNames = {"log", "state", "seen", "meta",
                                            "requests"};

// Reasons of a kUnavailable.
inline constexpr char kDiskFull[] = "DISK_FULL";
inline constexpr char kIoError[] = "IO_ERROR";  // Whatever else RocksDB says.

// `doing`: what went on. kDataLoss, or kUnavailable with a reason.
absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing);

// Thread-safe: immutable after Open.
class RocksOpening {
 public:
  enum class For { kWriting, kReadingBesideWriter, kReadingAlone };

  // `files`, and `expiry` if there is one, must outlive it. Errors: as
  // RocksStore::Open.
  static absl::StatusOr<std::unique_ptr<RocksOpening>> Open(
      const RocksStoreOptions& options, For purpose, rocksdb::Env& files,
      const AnswerExpiry* expiry);
  ~RocksOpening();
  RocksOpening(const RocksOpening&) = delete;
  RocksOpening& operator=(const RocksOpening&) = delete;

  For purpose() const { return purpose_; }
  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* Of(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  const auto& families() const { return families_; }
  // By a crash or a failure; cut off.
  int tails_truncated() const { return tails_truncated_; }

 private:
  explicit RocksOpening(For purpose) : purpose_(purpose) {}
  absl::Status Start(const RocksStoreOptions& options, rocksdb::Env& files,
                     const AnswerExpiry* expiry);

  const For purpose_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyNames.size()> families_{};
  std::filesystem::path reader_directory_;
  int tails_truncated_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_OPENING_H_
