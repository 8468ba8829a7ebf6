#include "model/grace/recovery_model.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "model/bundle_files.h"

namespace tenuto {
namespace {

absl::Status CheckParts(const v1::Manifest& manifest) {
  bool same = manifest.parts_size() == static_cast<int>(kHazardNames.size());
  for (int k = 0; same && k < manifest.parts_size(); ++k) {
    same =
        manifest.parts(k).name() == kHazardNames[static_cast<std::size_t>(k)];
  }
  if (same) return CheckFailureColumns(manifest);
  return absl::UnimplementedError(
      "is no recovery model: its parts are not by_user, by_retry and cancels");
}

}  // namespace

RecoveryModel::RecoveryModel(v1::Manifest manifest,
                             const std::array<Forest, 3>& forests,
                             std::vector<Calibrator> calibrators,
                             std::optional<FeaturePlan> plan)
    : manifest_(std::move(manifest)),
      grids_(forests),
      calibrators_(std::move(calibrators)),
      plan_(std::move(plan)) {}

absl::StatusOr<std::shared_ptr<const RecoveryModel>> RecoveryModel::Open(
    const std::filesystem::path& directory, const Catalogue& catalogue) {
  auto model = Verify(directory, catalogue);
  if (!model.ok()) return InBundle(directory, model.status());
  return model;
}

absl::StatusOr<std::shared_ptr<const RecoveryModel>> RecoveryModel::Verify(
    const std::filesystem::path& directory, const Catalogue& catalogue) {
  TENUTO_ASSIGN_OR_RETURN(v1::Manifest manifest, ReadManifest(directory));
  TENUTO_RETURN_IF_ERROR(CheckParts(manifest));
  TENUTO_ASSIGN_OR_RETURN(const BundleFiles files,
                          ReadVerified(directory, manifest));
  std::array<Forest, 3> forests;
  for (std::size_t k = 0; k < forests.size(); ++k) {
    const v1::ForestPart& part = manifest.parts(static_cast<int>(k));
    TENUTO_ASSIGN_OR_RETURN(
        forests[k], ReadListedForest(files, PartModelFile(part.name()),
                                     manifest.columns_size(), part.trees()));
  }
  TENUTO_ASSIGN_OR_RETURN(const std::shared_ptr<const RecoveryModel> model,
                          Create(std::move(manifest), forests, catalogue));
  for (std::size_t k = 0; k < forests.size(); ++k) {
    const v1::ForestPart& part = model->manifest().parts(static_cast<int>(k));
    const std::string golden = PartGoldenFile(part.name());
    for (const GridForest* const grid : model->grids_.GridsOf(k)) {
      TENUTO_RETURN_IF_ERROR(
          CheckGoldenRows(*grid, golden, part.golden_rows(), files.at(golden)));
    }
  }
  return model;
}

absl::StatusOr<std::shared_ptr<const RecoveryModel>> RecoveryModel::Create(
    v1::Manifest manifest, const std::array<Forest, 3>& forests,
    const Catalogue& catalogue) {
  TENUTO_RETURN_IF_ERROR(CheckParts(manifest));
  TENUTO_ASSIGN_OR_RETURN(std::optional<FeaturePlan> plan,
                          CompilePlan(manifest, catalogue));
  std::vector<Calibrator> calibrators;
  for (const v1::ForestPart& part : manifest.parts()) {
    TENUTO_ASSIGN_OR_RETURN(const Calibrator calibrator,
                            Calibrator::Create(part.calibration()));
    calibrators.push_back(calibrator);
  }
  for (const Forest& forest : forests) {
    TENUTO_RETURN_IF_ERROR(ValidateForest(forest));
    if (forest.columns != manifest.columns_size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a forest of ", forest.columns, " columns, and a manifest of ",
          manifest.columns_size()));
    }
  }
  return std::shared_ptr<const RecoveryModel>(new RecoveryModel(
      std::move(manifest), forests, std::move(calibrators), std::move(plan)));
}

absl::Status RecoveryModel::Ask(absl::Span<const float> row,
                                const FailedPayment& payment, int last_day,
                                bool retries, HazardMargins& margins) const {
  if (static_cast<int>(row.size()) != row_width()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a row of ", row.size(), " columns for model ",
                     manifest_.model(), ", which reads ", row_width()));
  }
  grids_.Ask(row, payment, last_day, retries, margins);
  return absl::OkStatus();
}

absl::Status RecoveryModel::Fill(absl::Span<const float> row,
                                 const FailedPayment& payment,
                                 HazardTable& hazards) const {
  HazardMargins margins;
  TENUTO_RETURN_IF_ERROR(Ask(row, payment, kUnpaidDays, true, margins));
  Calibrate(margins, DaySet().set(), hazards);
  return absl::OkStatus();
}

void RecoveryModel::Calibrate(const HazardMargins& margins,
                              const DaySet& attempt_days,
                              HazardTable& hazards) const {
  const auto chance = [this](Hazard hazard, float margin) {
    return static_cast<float>(calibrator(hazard).Probability(margin));
  };
  for (int day = margins.first_day; day <= margins.last_day; ++day) {
    for (const Access access :
         {Access::kNone, Access::kReduced, Access::kFull}) {
      for (const bool messaged : {false, true}) {
        hazards.by_user(day, access, messaged) =
            chance(Hazard::kByUser, margins.by_user(day, access, messaged));
        hazards.cancels(day, access, messaged) =
            chance(Hazard::kCancels, margins.cancels(day, access, messaged));
      }
    }
    if (!attempt_days[static_cast<std::size_t>(day)]) continue;
    for (int count = 0; count < HazardTable::kCounts; ++count) {
      // Those behind the longest gap there can be are alike.
      const int last =
          count == 0 ? 0 : HazardTable::GapIndex(std::max(1, day - 1));
      float found = 0;
      for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
        if (gap <= last) {
          found = chance(Hazard::kByRetry, margins.by_retry(day, count, gap));
        }
        hazards.by_retry(day, count, gap) = found;
      }
    }
  }
}

void RecoveryModel::CalibrateBounds(const HazardMargins& margins,
                                    const DayActions& actions,
                                    const UnpaidPast& past, HazardTable& low,
                                    HazardTable& high) const {
  const auto set = [this](Hazard hazard, float margin, float& least,
                          float& most) {
    const ProbabilityInterval interval = calibrator(hazard).Interval(margin);
    least = static_cast<float>(interval.low);
    most = static_cast<float>(interval.high);
  };
  int attempts = past.attempts;
  int last_attempt = past.last_attempt_day;
  for (int day = margins.first_day; day <= margins.last_day; ++day) {
    const DayAction& action = actions[static_cast<std::size_t>(day)];
    const Access access = action.access;
    for (const bool messaged : {false, true}) {
      set(Hazard::kByUser, margins.by_user(day, access, messaged),
          low.by_user(day, access, messaged),
          high.by_user(day, access, messaged));
      set(Hazard::kCancels, margins.cancels(day, access, messaged),
          high.cancels(day, access, messaged),
          low.cancels(day, access, messaged));
    }
    if (!action.attempts) continue;
    const int count = HazardTable::CountIndex(attempts);
    const int gap = HazardTable::GapIndex(day - last_attempt);
    set(Hazard::kByRetry, margins.by_retry(day, count, gap),
        low.by_retry(day, count, gap), high.by_retry(day, count, gap));
    ++attempts;
    last_attempt = day;
  }
}

}  // namespace tenuto
