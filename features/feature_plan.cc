#include "features/feature_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/event_view.h"
#include "features/feature_reads.h"
#include "features/state_reader.h"
#include "features/state_windows.h"
#include "features/window_plan.h"

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

Decay DecayOf(const Catalogue& catalogue, const v1::DecayedSum& read) {
  return {catalogue.FindSignal(read.signal())->slot, read.half_life_days(),
          read.count_days()};
}

constexpr int kConsentSlots = 8;  // Bits of a column's consents.

}  // namespace

// The columns with every name resolved to a number.
class FeaturePlan::Program {
 public:
  Program(const Catalogue& catalogue, std::vector<int> features);

  absl::Status Run(absl::string_view state, const ReadTime& when,
                   absl::Span<float> row, RowOwner* owner) const;
  void Run(const UserState& state, const ReadTime& when,
           absl::Span<float> row) const;

  int width() const { return static_cast<int>(columns_.size()); }
  const Catalogue& catalogue() const { return *catalogue_; }
  int feature_index(int column) const { return features_[Index(column)]; }
  bool ReadsAnyOf(const PendingSignals& pending) const;

 private:
  // What one column reads, resolved to numbers.
  struct Column {
    std::uint8_t read = v1::Feature::READ_NOT_SET;  // A ReadCase.
    bool since_first = false;
    std::uint8_t consents = 0;  // Bits of consent slots that must be granted.
    std::int16_t place = 0;     // In the row.
    std::int16_t slot = 0;
    std::int16_t slot2 = 0;
    std::int16_t window = -1;    // Index in the window plan.
    std::int16_t baseline = -1;  // The same, of a trend.
    std::int16_t days_max = 0;   // Longest window it looks at.
    std::int16_t decay = -1;     // Index in the window plan.
    std::int32_t list = -1;      // Index in lists_: slots or values.
    double prior = 0;
    double prior_weight = 0;
    double min = 0;
    double max = 0;
    double missing = kNaN;  // Its value if it has none.
  };
  // Columns of one read, side by side: a loop each instead of a jump a column.
  struct Group {
    std::uint8_t read;
    std::size_t first, end;
  };
  // What columns are read from.
  struct Source {
    const StateWindows& state;
    std::int64_t as_of_us;
    int history_days;
    unsigned withheld;  // Bits of consent slots.
    absl::Span<float> row;
  };
  static WindowPlan PlanWindows(const Catalogue& catalogue,
                                const StateLayout& layout,
                                const std::vector<int>& features);
  Column CompileColumn(const Feature& source);
  void Fill(const StateWindows& windows, const ReadTime& when,
            absl::Span<float> row) const;
  void CompileParameters(const v1::Feature& declaration, Column& column);
  std::vector<std::int64_t> NumbersOf(const v1::LastValueIs& read) const;
  void MakeGroups();
  // Fill a group's columns; the others those of last values and of windows.
  void FillGroup(const Group& group, const Source& source) const;
  void FillLatest(const Group& group, const Source& source) const;
  void FillWindows(const Group& group, const Source& source) const;
  template <typename Read>
  void FillEach(const Group& group, const Source& source, Read read) const;
  double Entropy(const Column& column, const StateWindows& state) const;
  bool Reads(std::size_t column, const PendingSignals& pending) const;
  void HidePending(const PendingSignals& pending, absl::Span<float> row) const;

  const Catalogue* catalogue_;
  StateLayout layout_;
  WindowPlan plan_;
  const Signal* plan_signal_;    // Null in a catalogue without one.
  std::vector<int> features_;    // Of each column, in the catalogue.
  std::vector<Column> columns_;  // By read.
  std::vector<Group> groups_;
  std::vector<std::vector<std::int64_t>> lists_;
  // Ids of what each column reads, consents included.
  std::vector<std::vector<std::uint32_t>> signals_;
};

