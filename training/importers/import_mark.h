// How far an import has come, as the ledger keeps it beside the events: an
// interrupted import goes on behind the last line that was committed.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_IMPORTERS_IMPORT_MARK_H_
#define TENUTO_TRAINING_IMPORTERS_IMPORT_MARK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto {

struct ImportMark {
  std::int64_t line = 0;           // Lines taken in.
  std::int64_t end_bytes = 0;      // Unpacked bytes of those lines.
  std::int64_t known_time_us = 0;  // AdmittedTimes::known_us; 0: none.
  std::int64_t earliest_time_us = 0;
  std::int64_t latest_time_us = 0;
  std::int64_t committed_day = 0;  // Days since 1970, by the machine's clock.
  bool finished = false;           // The file's end was reached.

  // "v=3 line=7 end_bytes=900 known_time_us=15383 earliest_time_us=15371
  // latest_time_us=15390 committed_day=2 finished=0"
  std::string Format() const;
  // kDataLoss for anything that Format() did not write.
  static absl::StatusOr<ImportMark> Parse(absl::string_view text);

  friend bool operator==(const ImportMark&, const ImportMark&) = default;
};

// Name of the mark: the format and the file's content, not its path, because a
// file that was moved is still the same file.
std::string ImportSource(absl::string_view format, absl::string_view identity);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_IMPORT_MARK_H_
