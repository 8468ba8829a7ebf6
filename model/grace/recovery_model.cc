#include "model/grace/recovery_model.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "model/bundle_files.h"

namespace tenuto {
namespace {

constexpr int kAccesses = 3;

// Of a thread, and only ever larger: a call allocates nothing.
struct Workplace {
  std::vector<float> rows;
  std::vector<float> margins;
  std::vector<std::byte> scratch;
};
Workplace& ThisThreads() {
  thread_local Workplace workplace;
  return workplace;
}

// Gaps that can be asked after more than one attempt: the newest of them was on
// day 1 or later.
int LastGapIndex(int day) {
  return HazardTable::GapIndex(std::max(1, day - 1));
}

// Rows that differ only in what is done on a day, one after the other.
class RowStack {
 public:
  RowStack(absl::Span<const float> row, const FailedPayment& payment,
           std::vector<float>& rows)
      : payment_(payment), rows_(rows), row_(row.begin(), row.end()) {
    row_.resize(row.size() + kFailureColumns);
    rows_.clear();
  }
  void BeginDay(int day, const DayChoice& any) {
    WriteFailureColumns(payment_, day, any, Columns());
  }
  void Add(const DayChoice& choice) {
    WriteChoice(choice, Columns());
    rows_.insert(rows_.end(), row_.begin(), row_.end());
    ++count_;
  }
  std::size_t count() const { return count_; }

 private:
  absl::Span<float> Columns() {
    return absl::MakeSpan(row_).last(kFailureColumns);
  }
  const FailedPayment& payment_;
  std::vector<float>& rows_;
  std::vector<float> row_;
  std::size_t count_ = 0;
};

absl::Status Predict(const CompiledForest& forest, std::size_t rows,
                     Workplace& work) {
  work.scratch.resize(std::max(work.scratch.size(), forest.ScratchBytes()));
  work.margins.resize(rows * forest.forests());
  return forest.PredictMargins(work.rows, absl::MakeSpan(work.margins),
                               absl::MakeSpan(work.scratch));
}

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

// Where answers go; low and high may be null.
struct RecoveryModel::Targets {
  HazardTable* hazards;
  HazardTable* low;
  HazardTable* high;

  // Gives `margin` to the place that `at` finds in a table.
  template <class Place>
  void Set(const Calibrator& calibrator, float margin, bool recovers,
           Place at) const {
    at(*hazards) = static_cast<float>(calibrator.Probability(margin));
    if (low == nullptr) return;
    const ProbabilityInterval interval = calibrator.Interval(margin);
    at(*low) = static_cast<float>(recovers ? interval.low : interval.high);
    at(*high) = static_cast<float>(recovers ? interval.high : interval.low);
  }
};

RecoveryModel::RecoveryModel(v1::Manifest manifest, CompiledForest user,
                             CompiledForest retry,
                             std::vector<Calibrator> calibrators,
                             std::optional<FeaturePlan> plan)
    : manifest_(std::move(manifest)),
      user_(std::move(user)),
      retry_(std::move(retry)),
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
  TENUTO_ASSIGN_OR_RETURN(std::shared_ptr<const RecoveryModel> model,
                          Create(std::move(manifest), forests, catalogue));
  for (const auto& [hazard, compiled, which] :
       {std::tuple(Hazard::kByUser, &model->user_, 0),
        std::tuple(Hazard::kByRetry, &model->retry_, 0),
        std::tuple(Hazard::kCancels, &model->user_, 1)}) {
    const v1::ForestPart& part =
        model->manifest_.parts(static_cast<int>(hazard));
    const std::string golden = PartGoldenFile(part.name());
    TENUTO_RETURN_IF_ERROR(
        CheckGoldenRows(*compiled, static_cast<std::size_t>(which), golden,
                        part.golden_rows(), files.at(golden)));
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
  const std::array<Forest, 2> user = {
      forests[static_cast<std::size_t>(Hazard::kByUser)],
      forests[static_cast<std::size_t>(Hazard::kCancels)]};
  TENUTO_ASSIGN_OR_RETURN(CompiledForest choices,
                          CompiledForest::Compile(user));
  TENUTO_ASSIGN_OR_RETURN(
      CompiledForest attempts,
      CompiledForest::Compile(absl::MakeConstSpan(
          &forests[static_cast<std::size_t>(Hazard::kByRetry)], 1)));
  for (const CompiledForest* compiled : {&choices, &attempts}) {
    if (compiled->columns() != manifest.columns_size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a forest of ", compiled->columns(), " columns, and a manifest of ",
          manifest.columns_size()));
    }
  }
  return std::shared_ptr<const RecoveryModel>(new RecoveryModel(
      std::move(manifest), std::move(choices), std::move(attempts),
      std::move(calibrators), std::move(plan)));
}

