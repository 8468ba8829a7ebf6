// The chances of a failed payment as learned: three forests (the subscriber
// pays; an attempt of ours collects; the subscriber cancels), each calibrated,
// asked for every day and everything that may be done on it.
#ifndef TENUTO_MODEL_GRACE_RECOVERY_MODEL_H_
#define TENUTO_MODEL_GRACE_RECOVERY_MODEL_H_

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "model/calibrator.h"
#include "model/forest/forest.h"
#include "model/grace/failure_columns.h"
#include "model/grace/hazard_grids.h"
#include "model/grace/hazard_table.h"
#include "model/grace/plan_limits.h"
#include "model/grace/recovery_curve.h"
#include "tenuto/v1/bundle.pb.h"

namespace tenuto {

// The parts of a bundle, in the manifest's order.
enum class Hazard { kByUser, kByRetry, kCancels };
inline constexpr std::array<const char*, 3> kHazardNames = {
    "by_user", "by_retry", "cancels"};

// Thread-safe: immutable. Shared by every request that is using it.
class RecoveryModel {
 public:
  // Checks as ModelBundle::Open does: manifest, SHA-256 of every file,
  // fingerprint of every column, every node, the golden rows' bits from the
  // very grids that will be asked. Any failure names the file, the column or
  // the node and leaves nothing behind.
  static absl::StatusOr<std::shared_ptr<const RecoveryModel>> Open(
      const std::filesystem::path& directory, const Catalogue& catalogue);

  // Of forests in memory, which nothing proves; `manifest` has their columns
  // and parts.
  static absl::StatusOr<std::shared_ptr<const RecoveryModel>> Create(
      v1::Manifest manifest, const std::array<Forest, 3>& forests,
      const Catalogue& catalogue);

  const v1::Manifest& manifest() const { return manifest_; }
  // Of the row beside a failed payment. Null where it is no catalogue's.
  const FeaturePlan* plan() const { return plan_ ? &*plan_ : nullptr; }
  int row_width() const { return manifest_.columns_size() - kFailureColumns; }

  // The calibrated chances of every day after `payment.decided_day`; earlier
  // days stay as they are. `row` is row_width() wide, NaN is missing, as of the
  // end of that day. What no history can lead to (an attempt longer ago than
  // the failure) has the chance of its nearest neighbour. The result does not
  // depend on threads. A thread's first call allocates, later ones do not.
  // kInvalidArgument when the row has another width.
  absl::Status Fill(absl::Span<const float> row, const FailedPayment& payment,
                    HazardTable& hazards) const;

  // The same in two steps. First the forests, which may be asked of fewer days,
  // or of none but what the subscriber does;
  absl::Status Ask(absl::Span<const float> row, const FailedPayment& payment,
                   int last_day, bool retries, HazardMargins& margins) const;
  // then the chances of those days, attempts only of `attempt_days`: of none,
  // if Ask() was without `retries`.
  void Calibrate(const HazardMargins& margins, const DaySet& attempt_days,
                 HazardTable& hazards) const;
  // What the 90 % intervals of the calibrations make of it, where these actions
  // lead: `low` recovers least and cancels most, `high` the other way round.
  // The rest stays as it is. Attempts must have been asked for.
  void CalibrateBounds(const HazardMargins& margins, const DayActions& actions,
                       const UnpaidPast& past, HazardTable& low,
                       HazardTable& high) const;

 private:
  RecoveryModel(v1::Manifest manifest, const std::array<Forest, 3>& forests,
                std::vector<Calibrator> calibrators,
                std::optional<FeaturePlan> plan);
  static absl::StatusOr<std::shared_ptr<const RecoveryModel>> Verify(
      const std::filesystem::path& directory, const Catalogue& catalogue);
  const Calibrator& calibrator(Hazard hazard) const {
    return calibrators_[static_cast<std::size_t>(hazard)];
  }

  v1::Manifest manifest_;
  HazardGrids grids_;
  std::vector<Calibrator> calibrators_;
  std::optional<FeaturePlan> plan_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_RECOVERY_MODEL_H_