FeaturePlan::Program::Program(const Catalogue& catalogue,
                              std::vector<int> features)
    : catalogue_(&catalogue),
      layout_(catalogue),
      plan_(PlanWindows(catalogue, layout_, features)),
      plan_signal_(catalogue.FindSignal(kPlanSignal)),
      features_(std::move(features)) {
  if (plan_signal_ != nullptr &&
      plan_signal_->declaration.keep() != v1::KEEP_LAST_VALUE) {
    plan_signal_ = nullptr;
  }
  for (const int feature : features_) {
    columns_.push_back(CompileColumn(catalogue.features()[Index(feature)]));
    columns_.back().place = static_cast<std::int16_t>(columns_.size() - 1);
  }
  MakeGroups();
}

void FeaturePlan::Program::MakeGroups() {
  std::stable_sort(
      columns_.begin(), columns_.end(),
      [](const Column& a, const Column& b) { return a.read < b.read; });
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    if (groups_.empty() || groups_.back().read != columns_[k].read) {
      groups_.push_back({columns_[k].read, k, k});
    }
    groups_.back().end = k + 1;
  }
}

WindowPlan FeaturePlan::Program::PlanWindows(const Catalogue& catalogue,
                                             const StateLayout& layout,
                                             const std::vector<int>& features) {
  std::vector<int> windows;
  std::vector<Decay> decays;
  for (const int k : features) {
    const Feature& feature = catalogue.features()[Index(k)];
    const v1::Feature& declaration = feature.declaration;
    if (feature.window_days != 0) {
      windows.push_back(static_cast<int>(feature.window_days));
    }
    if (declaration.has_window_trend()) {
      windows.push_back(
          static_cast<int>(declaration.window_trend().baseline_days()));
    }
    if (declaration.has_decayed_sum()) {
      decays.push_back(DecayOf(catalogue, declaration.decayed_sum()));
    }
  }
  return WindowPlan(layout.daily, std::move(windows), std::move(decays));
}

FeaturePlan::Program::Column FeaturePlan::Program::CompileColumn(
    const Feature& source) {
  const v1::Feature& declaration = source.declaration;
  Column column;
  column.read = static_cast<std::uint8_t>(declaration.read_case());
  if (source.window_days != 0) {
    column.days_max = static_cast<std::int16_t>(source.window_days);
    column.window =
        static_cast<std::int16_t>(plan_.IndexOfWindow(column.days_max));
  }
  column.min = declaration.min_value();
  column.max = declaration.max_value();
  if (declaration.missing() == v1::MISSING_ZERO) column.missing = 0;
  std::vector<std::int64_t> slots;
  std::vector<std::uint32_t>& read = signals_.emplace_back();
  for (const SignalUse& use : ShapeOf(declaration).uses) {
    const Signal& signal = *catalogue_->FindSignal(use.signal);
    slots.push_back(signal.slot);
    read.push_back(signal.declaration.id());
    column.since_first = signal.declaration.keep() == v1::KEEP_FIRST_TIME;
    const absl::string_view answer =
        ConsentSignal(signal.declaration.consent());
    if (answer.empty()) continue;
    const Signal& consent = *catalogue_->FindSignal(answer);
    read.push_back(consent.declaration.id());
    const int bit = consent.slot;
    TENUTO_CHECK(bit < kConsentSlots, "a consent signal of a high id");
    column.consents |= static_cast<std::uint8_t>(1 << bit);
  }
  column.slot = static_cast<std::int16_t>(slots.front());
  column.slot2 = static_cast<std::int16_t>(slots.back());
  if (declaration.has_entropy()) {
    column.list = static_cast<std::int32_t>(lists_.size());
    lists_.push_back(std::move(slots));
  }
  CompileParameters(declaration, column);
  return column;
}

