#include "features/register_sums.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/random_events.h"

namespace tenuto {
namespace {

using testing::Draws;

constexpr int kRegisters = DistinctSketch::kRegisters;
using Ranks = std::array<int, kRegisters>;

RegisterSums SumsOf(const Ranks& ranks) {
  RegisterSums sums = RegisterSums::Empty();
  for (const int rank : ranks) sums.Raise(0, rank);
  return sums;
}

// As the article writes it, a register after another.
double PlainInverse(const Ranks& ranks) {
  double sum = 0;
  for (const int rank : ranks) sum += std::exp2(-rank);
  return sum;
}

TEST(RegisterSums, AreThoseOfEveryRegister) {
  Draws draws(31);
  for (int round = 0; round < 300; ++round) {
    Ranks ranks{};
    int empty = 0;
    for (int& rank : ranks) {
      rank = static_cast<int>(draws.Between(0, 40)) - 10;
      if (rank < 0) rank = 0;
      empty += rank == 0 ? 1 : 0;
    }
    const RegisterSums sums = SumsOf(ranks);
    EXPECT_EQ(sums.inverse(), PlainInverse(ranks)) << "seed 31, " << round;
    EXPECT_EQ(sums.empty(), empty) << "seed 31, " << round;
  }
}

TEST(RegisterSums, OfPartsAddUpWhateverTheOrder) {
  Draws draws(32);
  for (int round = 0; round < 300; ++round) {
    std::array<RegisterSums, 4> parts;
    parts[0] = RegisterSums::Empty();
    Ranks ranks{};
    for (int& rank : ranks) {
      for (int raised = static_cast<int>(draws.Between(0, 3)); raised > 0;
           --raised) {
        const int to = rank + static_cast<int>(draws.Between(1, 16));
        parts[draws.Next() % parts.size()].Raise(rank, to);
        rank = to;
      }
    }
    RegisterSums sums;
    for (const RegisterSums& part : parts) sums.Add(part);
    EXPECT_EQ(sums.inverse(), PlainInverse(ranks)) << "seed 32, " << round;
    EXPECT_EQ(EstimateDistinct(sums), EstimateDistinct(SumsOf(ranks)));
  }
}

TEST(RegisterSums, HoldTheExtremes) {
  Ranks ranks{};
  EXPECT_EQ(SumsOf(ranks).inverse(), kRegisters);
  EXPECT_EQ(SumsOf(ranks).empty(), kRegisters);
  EXPECT_EQ(EstimateDistinct(SumsOf(ranks)), 0);
  ranks.fill(58);
  EXPECT_EQ(SumsOf(ranks).inverse(), kRegisters * 0x1p-48);
  EXPECT_EQ(SumsOf(ranks).empty(), 0);
  EXPECT_TRUE(std::isfinite(EstimateDistinct(SumsOf(ranks))));
}

TEST(RegisterSums, EstimateErrsAsStated) {
  Draws draws(24);
  for (const int truth : {1, 5, 30, 100, 400, 2000}) {
    double squares = 0;
    constexpr int kRounds = 200;
    for (int round = 0; round < kRounds; ++round) {
      DistinctSketch sketch;
      for (int k = 0; k < truth; ++k) sketch.Add(draws.Next(), 0);
      Ranks ranks{};  // Of one day, so that a register has one entry.
      for (const auto& entry : sketch.entries()) ranks[entry.reg] = entry.rank;
      const double error = EstimateDistinct(SumsOf(ranks)) / truth - 1;
      squares += error * error;
    }
    // 9.2 %, with room for chance and for the small-range correction.
    EXPECT_LT(std::sqrt(squares / kRounds), 0.115) << truth << ", seed 24";
  }
}

}  // namespace
}  // namespace tenuto
