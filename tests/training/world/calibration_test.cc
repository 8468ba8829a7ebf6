#include "training/world/calibration.h"

#include "gtest/gtest.h"
#include "tests/training/world/collector.h"
#include "training/world/calibration_report.h"

namespace tenuto::world {
namespace {

WorldOptions Options(int threads) {
  WorldOptions options;
  options.users = 2'000;
  options.days = 200;
  options.threads = threads;
  options.truth_every_days = 0;
  return options;
}

TEST(Calibration, CountsWhatTheTallyCounts) {
  const WorldOptions options = Options(1);
  auto world = *World::Create(options);
  PaymentWatch watch(options.users, options.threads);
  watch.Watch(*world);
  while (world->day() < options.days) world->LiveDay(watch);
  const PaymentFigures figures = watch.figures();
  const Tally tally = world->tally();
  EXPECT_EQ(figures.lost, tally.lost);
  EXPECT_EQ(figures.recovered.of, tally.recovered);
  // Who leaves on the very day of the failure is none of the tally's.
  EXPECT_NEAR(double(figures.recovered.all),
              double(tally.recovered + tally.lost + tally.left_while_failing),
              5);
  EXPECT_EQ(figures.within_10_days.all, tally.recovered);
  EXPECT_GT(tally.recovered, 200);
}

TEST(Calibration, IsTheSameOnTwoThreads) {
  const PaymentFigures one = *MeasurePayments(Options(1), [](int) {});
  const PaymentFigures two = *MeasurePayments(Options(2), [](int) {});
  EXPECT_EQ(FormatCalibration(one), FormatCalibration(two));
}

}  // namespace
}  // namespace tenuto::world
