#include "features/ledger_meta.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr char kFormat[] = "1";
constexpr char kFormatKey[] = "format";
constexpr char kKeyCheckKey[] = "user_key_check";

}  // namespace

absl::StatusOr<StatesAre> CheckIdentity(const RocksStore& store,
                                        const LedgerIdentity& identity) {
  std::string format, check, signals;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kFormatKey, format));
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kKeyCheckKey, check));
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kSignalsKey, signals));
  if (!format.empty() && format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", identity.directory, " has format ", format,
                     "; this program reads ", kFormat,
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

absl::Status ClaimIdentity(RocksStore& store, const LedgerIdentity& identity) {
  StoreBatch batch(store);
  batch.Put(Family::kMeta, kFormatKey, kFormat);
  batch.Put(Family::kMeta, kKeyCheckKey, identity.key_check);
  batch.Put(Family::kMeta, kSignalsKey, identity.signals);
  return store.Write(batch);
}

absl::StatusOr<History> LoadHistory(const RocksStore& store) {
  History history;
  std::string text;
  std::int64_t time_us = 0;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kHistoryStartKey, text));
  if (absl::SimpleAtoi(text, &time_us)) history.start_us = time_us;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kHistoryEndKey, text));
  if (absl::SimpleAtoi(text, &time_us)) history.end_us = time_us;
  return history;
}

}  // namespace tenuto