void FeaturePlan::Program::CompileParameters(const v1::Feature& declaration,
                                             Column& column) {
  if (declaration.has_window_ratio()) {
    column.prior = declaration.window_ratio().prior();
    column.prior_weight = declaration.window_ratio().prior_weight();
  } else if (declaration.has_total_ratio()) {
    column.prior = declaration.total_ratio().prior();
    column.prior_weight = declaration.total_ratio().prior_weight();
  } else if (declaration.has_daily_rate()) {
    column.prior_weight = declaration.daily_rate().prior_days();
  } else if (declaration.has_window_trend()) {
    const auto days =
        static_cast<std::int16_t>(declaration.window_trend().baseline_days());
    column.baseline = static_cast<std::int16_t>(plan_.IndexOfWindow(days));
    column.days_max = std::max(column.days_max, days);
  } else if (declaration.has_decayed_sum()) {
    column.decay = static_cast<std::int16_t>(
        plan_.IndexOfDecay(DecayOf(*catalogue_, declaration.decayed_sum())));
  } else if (declaration.has_last_value_is()) {
    column.list = static_cast<std::int32_t>(lists_.size());
    lists_.push_back(NumbersOf(declaration.last_value_is()));
  }
}

std::vector<std::int64_t> FeaturePlan::Program::NumbersOf(
    const v1::LastValueIs& read) const {
  const v1::Signal& signal = catalogue_->FindSignal(read.signal())->declaration;
  const std::string event =
      signal.event_size() > 0 ? signal.event(0) : "playback";
  std::vector<std::int64_t> numbers;
  for (const std::string& text : read.equals()) {
    const auto number = FindNumber(event, signal.measure(), text);
    TENUTO_CHECK(number.ok(), number.status().ToString());
    numbers.push_back(*number);
  }
  return numbers;
}

absl::Status FeaturePlan::Program::Run(absl::string_view state,
                                       const ReadTime& when,
                                       absl::Span<float> row,
                                       RowOwner* owner) const {
  TENUTO_CHECK(row.size() == columns_.size(), "a row of the wrong width");
  StateWindows windows(layout_, plan_, absl::ToUnixMicros(when.as_of));
  if (!windows.Read(state)) {
    return absl::DataLossError("a user state does not decode");
  }
  if (owner != nullptr) {
    TENUTO_CHECK(plan_signal_ != nullptr, "a catalogue without a plan");
    const Latest& plan = windows.latest(plan_signal_->slot);
    *owner = {!state.empty(), static_cast<v1::Plan>(plan.value)};
  }
  Fill(windows, when, row);
  return absl::OkStatus();
}

void FeaturePlan::Program::Run(const UserState& state, const ReadTime& when,
                               absl::Span<float> row) const {
  TENUTO_CHECK(row.size() == columns_.size(), "a row of the wrong width");
  StateWindows windows(layout_, plan_, absl::ToUnixMicros(when.as_of));
  windows.Read(state);
  Fill(windows, when, row);
}

void FeaturePlan::Program::Fill(const StateWindows& windows,
                                const ReadTime& when,
                                absl::Span<float> row) const {
  const std::int64_t as_of_us = absl::ToUnixMicros(when.as_of);
  const int history_day = DayOf(absl::ToUnixMicros(when.history_start));
  const int history_days = DayOf(as_of_us) - history_day;
  unsigned withheld = 0;
  for (int s = 0; s < std::min(layout_.last_values, kConsentSlots); ++s) {
    withheld |= (windows.latest(s).value != v1::CONSENT_GRANTED) ? 1u << s : 0u;
  }
  const Source source{windows, as_of_us, history_days, withheld, row};
  for (const Group& group : groups_) FillGroup(group, source);
  if (when.pending != nullptr) HidePending(*when.pending, row);
}

void FeaturePlan::Program::HidePending(const PendingSignals& pending,
                                       absl::Span<float> row) const {
  for (std::size_t k = 0; k < signals_.size(); ++k) {
    if (Reads(k, pending)) row[k] = std::numeric_limits<float>::quiet_NaN();
  }
}

bool FeaturePlan::Program::Reads(std::size_t column,
                                 const PendingSignals& pending) const {
  const std::vector<std::uint32_t>& read = signals_[column];
  return std::any_of(read.begin(), read.end(),
                     [&](std::uint32_t id) { return pending.Has(id); });
}

