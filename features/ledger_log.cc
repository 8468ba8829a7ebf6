#include "features/ledger_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/log_record.h"

namespace tenuto {
namespace {

Position PositionOf(absl::string_view key) {
  Position position = 0;
  for (std::size_t k = 1; k < key.size(); ++k) {
    position = position << 8 | static_cast<unsigned char>(key[k]);
  }
  return position;
}

absl::Status DamagedRecord(int partition, Position first) {
  return absl::DataLossError(absl::StrCat("log partition ", partition,
                                          ", position ", first,
                                          ": the record does not decode"));
}

}  // namespace

std::string PartitionPrefix(int partition) {
  return std::string(1, static_cast<char>(partition));
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

absl::Status ScanLog(const RocksStore& store, int partition, Position from,
                     absl::FunctionRef<bool(const LoggedEvent&)> visit) {
  StoreCursor cursor(store, Family::kLog);
  const std::string prefix = PartitionPrefix(partition);
  // The record that holds `from` may begin before it.
  if (from > 0) cursor.SeekBack(LogKey(partition, from));
  if (!cursor.IsIn(prefix)) cursor.Seek(prefix);
  for (; cursor.IsIn(prefix); cursor.Next()) {
    const Position first = PositionOf(cursor.key());
    const RecordVisit end =
        VisitLogRecord(cursor.value(), first, [&](const LoggedEvent& event) {
          return event.position < from || visit(event);
        });
    if (end == RecordVisit::kStopped) break;
    if (end == RecordVisit::kDamaged) return DamagedRecord(partition, first);
  }
  return cursor.status(absl::StrCat("scanning partition ", partition));
}

absl::StatusOr<Position> LastPosition(const RocksStore& store) {
  Position last = 0;
  StoreCursor cursor(store, Family::kLog, Walk::kHops);
  for (int partition = 0; partition < kPartitions; ++partition) {
    cursor.SeekBack(LogKey(partition, ~Position{0}));
    if (!cursor.IsIn(PartitionPrefix(partition))) continue;
    const Position first = PositionOf(cursor.key());
    const RecordVisit end =
        VisitLogRecord(cursor.value(), first, [&](const LoggedEvent& event) {
          last = std::max(last, event.position);
          return true;
        });
    // Positions after it would be given twice.
    if (end != RecordVisit::kWhole) return DamagedRecord(partition, first);
    const std::uint64_t erased = ErasedEventsOf(cursor.value());
    if (erased > 0) last = std::max(last, first + erased - 1);
  }
  TENUTO_RETURN_IF_ERROR(cursor.status("reading the log's end"));
  return last;
}

}  // namespace tenuto
