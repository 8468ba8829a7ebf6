// `tenuto world report`: a world beside what has been published about others.
// Thread-safe.
#ifndef TENUTO_TRAINING_WORLD_CALIBRATION_REPORT_H_
#define TENUTO_TRAINING_WORLD_CALIBRATION_REPORT_H_

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "training/world/calibration.h"

namespace tenuto::world {

// Lives the world of `options` without writing it anywhere.
absl::StatusOr<PaymentFigures> MeasurePayments(
    const WorldOptions& options, const std::function<void(int)>& progress);

// A line for each published figure that a world can state.
std::string FormatCalibration(const PaymentFigures& figures);

// The bands of PaymentFigures as the aggregates of the KKBox data name them.
inline constexpr std::array<const char*, kTenureBands> kTenureNames = {
    "1st", "2nd-3rd", "4th-12th", "13th+"};
inline constexpr std::array<const char*, kActiveBands> kActiveNames = {
    "0", "1-7", "8-14", "15-21", "22-28"};

// Renewals that KKBox's subscribers decided on, by band, all channels added up.
struct KkboxTable {
  std::vector<Share> automatic;  // Charged unless the subscriber leaves.
  std::vector<Share> manual;     // Paid by hand, or not at all.
};
// `column`, "tenure" or "active_days_last_4w", holds one of `bands`.
// kInvalidArgument "FILE:LINE: ..." for a row that is none; kNotFound without
// the file.
absl::StatusOr<KkboxTable> ReadKkbox(const std::filesystem::path& path,
                                     absl::string_view column,
                                     absl::Span<const char* const> bands);
// Both tables of the directory beside the world's, by payment type. The world
// has no manual renewals; that is said, not filled in.
absl::StatusOr<std::string> FormatKkbox(const PaymentFigures& figures,
                                        const std::filesystem::path& directory);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_CALIBRATION_REPORT_H_