bool FeaturePlan::Program::ReadsAnyOf(const PendingSignals& pending) const {
  for (std::size_t k = 0; k < signals_.size(); ++k) {
    if (Reads(k, pending)) return true;
  }
  return false;
}

template <typename Read>
void FeaturePlan::Program::FillEach(const Group& group, const Source& source,
                                    Read read) const {
  for (std::size_t k = group.first; k < group.end; ++k) {
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

void FeaturePlan::Program::FillGroup(const Group& group,
                                     const Source& source) const {
  const StateWindows& state = source.state;
  const std::int64_t as_of_us = source.as_of_us;
  switch (group.read) {
    case v1::Feature::kStreak:
      return FillEach(group, source, [&](const Column& column) -> double {
        return state.Streak(column.slot);
      });
    case v1::Feature::kDecayedSum:
      return FillEach(group, source, [&](const Column& column) {
        return state.DecayedSum(column.decay);
      });
    case v1::Feature::kTimeSince:
      return FillEach(group, source, [&](const Column& column) {
        const std::int64_t time = column.since_first
                                      ? state.first_time(column.slot)
                                      : state.last_time(column.slot);
        return time == kNever ? kNaN : DaysBetween(time, as_of_us);
      });
    case v1::Feature::kTimeUntil:
    case v1::Feature::kLastValue:
    case v1::Feature::kLastValueIs:
      return FillLatest(group, source);
    case v1::Feature::kTotal:
      return FillEach(group, source, [&](const Column& column) {
        return static_cast<double>(state.total(column.slot));
      });
    case v1::Feature::kTotalRatio:
      return FillEach(group, source, [&](const Column& column) {
        return Divide(static_cast<double>(state.total(column.slot)),
                      static_cast<double>(state.total(column.slot2)),
                      column.prior, column.prior_weight);
      });
    case v1::Feature::kDailyRate:
      return FillEach(group, source, [&](const Column& column) {
        const std::int64_t since = state.first_time(column.slot2);
        const double days = std::max(0.0, DaysBetween(since, as_of_us));
        const double rate =
            Divide(static_cast<double>(state.total(column.slot)), days, 0,
                   column.prior_weight);
        return since == kNever ? kNaN : rate;
      });
    default:
      return FillWindows(group, source);
  }
}

void FeaturePlan::Program::FillLatest(const Group& group,
                                      const Source& source) const {
  FillEach(group, source, [&](const Column& column) {
    const Latest& latest = source.state.latest(column.slot);
    if (latest.time_us == kNever) return kNaN;
    const auto number = static_cast<double>(latest.value);
    if (group.read == v1::Feature::kLastValue) return number;
    if (group.read == v1::Feature::kTimeUntil) {
      return number / 86'400.0 - static_cast<double>(source.as_of_us) / kDay;
    }
    const auto& equals = lists_[Index(column.list)];
    const bool is_one =
        std::find(equals.begin(), equals.end(), latest.value) != equals.end();
    return is_one ? 1.0 : 0.0;
  });
}

void FeaturePlan::Program::FillWindows(const Group& group,
                                       const Source& source) const {
  const StateWindows& state = source.state;
  const auto fill = [&](auto read) {
    FillEach(group, source, [&](const Column& column) -> double {
      return read(column, column.window, column.slot);
    });
  };
  switch (group.read) {
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
        const int baseline = column.baseline;
        return Divide(
            state.Sum(w, slot) / plan_.windows()[Index(w)],
            state.Sum(baseline, slot) / plan_.windows()[Index(baseline)], 0, 0);
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

double FeaturePlan::Program::Entropy(const Column& column,
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
                                   const ReadTime& when, absl::Span<float> row,
                                   RowOwner* owner) const {
  return program_->Run(state, when, row, owner);
}

void FeaturePlan::Assemble(const UserState& state, const ReadTime& when,
                           absl::Span<float> row) const {
  program_->Run(state, when, row);
}

bool FeaturePlan::ReadsAnyOf(const PendingSignals& pending) const {
  return program_->ReadsAnyOf(pending);
}

}  // namespace tenuto
