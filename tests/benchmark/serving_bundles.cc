#include "tests/benchmark/serving_bundles.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/catalogue.h"
#include "gtest/gtest.h"
#include "model/calibrator.h"
#include "tests/support/random_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

void Write(const std::filesystem::path& models_dir, v1::Manifest manifest) {
  RandomForestShape shape;
  shape.trees = 500;
  shape.columns = manifest.columns_size();
  shape.depth_max = 6;
  shape.thresholds_per_column = 200;
  shape.leaf_share = 0;
  shape.odd_thresholds = false;
  FittedModel model;
  model.forest.model_json = ForestJson(RandomForest(shape, 1));
  model.forest.trees = shape.trees;
  model.calibration = Calibrator::Fit({-2, -1, 0, 1, 2}, {0, 0, 1, 0, 1});
  const auto written = WriteBundle(models_dir, std::move(manifest), model, 1);
  ASSERT_TRUE(written.ok()) << written.status();
}

v1::Manifest ChurnManifest() {
  v1::Manifest manifest;
  manifest.set_model("churn_14d");
  manifest.set_label("leaves by choice within 14 days");
  manifest.set_horizon_days(14);
  for (const Feature& feature : Catalogue::Embedded().features()) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(feature.name);
    column.set_fingerprint(feature.fingerprint);
  }
  return manifest;
}

v1::Manifest RowsManifest() {
  v1::Manifest manifest;
  manifest.set_model(kRowsModel);
  manifest.set_label("target is 1");
  for (int c = 0; c < kRowsColumns; ++c) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(absl::StrCat("c", c));
    column.mutable_table()->set_source(column.name());
    column.mutable_table()->set_type(v1::COLUMN_TYPE_NUMBER);
  }
  return manifest;
}

}  // namespace

void WriteServingBundles(const std::filesystem::path& models_dir) {
  std::filesystem::remove_all(models_dir / "churn_14d");
  Write(models_dir, ChurnManifest());
  Write(models_dir, RowsManifest());
}

}  // namespace tenuto
