// What an import did, in numbers: for people and for scripts.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_IMPORTERS_IMPORT_REPORT_H_
#define TENUTO_TRAINING_IMPORTERS_IMPORT_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "features/event_gate.h"

namespace tenuto {

// Lines with the same trouble.
struct TroubledLines {
  struct Example {
    std::int64_t line;
    std::string message;  // What is wrong with this line.
  };
  std::int64_t count = 0;
  std::vector<Example> first;  // At most kFirstLinesMax.
};
// By reason.
using Troubles = std::map<std::string, TroubledLines>;

inline constexpr std::size_t kFirstLinesMax = 5;

// Of this run; lines == accepted + duplicate + all rejected.
struct ImportReport {
  std::int64_t lines = 0;
  std::int64_t accepted = 0;
  std::int64_t duplicate = 0;
  Troubles rejected;
  // Among the accepted and the duplicate: a field could not be used.
  Troubles incomplete;
  // Events that the import stated about users, counted apart from lines.
  std::int64_t assumed_consents = 0;
  std::int64_t implied_sessions = 0;
  // Lines that are records of this format, whatever became of them.
  std::int64_t readable = 0;
  std::int64_t resumed_at_line = 0;  // 0: from the beginning.
  bool repeated = false;             // An earlier run had finished this file.
  double seconds = 0.0;
  std::int64_t peak_memory_bytes = 0;
  // kDataLoss when the file is cut off or damaged; everything before is in.
  absl::Status file_fault;

  void Reject(std::int64_t line, const Rejection& rejection);
  void Note(std::int64_t line, const Rejection& lost);
  std::int64_t rejected_count() const;
  // The contract of `import --summary`.
  std::string ToJson() const;
  // Aligned counts for a terminal.
  std::string ToText() const;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_IMPORT_REPORT_H_
