// `tenuto world report`: a world beside what has been published about others.
// Thread-safe.
#ifndef TENUTO_TRAINING_WORLD_CALIBRATION_REPORT_H_
#define TENUTO_TRAINING_WORLD_CALIBRATION_REPORT_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "training/world/calibration.h"

namespace tenuto::world {

// Lives the world of `options` without writing it anywhere.
absl::StatusOr<PaymentFigures> MeasurePayments(
    const WorldOptions& options, const std::function<void(int)>& progress);

// A line for each published figure that a world can state.
std::string FormatCalibration(const PaymentFigures& figures);

// Rows of the aggregates of the KKBox data, auto-renewing subscriptions of all
// channels added up.
struct KkboxRow {
  std::string band;
  std::int64_t decisions = 0;
  std::int64_t churned = 0;
};
// `column` is "tenure" or "active_days_last_4w". kInvalidArgument "FILE:LINE:
// ..." for a row that is none; kNotFound without the file.
absl::StatusOr<std::vector<KkboxRow>> ReadKkbox(
    const std::filesystem::path& path, absl::string_view column);
// Both tables of the directory beside the world's.
absl::StatusOr<std::string> FormatKkbox(const PaymentFigures& figures,
                                        const std::filesystem::path& directory);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_CALIBRATION_REPORT_H_
