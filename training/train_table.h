// `tenuto train churn --table`: a bundle from a table that somebody else made.
// The same fit, evaluation and bundle as from the ledger; what is particular is
// the suspicion with which the columns are read.
// Thread-safe.
#ifndef TENUTO_TRAINING_TRAIN_TABLE_H_
#define TENUTO_TRAINING_TRAIN_TABLE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "training/bundle_writer.h"
#include "training/table/table_roles.h"
#include "training/verb.h"

namespace CLI {
class App;
}  // namespace CLI

namespace tenuto {

// Heading in --help of the flags that only --table has.
inline constexpr char kTableFlags[] = "A table instead of a ledger";

struct TrainTableOptions {
  // Of table mode only: AddTableFlags.
  std::filesystem::path table;
  TableColumns columns;
  double test_share = 0.3;
  // Shared with ledger mode, whose verb sets them; so are
  // columns.train_before and columns.test_from.
  std::string model;
  std::filesystem::path models_dir;
  std::uint64_t seed = 1;
  int threads = 0;                // 0: every core.
  std::filesystem::path summary;  // Empty: none.
  bool baseline = false;
  Crown champion = Crown::kIfNone;
};

// --table, --target, --drop, --key, --time, --as-of and --test-share.
void AddTableFlags(CLI::App& app, TrainTableOptions& options);

// Prints the report and writes the bundle, then the summary. On an error
// nothing is written.
absl::Status TrainTable(const TrainTableOptions& options,
                        const Workshop& workshop);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_TRAIN_TABLE_H_
