#include "tests/support/forest_bundle.h"

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "features/feature_plan.h"
#include "gtest/gtest.h"
#include "tests/support/random_forest.h"
#include "training/bundle_writer.h"

namespace tenuto {
namespace {

constexpr std::size_t kRows = 500;

std::vector<std::vector<float>> FirstRows(const Catalogue& catalogue,
                                          const Ledger& ledger) {
  const FeaturePlan plan = FeaturePlan::CompileAll(catalogue);
  const LedgerFacts facts = ledger.Facts();
  std::vector<std::vector<float>> rows;
  for (int partition = 0; partition < kPartitions; ++partition) {
    const absl::Status scanned = ledger.ScanStates(
        partition, [&](const UserKey&, absl::string_view state) {
          std::vector<float> row(static_cast<std::size_t>(plan.width()));
          EXPECT_TRUE(plan.Assemble(state,
                                    {facts.history_end, facts.history_start},
                                    absl::MakeSpan(row))
                          .ok());
          rows.push_back(std::move(row));
          return rows.size() < kRows;
        });
    EXPECT_TRUE(scanned.ok()) << scanned;
    if (rows.size() == kRows) break;
  }
  return rows;
}

}  // namespace

void WriteForestBundle(const std::filesystem::path& models_dir,
                       const Catalogue& catalogue, const Ledger& ledger,
                       const ForestBundleShape& shape) {
  const auto rows = FirstRows(catalogue, ledger);
  ASSERT_FALSE(rows.empty());
  v1::Manifest manifest;
  manifest.set_model(shape.name);
  manifest.set_label("made up");
  manifest.set_horizon_days(14);
  for (const Feature& feature : catalogue.features()) {
    v1::Column& column = *manifest.add_columns();
    column.set_name(feature.name);
    column.set_fingerprint(feature.fingerprint);
  }
  RandomForestShape drawn;
  drawn.trees = shape.trees;
  drawn.columns = manifest.columns_size();
  drawn.depth_max = shape.depth;
  drawn.leaf_share = 0;
  drawn.odd_thresholds = false;
  Forest forest = RandomForest(drawn, shape.seed);
  std::mt19937_64 random(shape.seed);
  for (ForestTree& tree : forest.trees) {
    for (ForestNode& node : tree.nodes) {
      if (node.is_leaf()) continue;
      const std::vector<float>& row = rows[random() % rows.size()];
      const float value = row[static_cast<std::size_t>(node.column)];
      node.value = std::isnan(value) ? 0.5F : value;
    }
  }
  FittedModel model;
  model.forest.model_json = ForestJson(forest);
  model.forest.trees = shape.trees;
  model.calibration.set_slope(1);
  model.calibration.set_probability_min(1e-4);
  model.calibration.set_probability_max(1 - 1e-4);
  const auto written =
      WriteBundle(models_dir, std::move(manifest), model, shape.seed);
  ASSERT_TRUE(written.ok()) << written.status();
}

}  // namespace tenuto
