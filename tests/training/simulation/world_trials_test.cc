#include "training/simulation/world_trials.h"

#include <memory>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

// Payments are independent of each other: parts make the whole, in any pieces.
TEST(WorldTrials, RunInPiecesAsInOne) {
  const auto policies = PolicyFile::FromText(R"(
    current: "a"
    policies { name: "a" fixed { full_days: 7 retry_days: [3, 9] } }
    policies { name: "b" fixed { full_days: 3 retry_days: [1, 2, 5] } }
    policies { name: "o" oracle {} })",
                                             "test");
  ASSERT_TRUE(policies.ok()) << policies.status();
  const auto world = world::FailureWorld::Create(1, world::WorldVariant());
  const auto book = CaseBook::Create(PaymentRules::Embedded(),
                                     GraceValues::Embedded(), "EUR");
  ASSERT_TRUE(world.ok() && book.ok());
  const WorldTrials trials(
      {.world = *world, .book = *book, .policies = *policies});
  const auto bench = std::make_unique<WorldTrials::Bench>();
  PolicyTally whole(3, Segments().size(), 0), pieces = whole;
  ASSERT_TRUE(trials.Run(0, 900, *bench, whole).ok());
  for (std::uint64_t from : {0u, 300u, 600u}) {
    PolicyTally piece(3, Segments().size(), 0);
    ASSERT_TRUE(trials.Run(from, from + 300, *bench, piece).ok());
    pieces.Add(piece);
  }
  for (std::size_t policy = 0; policy < 3; ++policy) {
    EXPECT_EQ(pieces.sums(policy).recovered.total,
              whole.sums(policy).recovered.total);
    EXPECT_NEAR(pieces.sums(policy).net.total, whole.sums(policy).net.total,
                1e-4);
    EXPECT_EQ(whole.sums(policy).size.payments, 900);
  }
  // Each payment is in one segment of each kind.
  double in_segments = 0;
  for (std::size_t k = 1; k < Segments().size(); ++k) {
    in_segments += whole.sums(0, k).size.payments;
  }
  EXPECT_EQ(in_segments, 4 * 900);
}

}  // namespace
}  // namespace tenuto
