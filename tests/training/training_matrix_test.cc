#include "training/training_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TrainingMatrix ThreeRows() {
  TrainingMatrix matrix;
  matrix.columns = {"a", "b"};
  matrix.values = {1, 2, 3, 4, 5, 6};
  matrix.labels = {0, 1, 1};
  matrix.groups = {7, 8, 9};
  matrix.times_s = {100, 200, 300};
  return matrix;
}

TEST(TrainingMatrix, KnowsItsShape) {
  const TrainingMatrix matrix = ThreeRows();
  EXPECT_EQ(matrix.width(), 2);
  EXPECT_EQ(matrix.rows(), 3);
  EXPECT_EQ(matrix.positives(), 2);
  EXPECT_THAT(matrix.row(1), ElementsAre(3, 4));
  EXPECT_EQ(TrainingMatrix().rows(), 0);
  EXPECT_EQ(TrainingMatrix().positives(), 0);
}

TEST(TrainingMatrix, SelectsRowsWithAllThatIsKnownOfThem) {
  const TrainingMatrix selected = ThreeRows().Select({2, 0, 2});
  EXPECT_THAT(selected.columns, ElementsAre("a", "b"));
  EXPECT_THAT(selected.values, ElementsAre(5, 6, 1, 2, 5, 6));
  EXPECT_THAT(selected.labels, ElementsAre(1, 0, 1));
  EXPECT_THAT(selected.groups, ElementsAre(9, 7, 9));
  EXPECT_THAT(selected.times_s, ElementsAre(300, 100, 300));
  EXPECT_THAT(ThreeRows().Select({}).values, IsEmpty());
}

TEST(TrainingMatrix, SelectsColumnsInTheOrderAsked) {
  const TrainingMatrix swapped = ThreeRows().SelectColumns({1, 0});
  EXPECT_THAT(swapped.columns, ElementsAre("b", "a"));
  EXPECT_THAT(swapped.values, ElementsAre(2, 1, 4, 3, 6, 5));
  const TrainingMatrix one = ThreeRows().SelectColumns({1});
  EXPECT_THAT(one.values, ElementsAre(2, 4, 6));
  EXPECT_THAT(one.labels, ElementsAre(0, 1, 1));
  EXPECT_THAT(one.groups, ElementsAre(7, 8, 9));
  EXPECT_THAT(one.times_s, ElementsAre(100, 200, 300));
}

TEST(BaseRate, CountsTheRowsOfBothPartsAlike) {
  TrainingMatrix train, calibrate;
  train.labels = {1, 0, 0, 0, 0, 0};
  calibrate.labels = {1, 1};
  EXPECT_EQ(BaseRate(train, calibrate), 3.0 / 8);
}

}  // namespace
}  // namespace tenuto
