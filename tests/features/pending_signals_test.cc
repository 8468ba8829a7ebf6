#include "features/pending_signals.h"

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(PendingSignals, KnowTheirIdsInWhateverOrderTheyCame) {
  const PendingSignals pending({40, 7, 12});
  EXPECT_EQ(pending.ids(), (std::vector<std::uint32_t>{7, 12, 40}));
  for (const std::uint32_t id : {7u, 12u, 40u}) EXPECT_TRUE(pending.Has(id));
  for (const std::uint32_t id : {0u, 8u, 41u}) EXPECT_FALSE(pending.Has(id));
  EXPECT_FALSE(pending.empty());
  EXPECT_TRUE(PendingSignals().empty());
}

}  // namespace
}  // namespace tenuto
