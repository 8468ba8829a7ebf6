#include "model/booster.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "xgboost/c_api.h"

namespace tenuto {
namespace {

// XGBoost keeps a result buffer for every pair of thread and booster until the
// thread ends, whatever becomes of the booster: bounded calls bound what a swap
// of bundles leaves behind. A multiple of the 64 rows it walks together.
constexpr std::size_t kRowsPerCallMax = 512;

// The rows where they stand, as XGBoost's array interface in text.
std::string ArrayInterface(absl::Span<const float> rows, int columns) {
  const std::size_t count = rows.size() / static_cast<std::size_t>(columns);
  return absl::StrCat(R"({"data":[)",
                      reinterpret_cast<std::uintptr_t>(rows.data()),
                      R"(,true],"shape":[)", count, ",", columns,
                      R"(],"typestr":"<f4","version":3})");
}

constexpr char kMarginConfig[] =
    R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,)"
    R"("strict_shape":false,"missing":NaN,"cache_id":0})";
constexpr char kContributionConfig[] =
    R"({"type":2,"training":false,"iteration_begin":0,"iteration_end":0,)"
    R"("strict_shape":false})";

absl::Status Check(int result, absl::string_view what) {
  if (result == 0) return absl::OkStatus();
  const std::string reason = XGBGetLastError();
  return absl::InvalidArgumentError(absl::StrCat(
      "XGBoost cannot ", what, ": ", reason.substr(0, reason.find('\n'))));
}

}  // namespace

struct Booster::Handle {
  BoosterHandle booster = nullptr;
  ~Handle() {
    if (booster != nullptr) XGBoosterFree(booster);
  }
};

Booster::Booster(std::unique_ptr<Handle> handle, int columns, int trees)
    : handle_(std::move(handle)), columns_(columns), trees_(trees) {}
Booster::Booster(Booster&&) noexcept = default;
Booster& Booster::operator=(Booster&&) noexcept = default;
Booster::~Booster() = default;

absl::StatusOr<Booster> Booster::Load(absl::string_view model_json,
                                      int columns) {
  auto handle = std::make_unique<Handle>();
  TENUTO_RETURN_IF_ERROR(
      Check(XGBoosterCreate(nullptr, 0, &handle->booster), "make a booster"));
  TENUTO_RETURN_IF_ERROR(
      Check(XGBoosterLoadModelFromBuffer(handle->booster, model_json.data(),
                                         model_json.size()),
            "load the model"));
  // A thread pool on the request path costs milliseconds.
  TENUTO_RETURN_IF_ERROR(
      Check(XGBoosterSetParam(handle->booster, "nthread", "1"), "set nthread"));
  bst_ulong features = 0;
  TENUTO_RETURN_IF_ERROR(
      Check(XGBoosterGetNumFeature(handle->booster, &features),
            "tell its number of columns"));
  if (features != static_cast<bst_ulong>(columns)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model reads ", features,
                     " columns, the manifest lists ", columns));
  }
  int rounds = 0;
  TENUTO_RETURN_IF_ERROR(
      Check(XGBoosterBoostedRounds(handle->booster, &rounds), "count trees"));
  Booster booster(std::move(handle), columns, rounds);
  // The first prediction configures the booster; later ones only read it.
  const std::vector<float> row(static_cast<std::size_t>(columns),
                               std::numeric_limits<float>::quiet_NaN());
  float margin = 0;
  TENUTO_RETURN_IF_ERROR(
      booster.PredictMargins(row, absl::MakeSpan(&margin, 1)));
  return booster;
}

absl::Status Booster::PredictMargins(absl::Span<const float> rows,
                                     absl::Span<float> margins) const {
  if (rows.size() != margins.size() * static_cast<std::size_t>(columns_)) {
    return absl::InvalidArgumentError(
        absl::StrCat(rows.size(), " values are not ", margins.size(),
                     " rows of ", columns_, " columns"));
  }
  const auto columns = static_cast<std::size_t>(columns_);
  for (std::size_t first = 0; first < margins.size();
       first += kRowsPerCallMax) {
    const std::size_t count = std::min(kRowsPerCallMax, margins.size() - first);
    TENUTO_RETURN_IF_ERROR(
        PredictSome(rows.subspan(first * columns, count * columns),
                    margins.subspan(first, count)));
  }
  return absl::OkStatus();
}

absl::Status Booster::PredictSome(absl::Span<const float> rows,
                                  absl::Span<float> margins) const {
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* result = nullptr;
  // Without a proxy matrix of ours XGBoost makes one for this call, and the
  // result belongs to this thread: calls share nothing that is written.
  TENUTO_RETURN_IF_ERROR(
      Check(XGBoosterPredictFromDense(
                handle_->booster, ArrayInterface(rows, columns_).c_str(),
                kMarginConfig, nullptr, &shape, &dimensions, &result),
            "predict"));
  std::copy_n(result, margins.size(), margins.begin());
  for (const float margin : margins) {
    if (std::isfinite(margin)) continue;
    return absl::DataLossError(
        absl::StrCat("the model scores a row ", margin,
                     ", which is no number; a leaf of its forest is damaged"));
  }
  return absl::OkStatus();
}

absl::Status Booster::Contributions(absl::Span<const float> row,
                                    absl::Span<float> contributions) const {
  const std::size_t columns = static_cast<std::size_t>(columns_);
  if (row.size() != columns || contributions.size() != columns + 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a row of ", row.size(), " values for ", columns_, " columns"));
  }
  // A matrix of this call alone; contributions use no cache of the booster.
  DMatrixHandle matrix = nullptr;
  TENUTO_RETURN_IF_ERROR(Check(
      XGDMatrixCreateFromMat(row.data(), 1, columns,
                             std::numeric_limits<float>::quiet_NaN(), &matrix),
      "read a row"));
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* result = nullptr;
  const absl::Status status = Check(
      XGBoosterPredictFromDMatrix(handle_->booster, matrix, kContributionConfig,
                                  &shape, &dimensions, &result),
      "explain");
  if (status.ok()) {
    std::copy_n(result, contributions.size(), contributions.begin());
  }
  XGDMatrixFree(matrix);
  return status;
}

}  // namespace tenuto
