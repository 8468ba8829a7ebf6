// A recovery model that knows one chance for each hazard.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_CONSTANT_RECOVERY_H_
#define TENUTO_TESTS_SUPPORT_CONSTANT_RECOVERY_H_

#include <array>
#include <cmath>
#include <memory>

#include "gtest/gtest.h"
#include "model/grace/recovery_model.h"
#include "tests/support/toy_forest.h"

namespace tenuto {

// Every hazard the same on all days: one leaf each.
inline std::shared_ptr<const RecoveryModel> ConstantRecovery(double by_user,
                                                             double by_retry,
                                                             double cancels) {
  v1::Manifest manifest = ToyManifest("grace", 1);
  AddFailureColumns(manifest);
  std::array<Forest, 3> forests;
  const double chances[] = {by_user, by_retry, cancels};
  for (std::size_t k = 0; k < 3; ++k) {
    v1::ForestPart& part = *manifest.add_parts();
    part.set_name(kHazardNames[k]);
    v1::Calibration& calibration = *part.mutable_calibration();
    calibration.set_slope(1);
    calibration.set_probability_min(1e-4);
    calibration.set_probability_max(1 - 1e-4);
    forests[k].columns = 1 + kFailureColumns;
    ForestNode leaf;
    leaf.value = static_cast<float>(std::log(chances[k] / (1 - chances[k])));
    forests[k].trees = {{{leaf}}};
  }
  const auto model =
      RecoveryModel::Create(manifest, forests, Catalogue::Embedded());
  EXPECT_TRUE(model.ok()) << model.status();
  return *model;
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_CONSTANT_RECOVERY_H_
