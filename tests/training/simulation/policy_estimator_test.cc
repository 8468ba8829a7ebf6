#include "training/simulation/policy_estimator.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(PolicyEstimator, BelievesWhatManyPaymentsBearOut) {
  const PolicyEstimator borne_out = EstimatorOf({200, 0.8}, 10'000);
  EXPECT_FALSE(borne_out.model_only);
  EXPECT_THAT(borne_out.text, StartsWith("doubly robust: the log did the same "
                                         "for 200 payments"));
  EXPECT_TRUE(EstimatorOf({199.9, 0.8}, 10'000).model_only);
  EXPECT_TRUE(EstimatorOf({200, 0.79}, 10'000).model_only);
  // Of a long log 200 payments are few.
  EXPECT_TRUE(EstimatorOf({200, 0.8}, 11'000).model_only);
}

TEST(PolicyEstimator, SaysWhatIsMissing) {
  // 3 % agree: 200 of them among 6,667 payments.
  EXPECT_THAT(EstimatorOf({30, 0.9}, 1'000).text,
              EndsWith("200 and 80 % are needed; about 6700 failed payments "
                       "might do"));
  EXPECT_THAT(EstimatorOf({199, 0.9}, 300).text,
              EndsWith("about 310 failed payments might do"));
  EXPECT_THAT(EstimatorOf({300, 0.5}, 1'000).text,
              HasSubstr("what is missing are unpaid days"));
}

TEST(PolicyEstimator, ClaimsNothingFromAHandful) {
  // 11 of 754 may be 2 %, or 0.8.
  EXPECT_THAT(EstimatorOf({11, 0.9}, 754).text,
              EndsWith("too few to say how many would do"));
  for (const double agreed : {0.0, 100.0}) {
    EXPECT_THAT(EstimatorOf({agreed, 0.9}, 10'000).text,
                HasSubstr("a longer log of this kind would hardly do"));
  }
}

}  // namespace
}  // namespace tenuto
