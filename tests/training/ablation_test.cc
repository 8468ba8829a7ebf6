#include "training/ablation.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/toy_forest.h"
#include "training/evaluator.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

// Toy rows dressed as catalogue features, three of each family; what decides
// the label are columns 0 and 1, in the first family.
class Ablation : public ::testing::Test {
 protected:
  Ablation() {
    std::map<std::string, std::vector<std::string>> families;
    for (const Feature& feature : catalogue_.features()) {
      families[feature.declaration.family()].push_back(feature.name);
    }
    std::vector<std::string> columns;
    for (const auto& [family, names] : families) {
      if (names.size() < 3 || columns.size() == 9) continue;
      families_.push_back(family);
      columns.insert(columns.end(), names.begin(), names.begin() + 3);
    }
    train_.columns = calibrate_.columns = test_.columns = columns;
    options_.rounds = 40;
    options_.depth = 3;
    options_.eta = 0.2;
    options_.column_share = 1;
  }

  const Catalogue& catalogue_ = Catalogue::Embedded();
  std::vector<std::string> families_;
  TrainingMatrix train_ = ToyRows(900, 9, 1);
  TrainingMatrix calibrate_ = ToyRows(400, 9, 2);
  TrainingMatrix test_ = ToyRows(600, 9, 3);
  ForestOptions options_;
};

TEST_F(Ablation, ShowsWhichFamilyCarriesTheSignal) {
  ASSERT_EQ(families_.size(), 3u);
  const auto lines = AblateFamilies(train_, calibrate_, test_, catalogue_,
                                    options_, /*threads=*/2);
  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_EQ(lines->size(), 4u);
  EXPECT_EQ((*lines)[0].family, "all");
  EXPECT_EQ((*lines)[0].columns, 9);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ((*lines)[k + 1].family, families_[k]);
    EXPECT_EQ((*lines)[k + 1].columns, 3);
  }
  const AblationLine& all = (*lines)[0];
  const AblationLine& signal = (*lines)[1];
  EXPECT_GT(all.auc_without, 0.7);
  EXPECT_LT(signal.auc_without, 0.6) << "nothing is left to see";
  EXPECT_GT(signal.auc_alone, 0.7);
  EXPECT_GT(signal.log_loss_without, all.log_loss_without);
  for (std::size_t k = 2; k < 4; ++k) {
    EXPECT_GT((*lines)[k].auc_without, 0.7);
    EXPECT_LT((*lines)[k].auc_alone, 0.6);
  }
}

TEST_F(Ablation, BeginsWithTheModelOfAllColumns) {
  const auto lines =
      AblateFamilies(train_, calibrate_, test_, catalogue_, options_, 1);
  ASSERT_TRUE(lines.ok()) << lines.status();
  const auto model = FitModel(train_, calibrate_, options_);
  ASSERT_TRUE(model.ok());
  const auto probabilities = PredictProbabilities(*model, test_);
  ASSERT_TRUE(probabilities.ok());
  EXPECT_EQ((*lines)[0].auc_without, Auc(*probabilities, test_.labels));
  EXPECT_EQ((*lines)[0].log_loss_without,
            LogLoss(*probabilities, test_.labels));
}

TEST_F(Ablation, IsTheSameOnOneAndTwoThreads) {
  const auto one =
      AblateFamilies(train_, calibrate_, test_, catalogue_, options_, 1);
  const auto two =
      AblateFamilies(train_, calibrate_, test_, catalogue_, options_, 2);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(FormatAblation(*one), FormatAblation(*two));
}

TEST_F(Ablation, GivesTheErrorOfAFit) {
  for (float& label : train_.labels) label = 0;
  const auto lines =
      AblateFamilies(train_, calibrate_, test_, catalogue_, options_, 2);
  EXPECT_EQ(lines.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FormatAblation, AlignsALineForEachFamily) {
  const AblationLine lines[] = {{"all", 40, 0.75, 0.25, 0.75},
                                {"listening", 12, 0.7, 0.3, 0.625}};
  EXPECT_THAT(
      FormatAblation(lines),
      HasSubstr("listening          12       0.7000           0.30000     "
                "0.6250\n"));
}

}  // namespace
}  // namespace tenuto
