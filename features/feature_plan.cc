#include "features/feature_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/event_view.h"
#include "features/feature_reads.h"
#include "features/state_windows.h"

namespace tenuto {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kDay = static_cast<double>(kDayUs);

std::size_t Index(int n) { return static_cast<std::size_t>(n); }

double Divide(double a, double b, double prior, double weight) {
  const double below = b + weight;
  return below > 0 ? (a + prior * weight) / below : kNaN;
}

// Exact for the times of this age; damaged times do not overflow.
double DaysBetween(std::int64_t from_us, std::int64_t to_us) {
  return (static_cast<double>(to_us) - static_cast<double>(from_us)) / kDay;
}

}  // namespace

// The columns with every name resolved to a number.
class FeaturePlan::Program {
 public:
  Program(const Catalogue& catalogue, std::vector<int> features);

  absl::Status Run(absl::string_view state, const ReadTime& when,
                   absl::Span<float> row) const;

  int width() const { return static_cast<int>(columns_.size()); }
  const Catalogue& catalogue() const { return *catalogue_; }
  int feature_index(int column) const {
    return columns_[Index(column)].feature;
  }

 private:
  struct Column {
    int feature = 0;
    v1::Feature::ReadCase read = v1::Feature::READ_NOT_SET;
    std::vector<int> slots;  // Of the signals, in the order of ShapeOf.
    int window = -1;         // Index in windows_.
    int baseline = -1;
    int days_max = 0;  // Longest window it looks at.
    double prior = 0;
    double prior_weight = 0;
    double half_life_days = 0;
    bool count_days = false;
    std::vector<double> powers;
    bool since_first = false;
    std::vector<std::int64_t> equals;
    std::vector<int> consent_slots;  // All must be granted.
    double min = 0;
    double max = 0;
    bool zero_when_missing = false;
  };
  int WindowIndex(std::uint32_t days) const;
  Column CompileColumn(int feature) const;
  void CompileParameters(const v1::Feature& declaration, Column& column) const;
  void CollectWindows(const std::vector<int>& features);
  double Value(const Column& column, const StateWindows& state,
               std::int64_t as_of_us) const;
  double WindowedValue(const Column& column, const StateWindows& state) const;
  double Entropy(const Column& column, const StateWindows& state) const;

  const Catalogue* catalogue_;
  StateLayout layout_;
  std::vector<int> windows_;
  std::vector<Column> columns_;
};

FeaturePlan::Program::Program(const Catalogue& catalogue,
                              std::vector<int> features)
    : catalogue_(&catalogue), layout_(catalogue) {
  CollectWindows(features);
  for (const int feature : features) columns_.push_back(CompileColumn(feature));
}

void FeaturePlan::Program::CollectWindows(const std::vector<int>& features) {
  std::set<int> windows;
  for (const int k : features) {
    const Feature& feature = catalogue_->features()[Index(k)];
    if (feature.window_days != 0) {
      windows.insert(static_cast<int>(feature.window_days));
    }
    if (feature.declaration.has_window_trend()) {
      windows.insert(
          static_cast<int>(feature.declaration.window_trend().baseline_days()));
    }
  }
  windows_.assign(windows.begin(), windows.end());
}

int FeaturePlan::Program::WindowIndex(std::uint32_t days) const {
  if (days == 0) return -1;
  return static_cast<int>(std::lower_bound(windows_.begin(), windows_.end(),
                                           static_cast<int>(days)) -
                          windows_.begin());
}

FeaturePlan::Program::Column FeaturePlan::Program::CompileColumn(
    int feature) const {
  const Feature& source = catalogue_->features()[Index(feature)];
  const v1::Feature& declaration = source.declaration;
  Column column;
  column.feature = feature;
  column.read = declaration.read_case();
  column.window = WindowIndex(source.window_days);
  column.days_max = static_cast<int>(source.window_days);
  column.min = declaration.min_value();
  column.max = declaration.max_value();
  column.zero_when_missing = declaration.missing() == v1::MISSING_ZERO;
  for (const SignalUse& use : ShapeOf(declaration).uses) {
    const Signal& signal = *catalogue_->FindSignal(use.signal);
    column.slots.push_back(signal.slot);
    column.since_first = signal.declaration.keep() == v1::KEEP_FIRST_TIME;
    const absl::string_view answer =
        ConsentSignal(signal.declaration.consent());
    if (answer.empty()) continue;
    column.consent_slots.push_back(catalogue_->FindSignal(answer)->slot);
  }
  CompileParameters(declaration, column);
  return column;
}

