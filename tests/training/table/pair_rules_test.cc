#include "training/table/pair_rules.h"

#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/training/table/table_maker.h"

namespace tenuto {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr unsigned kSeed = 5;
constexpr std::size_t kRows = 1000;

class PairRules : public ::testing::Test {
 protected:
  PairRules() {
    for (int c = 0; c < 4; ++c) {
      std::vector<double> values;
      for (std::size_t r = 0; r < kRows; ++r) {
        values.push_back(static_cast<double>(random_() % (c < 2 ? 2 : 400)));
      }
      columns_.push_back(MakeColumn(absl::StrCat("c", c), std::move(values)));
    }
  }

  double Cell(int column, std::size_t row) const {
    return columns_[static_cast<std::size_t>(column)].values[row];
  }

  template <typename Rule>
  std::vector<PairLeak> FindWhere(Rule rule) {
    SCOPED_TRACE(absl::StrCat("seed ", kSeed));
    std::vector<float> labels;
    for (std::size_t r = 0; r < kRows; ++r) labels.push_back(rule(r) ? 1 : 0);
    return FindPairLeaks(columns_, labels, refused_,
                         ListingBits(labels, EachRowItsOwn(kRows)));
  }

  std::mt19937 random_{kSeed};
  std::vector<TypedColumn> columns_;
  std::vector<bool> refused_ = std::vector<bool>(4, false);
};

TEST_F(PairRules, FindAndOrAndExclusiveOr) {
  const auto a = [&](std::size_t r) { return Cell(0, r) > 0; };
  const auto b = [&](std::size_t r) { return Cell(1, r) > 0; };
  for (const auto& leaks : {FindWhere([&](auto r) { return a(r) && b(r); }),
                            FindWhere([&](auto r) { return a(r) || b(r); }),
                            FindWhere([&](auto r) { return a(r) != b(r); })}) {
    ASSERT_THAT(leaks, SizeIs(1));
    EXPECT_EQ(leaks[0].a, 0U);
    EXPECT_EQ(leaks[0].b, 1U);
  }
}

TEST_F(PairRules, FindThatTwoColumnsDiffer) {
  // Equal in half of the rows, so that equality says something.
  for (std::size_t r = 0; r < kRows; r += 2) {
    columns_[3].values[r] = columns_[2].values[r];
  }
  const auto leaks =
      FindWhere([&](auto r) { return Cell(2, r) != Cell(3, r); });
  ASSERT_THAT(leaks, SizeIs(1));
  EXPECT_EQ(leaks[0].rule, PairLeak::Rule::kUnequal);
  EXPECT_EQ(leaks[0].Describe("a", "b"), "a differs from b");
}

TEST_F(PairRules, FindACutOfTheDifference) {
  const auto leaks =
      FindWhere([&](auto r) { return Cell(2, r) - Cell(3, r) > 30; });
  ASSERT_THAT(leaks, SizeIs(1));
  EXPECT_EQ(leaks[0].rule, PairLeak::Rule::kAbove);
  EXPECT_EQ(leaks[0].cut, 30.5);
}

TEST_F(PairRules, FindNothingWhereChanceOrASeenSignalSpeaks) {
  EXPECT_THAT(FindWhere([&](auto) { return random_() % 5 == 0; }), IsEmpty());
  // Strong, but wrong once in twenty rows.
  EXPECT_THAT(FindWhere([&](auto r) {
                return (Cell(0, r) > 0 && Cell(1, r) > 0) != (r % 20 == 0);
              }),
              IsEmpty());
}

TEST_F(PairRules, PassOverRefusedColumns) {
  refused_[1] = true;
  EXPECT_THAT(FindWhere([&](auto r) { return Cell(0, r) != Cell(1, r); }),
              IsEmpty());
}

}  // namespace
}  // namespace tenuto
