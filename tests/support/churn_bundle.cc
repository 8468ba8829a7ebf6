#include "tests/support/churn_bundle.h"

#include <random>
#include <utility>

#include "gtest/gtest.h"
#include "training/bundle_writer.h"
#include "training/model_fit.h"
#include "training/training_matrix.h"

namespace tenuto {
namespace {

constexpr int kRows = 300;

// Rows whose label follows from their first columns, with some noise.
TrainingMatrix MakeRows(const v1::Manifest& manifest, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&] {
    return static_cast<float>(static_cast<double>(random() >> 40) * 0x1p-24);
  };
  TrainingMatrix rows;
  for (const v1::Column& column : manifest.columns()) {
    rows.columns.push_back(column.name());
  }
  for (int r = 0; r < kRows; ++r) {
    float evidence = 0;
    for (int c = 0; c < manifest.columns_size(); ++c) {
      const float value = 10 * draw();
      rows.values.push_back(value);
      if (c < 8) evidence += value;
    }
    const auto wanted = static_cast<float>(5 * std::min(8, rows.width()));
    rows.labels.push_back(evidence + 4 * draw() > wanted ? 1 : 0);
    rows.groups.push_back(static_cast<std::uint64_t>(r));
    rows.times_s.push_back(1'600'000'000 + r);
  }
  return rows;
}

void Write(const std::filesystem::path& models_dir, v1::Manifest manifest,
           std::uint64_t seed) {
  const TrainingMatrix rows = MakeRows(manifest, seed);
  ForestOptions options;
  options.rounds = 30;
  options.child_weight_min = 1;
  options.seed = seed;
  const auto model = FitModel(rows, rows, options);
  ASSERT_TRUE(model.ok()) << model.status();
  const auto written =
      WriteBundle(models_dir, std::move(manifest), *model, seed);
  ASSERT_TRUE(written.ok()) << written.status();
}

}  // namespace

void WriteChurnBundle(const std::filesystem::path& models_dir,
                      const Catalogue& catalogue, const std::string& name,
                      std::uint64_t seed) {
  v1::Manifest manifest;
  manifest.set_model(name);
  manifest.set_label("leaves by choice within 14 days");
  manifest.set_horizon_days(14);
  for (const Feature& feature : catalogue.features()) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(feature.name);
    column.set_fingerprint(feature.fingerprint);
  }
  Write(models_dir, std::move(manifest), seed);
}

void WriteTableBundle(const std::filesystem::path& models_dir,
                      const std::string& name) {
  v1::Manifest manifest;
  manifest.set_model(name);
  manifest.set_label("target is 1");
  for (const char* source : {"age", "visits"}) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(source);
    column.mutable_table()->set_source(source);
    column.mutable_table()->set_type(v1::COLUMN_TYPE_NUMBER);
  }
  Write(models_dir, std::move(manifest), 1);
}

}  // namespace tenuto
