// A bundle whose forest looks at every feature of the catalogue, with splits
// among the values that real rows have: rows that differ anywhere are likely to
// score differently. As large as one likes, and made without training.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_FOREST_BUNDLE_H_
#define TENUTO_TESTS_SUPPORT_FOREST_BUNDLE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "features/catalogue.h"
#include "features/ledger.h"

namespace tenuto {

struct ForestBundleShape {
  std::string name = "churn_14d";
  int trees = 100;
  int depth = 4;
  std::uint64_t seed = 1;
};

// Writes the next version. The rows are those of the first users of `ledger`,
// at its end.
void WriteForestBundle(const std::filesystem::path& models_dir,
                       const Catalogue& catalogue, const Ledger& ledger,
                       const ForestBundleShape& shape = {});

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_FOREST_BUNDLE_H_
