// One opening of the database behind RocksStore: how it is checked, tuned and
// opened, what its errors mean, and whether one has ended it.
#ifndef TENUTO_FEATURES_ROCKS_OPENING_H_
#define TENUTO_FEATURES_ROCKS_OPENING_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "features/rocks_store.h"
#include "features/rocks_store_options.h"
#include "features/rocks_upkeep.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/listener.h"

namespace tenuto {

// In the order of enum Family.
inline constexpr std::array kFamilyNames = {"log", "state", "seen", "meta",
                                            "requests"};

// Reasons of a kUnavailable.
inline constexpr char kDiskFull[] = "DISK_FULL";
inline constexpr char kIoError[] = "IO_ERROR";  // Whatever else RocksDB says.

// `doing`: what went on. kDataLoss, or kUnavailable with a reason.
absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing);

// Thread-safe.
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
  // RocksDB goes on by itself after some errors, where the outcome of what
  // failed is not known; here each ends what the opening can change.
  bool can_change() const { return purpose_ == For::kWriting && !failed(); }
  bool failed() const { return watch_->failed(); }
  bool damaged() const { return watch_->damaged(); }
  void NoteFailure(const rocksdb::Status& status) const {
    watch_->Note(status);
  }
  // Is notified when it is closed: after it was destroyed.
  std::shared_ptr<absl::Notification> closed() const { return closed_; }
  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* Of(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  const auto& families() const { return families_; }
  // By a crash or a failure; cut off.
  int tails_truncated() const { return tails_truncated_; }

 private:
  // Hears of what fails, in the background as well.
  class Watch final : public rocksdb::EventListener {
   public:
    void OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                           rocksdb::Status* error) override;
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason,
                              rocksdb::Status error,
                              bool* goes_on_by_itself) override;
    void Note(const rocksdb::Status& status);
    bool failed() const { return failed_; }
    bool damaged() const { return damaged_; }

   private:
    std::atomic<bool> failed_{false};
    std::atomic<bool> damaged_{false};
  };

  explicit RocksOpening(For purpose) : purpose_(purpose) {}
  absl::Status Start(const RocksStoreOptions& options, rocksdb::Env& files,
                     const AnswerExpiry* expiry);

  const For purpose_;
  const std::shared_ptr<absl::Notification> closed_ =
      std::make_shared<absl::Notification>();
  const std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyNames.size()> families_{};
  int tails_truncated_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_OPENING_H_
