// Small forests and bundles for tests: fitted for real, in milliseconds.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_TOY_FOREST_H_
#define TENUTO_TESTS_SUPPORT_TOY_FOREST_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tenuto/v1/bundle.pb.h"
#include "training/model_fit.h"
#include "training/training_matrix.h"

namespace tenuto {

// Rows whose label follows columns 0 and 1 with noise; a tenth of the cells is
// missing, and every group owns three rows.
TrainingMatrix ToyRows(int rows, int width, std::uint64_t seed);

// A forest on ToyRows with its calibration.
FittedModel ToyModel(int width, std::uint64_t seed);

// A manifest of the first `width` features of the embedded catalogue.
v1::Manifest ToyManifest(const std::string& model, int width);
// A manifest of a table with number columns "column_0"...
v1::Manifest ToyTableManifest(const std::string& model, int width);

// A new empty directory, removed with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_TOY_FOREST_H_
