#include "training/table/linear_identity.h"

#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/training/table/table_maker.h"

namespace tenuto {
namespace {

constexpr unsigned kSeed = 77;
constexpr std::size_t kRows = 3000;

// Counts of six pages, an hour's rate and the target.
class LinearIdentityTest : public ::testing::Test {
 protected:
  LinearIdentityTest() {
    for (std::size_t r = 0; r < kRows; ++r) {
      labels_.push_back(random_() % 8 == 0 ? 1.0F : 0.0F);
    }
    for (int c = 0; c < 6; ++c) {
      std::vector<double> values;
      for (std::size_t r = 0; r < kRows; ++r) {
        values.push_back(static_cast<double>(random_() % 300));
      }
      columns_.push_back(MakeColumn(absl::StrCat("page", c), values));
    }
  }

  void AddTotal(int pages, const std::vector<std::size_t>& odd_rows) {
    std::vector<double> total;
    for (std::size_t r = 0; r < kRows; ++r) {
      double sum = static_cast<double>(labels_[r]);
      for (int c = 0; c < pages; ++c) {
        sum += columns_[static_cast<std::size_t>(c)].values[r];
      }
      total.push_back(sum);
    }
    for (const std::size_t r : odd_rows) total[r] += 802;
    columns_.push_back(MakeColumn("total", total));
  }

  std::optional<LinearIdentity> Find() const {
    SCOPED_TRACE(absl::StrCat("seed ", kSeed));
    return FindLinearIdentity(columns_, labels_,
                              std::vector<bool>(columns_.size(), false),
                              ListingBits(labels_, EachRowItsOwn(kRows)));
  }

  std::mt19937 random_{kSeed};
  std::vector<float> labels_;
  std::vector<TypedColumn> columns_;
};

TEST_F(LinearIdentityTest, IsFoundWithNoColumnTooMany) {
  AddTotal(3, {});
  const auto identity = Find();
  ASSERT_TRUE(identity.has_value());
  ASSERT_EQ(identity->terms.size(), 4U);
  EXPECT_EQ(identity->terms[0].column, 6) << "the total has the widest spread";
  EXPECT_NEAR(identity->terms[0].weight, 1, 1e-6);
  EXPECT_NEAR(identity->terms[1].weight, -1, 1e-6);
  EXPECT_NEAR(identity->intercept, 0, 1e-6);
  EXPECT_EQ(identity->fit.errors, 0);
}

TEST_F(LinearIdentityTest, IsNotHiddenByAnOddRow) {
  labels_.assign(kRows, 0);
  for (std::size_t r = 0; r < kRows; r += 2) labels_[r] = 1;
  AddTotal(5, {1234});
  const auto identity = Find();
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->fit.errors, 1);
}

TEST_F(LinearIdentityTest, IsNotSeenWhereThereIsNone) {
  EXPECT_FALSE(Find().has_value());
  // A total that misses the target by noise is no identity.
  AddTotal(3, {});
  for (double& value : columns_.back().values) {
    value += static_cast<double>(random_() % 2);
  }
  EXPECT_FALSE(Find().has_value());
}

TEST_F(LinearIdentityTest, IsNotBelievedOfMoreColumnsThanRows) {
  labels_.resize(12);
  for (TypedColumn& column : columns_) column.values.resize(12);
  EXPECT_FALSE(FindLinearIdentity(columns_, labels_,
                                  std::vector<bool>(columns_.size(), false),
                                  100)
                   .has_value());
}

}  // namespace
}  // namespace tenuto
