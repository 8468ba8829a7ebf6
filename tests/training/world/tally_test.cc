#include "training/world/tally.h"

#include "gtest/gtest.h"

namespace tenuto::world {
namespace {

TEST(Tally, AddsUpEveryCount) {
  Tally a;
  a.events = 3;
  a.by_payload[v1::Event::kPlayback] = 2;
  a.paid_days = 300;
  a.left_by_choice = 1;
  a.lost = 2;
  a.renewals = 10;
  a.failures = 4;
  a.recovered = 2;
  a.left_while_failing = 1;
  a.listening_days = 2;
  a.listening_events = 20;
  a.joined = 1;
  Tally sum = a;
  sum.Add(a);
  EXPECT_EQ(sum.events, 6);
  EXPECT_EQ(sum.by_payload[v1::Event::kPlayback], 4);
  EXPECT_EQ(sum.joined, 2);
  EXPECT_DOUBLE_EQ(sum.churn_by_choice_monthly(), 0.1);
  EXPECT_DOUBLE_EQ(sum.churn_involuntary_monthly(), 0.2);
  EXPECT_DOUBLE_EQ(sum.failure_rate(), 0.4);
  EXPECT_DOUBLE_EQ(sum.recovery_rate(), 0.4);
  EXPECT_DOUBLE_EQ(sum.events_per_listening_day(), 10);
}

TEST(Tally, OfNothingHasSharesOfZero) {
  EXPECT_EQ(Tally().failure_rate(), 0);
  EXPECT_EQ(Tally().churn_by_choice_monthly(), 0);
  EXPECT_TRUE(Tally().ByName().empty());
}

TEST(Tally, NamesPayloadsAsTheProtoDoes) {
  Tally tally;
  tally.by_payload[v1::Event::kMessageOptedOut] = 5;
  EXPECT_EQ(tally.ByName(),
            (std::map<std::string, std::int64_t>{{"message_opted_out", 5}}));
}

}  // namespace
}  // namespace tenuto::world
