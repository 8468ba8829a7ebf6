#include "features/ledger_meta.h"

#include <algorithm>
#include <atomic>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

// Since 2, a state's first byte names its layout.
constexpr char kFormat[] = "2";
constexpr char kFormatBefore[] = "1";
constexpr char kFormatKey[] = "format";
constexpr char kKeyCheckKey[] = "user_key_check";

template <typename Number>
void RaiseTo(Number least, std::atomic<Number>& number) {
  Number now = number;
  while (least > now && !number.compare_exchange_weak(now, least)) {
  }
}

}  // namespace

absl::StatusOr<StatesAre> CheckIdentity(const RocksStore& store,
                                        const LedgerIdentity& identity) {
  std::string format, check, signals;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kFormatKey, format));
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kKeyCheckKey, check));
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kSignalsKey, signals));
  if (!format.empty() && format != kFormat && format != kFormatBefore) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", identity.directory, " has format ", format,
                     "; this program reads ", kFormatBefore, " and ", kFormat,
                     ": open it with the release that wrote it, or a newer "
                     "one"));
  }
  if (!check.empty() && check != identity.key_check) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", identity.directory,
                     " was made with another user key; restore its user.key"));
  }
  return signals.empty() || signals == identity.signals
             ? StatesAre::kCurrent
             : StatesAre::kOfOtherSignals;
}

void ClaimIdentity(const LedgerIdentity& identity, StoreBatch& batch) {
  batch.Put(Family::kMeta, kFormatKey, kFormat);
  batch.Put(Family::kMeta, kKeyCheckKey, identity.key_check);
  batch.Put(Family::kMeta, kSignalsKey, identity.signals);
}

absl::StatusOr<History> LoadHistory(const RocksStore& store) {
  History history;
  std::string text;
  std::int64_t time_us = 0;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kHistoryStartKey, text));
  if (absl::SimpleAtoi(text, &time_us)) history.start_us = time_us;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kHistoryEndKey, text));
  if (absl::SimpleAtoi(text, &time_us)) history.end_us = time_us;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kToldEndKey, text));
  history.told_us = absl::SimpleAtoi(text, &time_us) ? time_us : history.end_us;
  return history;
}

void HistoryEnds::Add(const History& more, StoreBatch& batch) const {
  if (more.start_us < start_us_) {
    batch.Merge(Family::kMeta, kHistoryStartKey, absl::StrCat(more.start_us));
  }
  if (more.end_us > end_us_) {
    batch.Merge(Family::kMeta, kHistoryEndKey, absl::StrCat(more.end_us));
  }
  // Also if only the end moves: where nothing is said that is taken for it.
  if (more.told_us > told_us_ || more.end_us > end_us_) {
    const std::int64_t told_us = std::max(more.told_us, told_us_.load());
    batch.Merge(Family::kMeta, kToldEndKey, absl::StrCat(told_us));
  }
}

void HistoryEnds::Note(const History& more) {
  std::int64_t start_us = start_us_;
  while (more.start_us < start_us &&
         !start_us_.compare_exchange_weak(start_us, more.start_us)) {
  }
  RaiseTo(more.end_us, end_us_);
  RaiseTo(more.told_us, told_us_);
  // In the end: whoever sees a position sees times, too.
  RaiseTo(more.last, last_);
}

}  // namespace tenuto
