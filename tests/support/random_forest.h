// Forests and rows drawn at random, with everything that is hard about floats,
// and the JSON that XGBoost would have saved them as.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_RANDOM_FOREST_H_
#define TENUTO_TESTS_SUPPORT_RANDOM_FOREST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/forest/forest.h"

namespace tenuto {

struct RandomForestShape {
  int trees = 20;
  int columns = 10;
  int depth_max = 6;
  // Distinct thresholds a column; 0, infinities and denormals among them.
  int thresholds_per_column = 20;
  double leaf_share = 0.1;  // Of the nodes above depth_max.
  bool odd_thresholds = true;
};

Forest RandomForest(const RandomForestShape& shape, std::uint64_t seed);

// Row-major. Cells stand on thresholds, next to them, between and beyond;
// `missing_share` of them are NaN.
std::vector<float> RandomRows(const Forest& forest, int rows,
                              double missing_share, std::uint64_t seed);

// What XGBoost 1.7 writes. The forest's base margin is not used: XGBoost makes
// it of the base score.
std::string ForestJson(const Forest& forest,
                       absl::string_view base_score = "5E-1",
                       absl::string_view objective = "binary:logistic");

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_RANDOM_FOREST_H_