void FeaturePlan::Program::CompileParameters(const v1::Feature& declaration,
                                             Column& column) const {
  if (declaration.has_window_ratio()) {
    column.prior = declaration.window_ratio().prior();
    column.prior_weight = declaration.window_ratio().prior_weight();
  } else if (declaration.has_total_ratio()) {
    column.prior = declaration.total_ratio().prior();
    column.prior_weight = declaration.total_ratio().prior_weight();
  } else if (declaration.has_daily_rate()) {
    column.prior_weight = declaration.daily_rate().prior_days();
  } else if (declaration.has_window_trend()) {
    const std::uint32_t days = declaration.window_trend().baseline_days();
    column.baseline = WindowIndex(days);
    column.days_max = std::max(column.days_max, static_cast<int>(days));
  } else if (declaration.has_decayed_sum()) {
    column.half_life_days = declaration.decayed_sum().half_life_days();
    column.count_days = declaration.decayed_sum().count_days();
    for (int age = 0; age < kHistoryDays; ++age) {
      column.powers.push_back(std::exp2(-age / column.half_life_days));
    }
  } else if (declaration.has_last_value_is()) {
    const v1::Signal& signal =
        catalogue_->FindSignal(declaration.last_value_is().signal())
            ->declaration;
    const std::string event =
        signal.event_size() > 0 ? signal.event(0) : "playback";
    for (const std::string& text : declaration.last_value_is().equals()) {
      const auto number = FindNumber(event, signal.measure(), text);
      TENUTO_CHECK(number.ok(), number.status().ToString());
      column.equals.push_back(*number);
    }
  }
}

absl::Status FeaturePlan::Program::Run(absl::string_view state,
                                       const ReadTime& when,
                                       absl::Span<float> row) const {
  TENUTO_CHECK(row.size() == columns_.size(), "a row of the wrong width");
  const std::int64_t as_of_us = absl::ToUnixMicros(when.as_of);
  StateWindows windows(layout_, windows_, as_of_us);
  if (!windows.Read(state)) {
    return absl::DataLossError("a user state does not decode");
  }
  const int history_day = DayOf(absl::ToUnixMicros(when.history_start));
  const int history_days = DayOf(as_of_us) - history_day;
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    const Column& column = columns_[k];
    double value = kNaN;
    const bool granted = std::all_of(
        column.consent_slots.begin(), column.consent_slots.end(),
        [&](int s) { return windows.latest(s).value == v1::CONSENT_GRANTED; });
    if (granted && column.days_max <= history_days) {
      value = Value(column, windows, as_of_us);
      if (!std::isfinite(value)) value = column.zero_when_missing ? 0 : kNaN;
      value =
          std::isnan(value) ? value : std::clamp(value, column.min, column.max);
    }
    row[k] = static_cast<float>(value);
  }
  return absl::OkStatus();
}

double FeaturePlan::Program::Value(const Column& column,
                                   const StateWindows& state,
                                   std::int64_t as_of_us) const {
  const int slot = column.slots.front();
  switch (column.read) {
    case v1::Feature::kStreak:
      return state.Streak(slot);
    case v1::Feature::kDecayedSum:
      return state.DecayedSum(slot, column.powers, column.half_life_days,
                              column.count_days);
    case v1::Feature::kTimeSince: {
      const std::int64_t time =
          column.since_first ? state.first_time(slot) : state.last_time(slot);
      return time == kNever ? kNaN : DaysBetween(time, as_of_us);
    }
    case v1::Feature::kTimeUntil: {
      const Latest& latest = state.latest(slot);
      if (latest.time_us == kNever) return kNaN;
      return static_cast<double>(latest.value) / 86'400.0 -
             static_cast<double>(as_of_us) / kDay;
    }
    case v1::Feature::kLastValue: {
      const Latest& latest = state.latest(slot);
      return latest.time_us == kNever ? kNaN
                                      : static_cast<double>(latest.value);
    }
    case v1::Feature::kLastValueIs: {
      const Latest& latest = state.latest(slot);
      if (latest.time_us == kNever) return kNaN;
      return std::count(column.equals.begin(), column.equals.end(),
                        latest.value) > 0;
    }
    case v1::Feature::kTotal:
      return static_cast<double>(state.total(slot));
    case v1::Feature::kTotalRatio:
      return Divide(static_cast<double>(state.total(slot)),
                    static_cast<double>(state.total(column.slots[1])),
                    column.prior, column.prior_weight);
    case v1::Feature::kDailyRate: {
      const std::int64_t since = state.first_time(column.slots[1]);
      if (since == kNever) return kNaN;
      const double days = std::max(0.0, DaysBetween(since, as_of_us));
      return Divide(static_cast<double>(state.total(slot)), days, 0,
                    column.prior_weight);
    }
    default:
      return WindowedValue(column, state);
  }
}

