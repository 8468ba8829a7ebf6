#include "model/grace/money.h"

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(Money, HasTheDigitsOfItsCurrency) {
  EXPECT_EQ(MoneyText(1725, "EUR"), "17.25 EUR");
  EXPECT_EQ(MoneyText(-31.4, "EUR"), "-0.31 EUR");
  EXPECT_EQ(MoneyText(0, "EUR"), "0.00 EUR");
  EXPECT_EQ(MoneyText(1080, "JPY"), "1080 JPY");
  EXPECT_EQ(MoneyText(1234, "KWD"), "1.234 KWD");
  EXPECT_EQ(MinorPerUnit("TWD"), 100);
  EXPECT_EQ(MinorPerUnit("JPY"), 1);
}

TEST(Money, IsNeverNothingWhereThereIsSome) {
  EXPECT_EQ(MoneyText(0.3, "EUR"), "less than 0.01 EUR");
  EXPECT_EQ(MoneyText(-0.3, "EUR"), "less than 0.01 EUR");
  EXPECT_EQ(MoneyText(0.5, "EUR"), "0.01 EUR");
  EXPECT_EQ(MoneyText(0.3, "JPY"), "less than 1 JPY");
}

}  // namespace
}  // namespace tenuto