absl::Status RecoveryModel::Fill(absl::Span<const float> row,
                                 const FailedPayment& payment,
                                 HazardTable& hazards) const {
  return FillTargets(row, payment, {&hazards, nullptr, nullptr});
}

absl::Status RecoveryModel::FillWithBounds(absl::Span<const float> row,
                                           const FailedPayment& payment,
                                           HazardTable& hazards,
                                           HazardTable& low,
                                           HazardTable& high) const {
  return FillTargets(row, payment, {&hazards, &low, &high});
}

absl::Status RecoveryModel::FillTargets(absl::Span<const float> row,
                                        const FailedPayment& payment,
                                        const Targets& targets) const {
  if (static_cast<int>(row.size()) != row_width()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a row of ", row.size(), " columns for model ",
                     manifest_.model(), ", which reads ", row_width()));
  }
  TENUTO_RETURN_IF_ERROR(FillChoices(row, payment, targets));
  return FillAttempts(row, payment, targets);
}

absl::Status RecoveryModel::FillChoices(absl::Span<const float> row,
                                        const FailedPayment& payment,
                                        const Targets& targets) const {
  Workplace& work = ThisThreads();
  RowStack stack(row, payment, work.rows);
  for (int day = payment.decided_day + 1; day <= kUnpaidDays; ++day) {
    stack.BeginDay(day, DayChoice::OfAccess(Access::kNone, false));
    for (int access = 0; access < kAccesses; ++access) {
      for (const bool messaged : {false, true}) {
        stack.Add(DayChoice::OfAccess(static_cast<Access>(access), messaged));
      }
    }
  }
  TENUTO_RETURN_IF_ERROR(Predict(user_, stack.count(), work));
  const float* margin = work.margins.data();
  for (int day = payment.decided_day + 1; day <= kUnpaidDays; ++day) {
    for (int number = 0; number < kAccesses; ++number) {
      for (const bool messaged : {false, true}) {
        const auto access = static_cast<Access>(number);
        targets.Set(calibrator(Hazard::kByUser), *margin, true,
                    [&](HazardTable& table) -> float& {
                      return table.by_user(day, access, messaged);
                    });
        targets.Set(calibrator(Hazard::kCancels), margin[stack.count()], false,
                    [&](HazardTable& table) -> float& {
                      return table.cancels(day, access, messaged);
                    });
        ++margin;
      }
    }
  }
  return absl::OkStatus();
}

absl::Status RecoveryModel::FillAttempts(absl::Span<const float> row,
                                         const FailedPayment& payment,
                                         const Targets& targets) const {
  Workplace& work = ThisThreads();
  RowStack stack(row, payment, work.rows);
  for (int day = payment.decided_day + 1; day <= kUnpaidDays; ++day) {
    // After the first attempt only: it was made on day 0.
    stack.BeginDay(day, DayChoice::OfAttempt(1, day));
    stack.Add(DayChoice::OfAttempt(1, day));
    for (int count = 1; count < HazardTable::kCounts; ++count) {
      for (int gap = 0; gap <= LastGapIndex(day); ++gap) {
        stack.Add(DayChoice::OfCell(count, gap));
      }
    }
  }
  TENUTO_RETURN_IF_ERROR(Predict(retry_, stack.count(), work));
  const float* margin = work.margins.data();
  for (int day = payment.decided_day + 1; day <= kUnpaidDays; ++day) {
    for (int count = 0; count < HazardTable::kCounts; ++count) {
      const int last = count == 0 ? 0 : LastGapIndex(day);
      for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
        targets.Set(calibrator(Hazard::kByRetry), margin[std::min(gap, last)],
                    true, [&](HazardTable& table) -> float& {
                      return table.by_retry(day, count, gap);
                    });
      }
      margin += last + 1;
    }
  }
  return absl::OkStatus();
}

}  // namespace tenuto