double FeaturePlan::Program::WindowedValue(const Column& column,
                                           const StateWindows& state) const {
  const int slot = column.slots.front();
  const int w = column.window;
  switch (column.read) {
    case v1::Feature::kWindowSum:
      return state.Sum(w, slot);
    case v1::Feature::kWindowRatio:
      return Divide(state.Sum(w, slot), state.Sum(w, column.slots[1]),
                    column.prior, column.prior_weight);
    case v1::Feature::kWindowTrend: {
      const double recent = state.Sum(w, slot) / windows_[Index(w)];
      const double usual =
          state.Sum(column.baseline, slot) / windows_[Index(column.baseline)];
      return Divide(recent, usual, 0, 0);
    }
    case v1::Feature::kActiveDays:
      return state.ActiveDays(w, slot);
    case v1::Feature::kPerActiveDay:
      return Divide(state.Sum(w, slot), state.ActiveDays(w, slot), 0, 0);
    case v1::Feature::kLongestGap:
      return state.LongestGap(w, slot);
    case v1::Feature::kDistinct:
      return state.Distinct(w, slot);
    case v1::Feature::kDistinctShare:
      return Divide(state.Distinct(w, slot), state.Sum(w, column.slots[1]), 0,
                    0);
    case v1::Feature::kWeekendShare:
      return state.WeekendShare(w, slot);
    case v1::Feature::kEntropy:
      return Entropy(column, state);
    default:
      return kNaN;
  }
}

double FeaturePlan::Program::Entropy(const Column& column,
                                     const StateWindows& state) const {
  double all = 0;
  for (const int slot : column.slots) all += state.Sum(column.window, slot);
  if (all <= 0) return kNaN;
  double bits = 0;
  for (const int slot : column.slots) {
    const double share = state.Sum(column.window, slot) / all;
    if (share > 0) bits -= share * std::log2(share);
  }
  return bits;
}

absl::StatusOr<FeaturePlan> FeaturePlan::Compile(
    const Catalogue& catalogue, absl::Span<const std::string> columns) {
  std::vector<int> features;
  for (const std::string& name : columns) {
    const Feature* feature = catalogue.FindFeature(name);
    if (feature == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("feature \"", name, "\" is not in the catalogue"));
    }
    features.push_back(static_cast<int>(feature - catalogue.features().data()));
  }
  return FeaturePlan(std::make_unique<Program>(catalogue, std::move(features)));
}

FeaturePlan FeaturePlan::CompileAll(const Catalogue& catalogue) {
  std::vector<int> features(catalogue.features().size());
  for (std::size_t k = 0; k < features.size(); ++k) {
    features[k] = static_cast<int>(k);
  }
  return FeaturePlan(std::make_unique<Program>(catalogue, std::move(features)));
}

FeaturePlan::FeaturePlan(std::unique_ptr<const Program> program)
    : program_(std::move(program)) {}
FeaturePlan::FeaturePlan(FeaturePlan&&) noexcept = default;
FeaturePlan& FeaturePlan::operator=(FeaturePlan&&) noexcept = default;
FeaturePlan::~FeaturePlan() = default;

int FeaturePlan::width() const { return program_->width(); }
const Catalogue& FeaturePlan::catalogue() const {
  return program_->catalogue();
}
int FeaturePlan::feature_index(int column) const {
  return program_->feature_index(column);
}

absl::Status FeaturePlan::Assemble(absl::string_view state,
                                   const ReadTime& when,
                                   absl::Span<float> row) const {
  return program_->Run(state, when, row);
}

}  // namespace tenuto
