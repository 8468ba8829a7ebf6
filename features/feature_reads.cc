#include "features/feature_reads.h"

namespace tenuto {
namespace {

ReadShape Daily(const std::string& signal, bool windowed = true) {
  return {{{signal, v1::KEEP_DAILY_SUM}}, windowed};
}

ReadShape Ratio(const std::string& numerator, const std::string& denominator,
                v1::Keep keep, bool windowed) {
  return {{{numerator, keep}, {denominator, keep}}, windowed};
}

ReadShape EntropyShape(const v1::Entropy& read) {
  ReadShape shape{{}, true};
  for (const std::string& signal : read.signals()) {
    shape.uses.push_back({signal, v1::KEEP_DAILY_SUM});
  }
  return shape;
}

ReadShape WindowedShape(const v1::Feature& feature) {
  switch (feature.read_case()) {
    case v1::Feature::kWindowSum:
      return Daily(feature.window_sum().signal());
    case v1::Feature::kWindowRatio:
      return Ratio(feature.window_ratio().numerator(),
                   feature.window_ratio().denominator(), v1::KEEP_DAILY_SUM,
                   true);
    case v1::Feature::kWindowTrend:
      return Daily(feature.window_trend().signal());
    case v1::Feature::kActiveDays:
      return Daily(feature.active_days().signal());
    case v1::Feature::kPerActiveDay:
      return Daily(feature.per_active_day().signal());
    case v1::Feature::kLongestGap:
      return Daily(feature.longest_gap().signal());
    case v1::Feature::kDistinct:
      return {{{feature.distinct().signal(), v1::KEEP_DISTINCT}}, true};
    case v1::Feature::kDistinctShare:
      return {{{feature.distinct_share().distinct(), v1::KEEP_DISTINCT},
               {feature.distinct_share().total(), v1::KEEP_DAILY_SUM}},
              true};
    case v1::Feature::kWeekendShare:
      return Daily(feature.weekend_share().signal());
    case v1::Feature::kEntropy:
      return EntropyShape(feature.entropy());
    default:
      return {};
  }
}

}  // namespace

ReadShape ShapeOf(const v1::Feature& feature) {
  switch (feature.read_case()) {
    case v1::Feature::kStreak:
      return Daily(feature.streak().signal(), false);
    case v1::Feature::kDecayedSum:
      return Daily(feature.decayed_sum().signal(), false);
    case v1::Feature::kTimeSince:
      // First or last time; the catalogue accepts either.
      return {{{feature.time_since().signal(), v1::KEEP_UNSPECIFIED}}, false};
    case v1::Feature::kTimeUntil:
      return {{{feature.time_until().signal(), v1::KEEP_LAST_VALUE}}, false};
    case v1::Feature::kLastValue:
      return {{{feature.last_value().signal(), v1::KEEP_LAST_VALUE}}, false};
    case v1::Feature::kLastValueIs:
      return {{{feature.last_value_is().signal(), v1::KEEP_LAST_VALUE}}, false};
    case v1::Feature::kTotal:
      return {{{feature.total().signal(), v1::KEEP_TOTAL}}, false};
    case v1::Feature::kTotalRatio:
      return Ratio(feature.total_ratio().numerator(),
                   feature.total_ratio().denominator(), v1::KEEP_TOTAL, false);
    case v1::Feature::kDailyRate:
      return {{{feature.daily_rate().signal(), v1::KEEP_TOTAL},
               {feature.daily_rate().since(), v1::KEEP_FIRST_TIME}},
              false};
    default:
      return WindowedShape(feature);
  }
}

}  // namespace tenuto
