#include "training/golden_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "features/base/status_macros.h"
#include "model/booster.h"
#include "simdjson.h"

namespace tenuto {
namespace {

static_assert(std::endian::native == std::endian::little,
              "golden.bin is little-endian");

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// Sorted thresholds of each column.
using Thresholds = std::vector<std::vector<float>>;

simdjson::error_code AddTree(simdjson::dom::element tree,
                             Thresholds& thresholds) {
  simdjson::dom::array columns, values, children;
  if (const auto e = tree["split_indices"].get(columns)) return e;
  if (const auto e = tree["split_conditions"].get(values)) return e;
  if (const auto e = tree["left_children"].get(children)) return e;
  auto value = values.begin();
  auto child = children.begin();
  for (const simdjson::dom::element column : columns) {
    if (value == values.end() || child == children.end()) {
      return simdjson::INCORRECT_TYPE;
    }
    std::uint64_t index = 0;
    std::int64_t left = 0;
    double threshold = 0;
    if (const auto e = column.get(index)) return e;
    if (const auto e = (*child).get(left)) return e;
    if (const auto e = (*value).get(threshold)) return e;
    ++value;
    ++child;
    if (left < 0) continue;  // A leaf: its "condition" is its value.
    if (index >= thresholds.size()) return simdjson::INDEX_OUT_OF_BOUNDS;
    thresholds[index].push_back(static_cast<float>(threshold));
  }
  return simdjson::SUCCESS;
}

absl::StatusOr<Thresholds> ReadThresholds(absl::string_view model_json,
                                          int columns) {
  Thresholds thresholds(static_cast<std::size_t>(columns));
  simdjson::dom::parser parser;
  simdjson::dom::array trees;
  auto error = parser
                   .parse(model_json.data(),
                          model_json.size())["learner"]["gradient_booster"]
                                            ["model"]["trees"]
                   .get(trees);
  if (!error) {
    for (const simdjson::dom::element tree : trees) {
      error = AddTree(tree, thresholds);
      if (error) break;
    }
  }
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model is no forest of ", columns,
                     " columns: ", simdjson::error_message(error)));
  }
  for (std::vector<float>& column : thresholds) {
    std::sort(column.begin(), column.end());
    column.erase(std::unique(column.begin(), column.end()), column.end());
  }
  return thresholds;
}

// A cell: missing, on a threshold, one float below it, or anywhere around the
// thresholds. Arithmetic of our own, as the library's distributions may differ.
class CellSource {
 public:
  explicit CellSource(std::uint64_t seed) : random_(seed) {}

  float Next(absl::Span<const float> thresholds) {
    const std::uint64_t kind = random_() % 8;
    if (kind == 0) return kMissing;
    if (thresholds.empty()) return static_cast<float>(2 * Share() - 1);
    const float threshold = thresholds[random_() % thresholds.size()];
    if (kind < 3) return threshold;
    if (kind < 5) {
      return std::nextafter(threshold, std::numeric_limits<float>::lowest());
    }
    const double low = thresholds.front();
    const double high = thresholds.back();
    const double margin = std::max(1.0, (high - low) / 4);
    const double cell = low - margin + Share() * (high - low + 2 * margin);
    return static_cast<float>(
        std::clamp<double>(cell, std::numeric_limits<float>::lowest(),
                           std::numeric_limits<float>::max()));
  }

 private:
  double Share() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  std::mt19937_64 random_;
};

}  // namespace

absl::StatusOr<std::string> MakeGoldenRows(absl::string_view model_json,
                                           int columns, std::uint64_t seed) {
  TENUTO_ASSIGN_OR_RETURN(const Thresholds thresholds,
                          ReadThresholds(model_json, columns));
  TENUTO_ASSIGN_OR_RETURN(const Booster booster,
                          Booster::Load(model_json, columns));
  CellSource cells(seed);
  std::string bytes;
  std::vector<float> row(static_cast<std::size_t>(columns));
  for (int r = 0; r < kGoldenRows; ++r) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      // The first row knows nothing: every default direction.
      row[c] = r == 0 ? kMissing : cells.Next(thresholds[c]);
    }
    float margin = 0;
    TENUTO_RETURN_IF_ERROR(
        booster.PredictMargins(row, absl::MakeSpan(&margin, 1)));
    bytes.append(reinterpret_cast<const char*>(row.data()),
                 row.size() * sizeof(float));
    bytes.append(reinterpret_cast<const char*>(&margin), sizeof margin);
  }
  return bytes;
}

}  // namespace tenuto
