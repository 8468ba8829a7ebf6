#include "tests/support/toy_forest.h"

#include <stdlib.h>

#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/catalogue.h"

namespace tenuto {

TrainingMatrix ToyRows(int rows, int width, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto share = [&random] {
    return static_cast<double>(random() >> 11) * 0x1.0p-53;
  };
  TrainingMatrix matrix;
  for (int c = 0; c < width; ++c) {
    matrix.columns.push_back(absl::StrCat("column_", c));
  }
  for (int r = 0; r < rows; ++r) {
    const double a = share();
    const double b = share();
    for (int c = 0; c < width; ++c) {
      const double value = c == 0 ? a : c == 1 ? b : share();
      matrix.values.push_back(share() < 0.1
                                  ? std::numeric_limits<float>::quiet_NaN()
                                  : static_cast<float>(10 * value));
    }
    const double risk = 1 / (1 + std::exp(-(4 * a - 3 * b - 0.5)));
    matrix.labels.push_back(share() < risk ? 1.0f : 0.0f);
    matrix.groups.push_back(static_cast<std::uint64_t>(r / 3));
    matrix.times_s.push_back(1'700'000'000 + r);
  }
  return matrix;
}

FittedModel ToyModel(int width, std::uint64_t seed) {
  ForestOptions options;
  options.rounds = 20;
  options.depth = 3;
  options.eta = 0.3;
  options.seed = seed;
  auto model = FitModel(ToyRows(600, width, seed),
                        ToyRows(300, width, seed + 1), options);
  TENUTO_CHECK(model.ok(), model.status().ToString());
  return *std::move(model);
}

v1::Manifest ToyManifest(const std::string& model, int width) {
  v1::Manifest manifest;
  manifest.set_model(model);
  manifest.set_label("leaves within 14 days");
  manifest.set_horizon_days(14);
  for (int c = 0; c < width; ++c) {
    const Feature& feature =
        Catalogue::Embedded().features()[static_cast<std::size_t>(c)];
    v1::Column& column = *manifest.add_columns();
    column.set_name(feature.name);
    column.set_fingerprint(feature.fingerprint);
  }
  return manifest;
}

v1::Manifest ToyTableManifest(const std::string& model, int width) {
  v1::Manifest manifest;
  manifest.set_model(model);
  for (int c = 0; c < width; ++c) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(absl::StrCat("column_", c));
    column.mutable_table()->set_type(v1::COLUMN_TYPE_NUMBER);
    column.mutable_table()->set_source(column.name());
  }
  return manifest;
}

ScratchDirectory::ScratchDirectory() {
  std::string name =
      (std::filesystem::temp_directory_path() / "tenuto_test_XXXXXX").string();
  TENUTO_CHECK(::mkdtemp(name.data()) != nullptr, name);
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tenuto
