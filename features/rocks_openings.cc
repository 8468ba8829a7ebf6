#include "features/rocks_openings.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/base/status_reason.h"
#include "features/rocks_files.h"
#include "rocksdb/convenience.h"

namespace tenuto {
namespace {

RocksOpening::For PurposeOf(const RocksStoreOptions& options) {
  if (!options.read_only) return RocksOpening::For::kWriting;
  return options.alone ? RocksOpening::For::kReadingAlone
                       : RocksOpening::For::kReadingBesideWriter;
}

// Before the next try to open anew: each reads the log and writes tables.
absl::Duration PauseAfter(int tries) {
  return tries == 0 ? absl::ZeroDuration()
                    : absl::Milliseconds(50 << std::min(tries - 1, 6));
}

}  // namespace

RocksOpenings::RocksOpenings(const RocksStoreOptions& options)
    : options_(options), files_(MakePrivateFiles(options.files)) {
  if (options.clock != nullptr && !options.read_only) {
    expiry_ = std::make_unique<AnswerExpiry>(*options.clock);
  }
}

absl::Status RocksOpenings::Start() {
  TENUTO_RETURN_IF_ERROR(Open(PurposeOf(options_)));
  tails_truncated_ += Now().opening->tails_truncated();
  return absl::OkStatus();
}

absl::Status RocksOpenings::Open(RocksOpening::For purpose) {
  TENUTO_ASSIGN_OR_RETURN(
      std::shared_ptr<const RocksOpening> next,
      RocksOpening::Open(options_, purpose, *files_, expiry_.get()));
  {
    const absl::MutexLock lock(&now_);
    current_.opening.swap(next);
    ++current_.number;
  }
  return absl::OkStatus();  // And closes the former one, if nobody has it.
}

absl::Status RocksOpenings::Change(
    absl::string_view doing, std::uint64_t number,
    absl::FunctionRef<rocksdb::Status(const RocksOpening&)> change) {
  TENUTO_RETURN_IF_ERROR(TakeUp());
  const absl::ReaderMutexLock lock(&changes_);
  const Current now = Now();
  if (number != kAny && number != now.number) return Refusal();
  const rocksdb::Status status = change(*now.opening);
  if (status.ok()) {
    tries_ = 0;
  } else if (number != kAny) {
    now.opening->NoteFailure(status);
  }
  absl::Status ours = Counted(status, doing);
  if (now.opening->failed()) {
    const absl::MutexLock failed(&now_);
    failure_ = ours;
  }
  return ours;
}

absl::Status RocksOpenings::TakeUp() {
  if (options_.read_only) return absl::OkStatus();
  // Nothing is mended by opening damage again, which RocksDB will tell of.
  if (const auto opening = Now().opening;
      opening->can_change() || opening->damaged()) {
    return absl::OkStatus();
  }
  // Others go on failing meanwhile.
  if (!changes_.TryLock()) return Refusal();
  const absl::Status opened = OpenAnew();
  changes_.Unlock();
  return opened;
}

// RocksDB forbids two openings that write, and closing one needs that nobody
// reads through it any more. So readers go on with one that only reads; when
// the last has left the old one, the next is for writing.
absl::Status RocksOpenings::OpenAnew() {
  if (Now().opening->can_change()) return absl::OkStatus();
  const absl::Time now = Clock::Real().Now();
  if (now >= last_try_ && now < last_try_ + PauseAfter(tries_)) {
    return Refusal();
  }
  if (const auto opening = Now().opening;
      opening->purpose() == RocksOpening::For::kWriting) {
    LogWarning(
        absl::StrCat("nothing can be written to the ledger until it is "
                     "opened anew: ",
                     LastFailure().message()));
    // It must not remove what the next one reads.
    rocksdb::CancelAllBackgroundWork(&opening->db(), /*wait=*/true);
    closed_ = opening->closed();
    const absl::Status reads = Open(RocksOpening::For::kReadingAlone);
    if (!reads.ok()) return Failed(reads);
  }
  if (!closed_->HasBeenNotified()) return Refusal();
  const absl::Status writes = Open(RocksOpening::For::kWriting);
  if (!writes.ok()) return Failed(writes);
  ++tries_;  // It may fail again at once.
  last_try_ = now;
  tails_truncated_ += Now().opening->tails_truncated();
  LogWarning("the ledger writes again");
  return absl::OkStatus();
}

absl::Status RocksOpenings::Failed(const absl::Status& opened) {
  ++tries_;
  last_try_ = Clock::Real().Now();
  absl::Status failure = opened;
  if (!absl::IsUnavailable(opened) && !absl::IsDataLoss(opened)) {
    failure = WithReason(absl::UnavailableError(opened.message()), kIoError);
  }
  Count(failure);
  const absl::MutexLock lock(&now_);
  failure_ = failure;
  return failure;
}

absl::Status RocksOpenings::Refusal() {
  absl::Status failure = LastFailure();
  Count(failure);
  return failure;
}

absl::Status RocksOpenings::LastFailure() const {
  const absl::ReaderMutexLock lock(&now_);
  if (!failure_.ok()) return failure_;
  return WithReason(
      absl::UnavailableError("the ledger's disk failed in the background"),
      kIoError);
}

absl::Status RocksOpenings::Counted(const rocksdb::Status& status,
                                    absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const absl::Status failure = FromRocks(status, doing);
  Count(failure);
  return failure;
}

void RocksOpenings::Count(const absl::Status& failure) {
  const auto reason = failure.GetPayload(kReasonUrl);
  ++(absl::IsDataLoss(failure)        ? damage_
     : reason && *reason == kDiskFull ? disk_full_
                                      : io_);
}

}  // namespace tenuto
