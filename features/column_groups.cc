#include "features/column_groups.h"

#include <algorithm>
#include <cmath>

namespace tenuto {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kDay = static_cast<double>(kDayUs);

std::size_t Index(int n) { return static_cast<std::size_t>(n); }

// Divides first: whether there is anything to divide by is unpredictable.
double Divide(double a, double b, double prior, double weight) {
  const double below = b + weight;
  const double quotient = (a + prior * weight) / below;
  return below > 0 ? quotient : kNaN;
}

// Exact for the times of this age; damaged times do not overflow.
double DaysBetween(std::int64_t from_us, std::int64_t to_us) {
  return (static_cast<double>(to_us) - static_cast<double>(from_us)) / kDay;
}

}  // namespace

void ColumnGroups::Group() {
  std::stable_sort(
      columns_.begin(), columns_.end(),
      [](const Column& a, const Column& b) { return a.read < b.read; });
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    if (runs_.empty() || runs_.back().read != columns_[k].read) {
      runs_.push_back({columns_[k].read, k, k});
    }
    runs_.back().end = k + 1;
  }
}

template <typename Read>
void ColumnGroups::FillEach(const Run& run, const RowSource& source,
                            Read read) const {
  for (std::size_t k = run.first; k < run.end; ++k) {
    const Column& column = columns_[k];
    double value = kNaN;
    if ((column.consents & source.withheld) == 0 &&
        column.days_max <= source.history_days) {
      value = read(column);
      value = std::isfinite(value) ? value : column.missing;
      // A NaN stays one: it is neither below nor above.
      value = value < column.min ? column.min : value;
      value = value > column.max ? column.max : value;
    }
    source.row[Index(column.place)] = static_cast<float>(value);
  }
}

void ColumnGroups::FillRun(const Run& run, const RowSource& source) const {
  const StateWindows& state = source.state;
  const std::int64_t as_of_us = source.as_of_us;
  switch (run.read) {
    case v1::Feature::kStreak:
      return FillEach(run, source, [&](const Column& column) -> double {
        return state.Streak(column.slot);
      });
    case v1::Feature::kDecayedSum:
      return FillEach(run, source, [&](const Column& column) {
        return state.DecayedSum(column.decay);
      });
    case v1::Feature::kTimeSince:
      return FillEach(run, source, [&](const Column& column) {
        const std::int64_t time = column.since_first
                                      ? state.first_time(column.slot)
                                      : state.last_time(column.slot);
        return time == kNever ? kNaN : DaysBetween(time, as_of_us);
      });
    case v1::Feature::kTimeUntil:
    case v1::Feature::kLastValue:
    case v1::Feature::kLastValueIs:
      return FillLatest(run, source);
    case v1::Feature::kTotal:
      return FillEach(run, source, [&](const Column& column) {
        return static_cast<double>(state.total(column.slot));
      });
    case v1::Feature::kTotalRatio:
      return FillEach(run, source, [&](const Column& column) {
        return Divide(static_cast<double>(state.total(column.slot)),
                      static_cast<double>(state.total(column.slot2)),
                      column.prior, column.prior_weight);
      });
    case v1::Feature::kDailyRate:
      return FillEach(run, source, [&](const Column& column) {
        const std::int64_t since = state.first_time(column.slot2);
        const double days = std::max(0.0, DaysBetween(since, as_of_us));
        const double rate =
            Divide(static_cast<double>(state.total(column.slot)), days, 0,
                   column.prior_weight);
        return since == kNever ? kNaN : rate;
      });
    default:
      return FillWindows(run, source);
  }
}

void ColumnGroups::FillLatest(const Run& run, const RowSource& source) const {
  FillEach(run, source, [&](const Column& column) {
    const Latest& latest = source.state.latest(column.slot);
    if (latest.time_us == kNever) return kNaN;
    const auto number = static_cast<double>(latest.value);
    if (run.read == v1::Feature::kLastValue) return number;
    if (run.read == v1::Feature::kTimeUntil) {
      return number / 86'400.0 - static_cast<double>(source.as_of_us) / kDay;
    }
    const auto& equals = lists_[Index(column.list)];
    const bool is_one =
        std::find(equals.begin(), equals.end(), latest.value) != equals.end();
    return is_one ? 1.0 : 0.0;
  });
}

void ColumnGroups::FillWindows(const Run& run, const RowSource& source) const {
  const StateWindows& state = source.state;
  const auto fill = [&](auto read) {
    FillEach(run, source, [&](const Column& column) -> double {
      return read(column, column.window, column.slot);
    });
  };
  switch (run.read) {
    case v1::Feature::kWindowSum:
      return fill(
          [&](const Column&, int w, int slot) { return state.Sum(w, slot); });
    case v1::Feature::kWindowRatio:
      return fill([&](const Column& column, int w, int slot) {
        return Divide(state.Sum(w, slot), state.Sum(w, column.slot2),
                      column.prior, column.prior_weight);
      });
    case v1::Feature::kWindowTrend:
      return fill([&](const Column& column, int w, int slot) {
        return Divide(state.Sum(w, slot) / column.days,
                      state.Sum(column.baseline, slot) / column.baseline_days,
                      0, 0);
      });
    case v1::Feature::kActiveDays:
      return fill([&](const Column&, int w, int slot) {
        return state.ActiveDays(w, slot);
      });
    case v1::Feature::kPerActiveDay:
      return fill([&](const Column&, int w, int slot) {
        return Divide(state.Sum(w, slot), state.ActiveDays(w, slot), 0, 0);
      });
    case v1::Feature::kLongestGap:
      return fill([&](const Column&, int w, int slot) {
        return state.LongestGap(w, slot);
      });
    case v1::Feature::kDistinct:
      return fill([&](const Column&, int w, int slot) {
        return state.Distinct(w, slot);
      });
    case v1::Feature::kDistinctShare:
      return fill([&](const Column& column, int w, int slot) {
        return Divide(state.Distinct(w, slot), state.Sum(w, column.slot2), 0,
                      0);
      });
    case v1::Feature::kWeekendShare:
      return fill([&](const Column&, int w, int slot) {
        return state.WeekendShare(w, slot);
      });
    case v1::Feature::kEntropy:
      return fill([&](const Column& column, int, int) {
        return Entropy(column, state);
      });
    default:
      return fill([&](const Column&, int, int) { return kNaN; });
  }
}

double ColumnGroups::Entropy(const Column& column,
                             const StateWindows& state) const {
  double all = 0;
  const auto& slots = lists_[Index(column.list)];
  for (const std::int64_t slot : slots) {
    all += state.Sum(column.window, static_cast<int>(slot));
  }
  if (all <= 0) return kNaN;
  double bits = 0;
  for (const std::int64_t slot : slots) {
    const double share = state.Sum(column.window, static_cast<int>(slot)) / all;
    if (share > 0) bits -= share * std::log2(share);
  }
  return bits;
}

}  // namespace tenuto
