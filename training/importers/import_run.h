// One import: lines of a file become events of a ledger, in batches that commit
// together with the place they end at. One thread reads, parses and gates, one
// commits; memory is bounded by the batches between them.
#ifndef TENUTO_TRAINING_IMPORTERS_IMPORT_RUN_H_
#define TENUTO_TRAINING_IMPORTERS_IMPORT_RUN_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "features/base/clock.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "training/importers/import_report.h"
#include "training/importers/line_gate.h"
#include "training/line_source.h"

namespace tenuto {

struct ImportOptions {
  std::string format;
  LineGateOptions lines = {};
  // Reads from the first line, whatever was imported before.
  bool restart = false;
  std::size_t batch_events_max = 131'072;
  std::size_t batch_bytes_max = std::size_t{32} << 20;
  // Called every few thousand lines on the reading thread; may be empty.
  std::function<void(const LineSource&)> on_progress = nullptr;
};

// Not thread-safe: runs two threads inside and returns when both are done.
// A failed commit ends the run with its error; batches before it stay, and the
// next run goes on behind them. A damaged file is no error here: see
// ImportReport::file_fault.
absl::StatusOr<ImportReport> RunImport(const ImportOptions& options,
                                       LineSource& source, const UserKeys& keys,
                                       const Clock& clock, Ledger& ledger);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_IMPORT_RUN_H_
