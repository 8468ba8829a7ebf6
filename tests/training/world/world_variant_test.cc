#include "training/world/world_variant.h"

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

TEST(WorldVariant, HasABaseAndFiveOthers) {
  EXPECT_EQ(VariantNames().size(), 6u);
  for (const absl::string_view name : VariantNames()) {
    const auto variant = WorldVariant::Named(name);
    ASSERT_TRUE(variant.ok());
    EXPECT_EQ(variant->name, name);
  }
  EXPECT_EQ(WorldVariant::Named("no_messages")->message_effect, 0);
  EXPECT_EQ(WorldVariant::Named("no_access")->access_effect, 0);
  EXPECT_NE(WorldVariant::Named("shifted_paydays")->payday_shift_days, 0);
}

TEST(WorldVariant, NamesThoseThatThereAreWhenAskedForAnother) {
  const absl::Status status = WorldVariant::Named("no_mesages").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("'no_mesages'"), absl::string_view::npos);
  EXPECT_NE(status.message().find("no_messages"), absl::string_view::npos);
}

}  // namespace
}  // namespace tenuto::world
