// A small, real recovery model: three forests fitted to made-up unpaid days
// whose chances are about those of practice, written by the bundle writer.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_RECOVERY_BUNDLE_H_
#define TENUTO_TESTS_SUPPORT_RECOVERY_BUNDLE_H_

#include <cstdint>
#include <filesystem>
#include <string>

namespace tenuto {

struct RecoveryShape {
  int row_width = 8;  // The first features of the catalogue.
  int trees = 20;     // Of each hazard.
  int depth = 3;
};
// Writes the next version of model `name`. Other seeds give other forests.
void WriteRecoveryBundle(const std::filesystem::path& models_dir,
                         const std::string& name = "grace",
                         std::uint64_t seed = 1,
                         const RecoveryShape& shape = {});

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_RECOVERY_BUNDLE_H_
