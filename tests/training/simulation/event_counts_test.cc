#include "training/simulation/event_counts.h"

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(EventCounts, AreSharesWhereEverybodyIsWatched) {
  EventCounts counts;
  counts.Add(2, RecoveryEnd::kByUser);
  counts.Add(2, RecoveryEnd::kByRetry);
  counts.Add(9, RecoveryEnd::kCancelled);
  counts.Add(kUnpaidDays, RecoveryEnd::kOpen);
  const Incidence incidence = IncidenceOf(counts);
  EXPECT_EQ(counts.payments(), 4);
  EXPECT_EQ(RecoveredBy(incidence, 1), 0);
  EXPECT_DOUBLE_EQ(RecoveredBy(incidence, 2), 0.5);
  EXPECT_DOUBLE_EQ(PaidBy(incidence, kUnpaidDays), 0.25);
  EXPECT_DOUBLE_EQ(RetriedBy(incidence, kUnpaidDays), 0.25);
  EXPECT_DOUBLE_EQ(CancelledBy(incidence, kUnpaidDays), 0.25);
}

TEST(EventCounts, AllowForThoseNobodyCouldWatch) {
  EventCounts counts;
  counts.Add(1, RecoveryEnd::kOpen);
  counts.Add(1, RecoveryEnd::kOpen);
  counts.Add(5, RecoveryEnd::kByUser);
  counts.Add(kUnpaidDays, RecoveryEnd::kOpen);
  EXPECT_DOUBLE_EQ(RecoveredBy(IncidenceOf(counts), 5), 0.5);
}

TEST(EventDraw, DrawsEveryEndAsOftenAsItsChance) {
  RecoveryCurve curve;
  curve[1] = {0.25, 0.25, 0.125, 0.375};
  for (std::size_t day = 2; day <= kUnpaidDays; ++day) {
    curve[day] = {0, 0, 0, 0.375};
  }
  curve[4].by_retry = 0.125;
  EventCounts counts;
  const EventDraw draw(curve);
  for (int k = 0; k < 80; ++k) {
    const auto [day, end] = draw.At((k + 0.5) / 80);
    counts.Add(day, end);
  }
  EXPECT_EQ(counts.count(1, RecoveryEnd::kByUser), 20);
  EXPECT_EQ(counts.count(1, RecoveryEnd::kByRetry), 20);
  EXPECT_EQ(counts.count(1, RecoveryEnd::kCancelled), 10);
  EXPECT_EQ(counts.count(4, RecoveryEnd::kByRetry), 10);
  EXPECT_EQ(counts.count(kUnpaidDays, RecoveryEnd::kOpen), 20);
}

}  // namespace
}  // namespace tenuto
