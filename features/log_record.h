// The bytes of tenuto.v1.LogRecord, written and read without building the
// message: a replay visits millions a second.
// Thread-safe.
#ifndef TENUTO_FEATURES_LOG_RECORD_H_
#define TENUTO_FEATURES_LOG_RECORD_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/ledger.h"

namespace tenuto {

// Appends to `record` the events of `events` whose indices are in `accepted`,
// all of one user.
void AppendLogRecord(absl::Span<const GatedEvent> events,
                     absl::Span<const int> accepted, std::string& record);

// What stands in the log for `events` erased events.
std::string ErasedLogRecord(std::uint64_t events);
// How many erased events `record` stands for; 0 when it holds a user's.
std::uint64_t ErasedEventsOf(absl::string_view record);

enum class RecordVisit { kWhole, kStopped, kDamaged };

// Visits the events of one record; the first has position `first`. Whole, and
// nothing to visit, where events were erased.
RecordVisit VisitLogRecord(absl::string_view record, Position first,
                           absl::FunctionRef<bool(const LoggedEvent&)> visit);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_LOG_RECORD_H_
