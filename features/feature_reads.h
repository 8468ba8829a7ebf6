// What each kind of read in the catalogue takes: which signals it reads, how
// they must be kept, and whether it has windows. The one place that knows; the
// catalogue validates by it and the plan compiles by it.
// Thread-safe.
#ifndef TENUTO_FEATURES_FEATURE_READS_H_
#define TENUTO_FEATURES_FEATURE_READS_H_

#include <string>
#include <vector>

#include "tenuto/v1/catalogue.pb.h"

namespace tenuto {

struct SignalUse {
  std::string signal;
  v1::Keep keep;
};

struct ReadShape {
  std::vector<SignalUse> uses;
  bool windowed = false;
};

// Empty uses when `feature` has no read.
ReadShape ShapeOf(const v1::Feature& feature);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_FEATURE_READS_H_
