// What a generated world amounts to, for people and for scripts.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_REPORT_H_
#define TENUTO_TRAINING_WORLD_REPORT_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "training/world/tally.h"
#include "training/world/world.h"

namespace tenuto::world {

struct WorldReport {
  WorldOptions options;
  Tally tally;
  std::int64_t paid_users_end = 0;
  std::int64_t accepted = 0;
  std::int64_t duplicates = 0;
  std::filesystem::path truth_path;
  double seconds_living = 0;  // People and truth.
  double seconds_ledger = 0;  // Commits.
};

// An aligned table for people, and the JSON of --summary.
std::string FormatReport(const WorldReport& report);
std::string ReportJson(const WorldReport& report);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_REPORT_H_
