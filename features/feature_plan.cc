#include "features/feature_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/log.h"
#include "features/column_groups.h"
#include "features/event_view.h"
#include "features/feature_reads.h"
#include "features/state_reader.h"
#include "features/state_windows.h"
#include "features/window_plan.h"

namespace tenuto {
namespace {

std::size_t Index(int n) { return static_cast<std::size_t>(n); }

Decay DecayOf(const Catalogue& catalogue, const v1::DecayedSum& read) {
  return {catalogue.FindSignal(read.signal())->slot, read.half_life_days(),
          read.count_days()};
}

// A state comes from memory line by line, each asked for when the line before
// it was read; asked for at once they come while the reader is made ready.
void Prefetch(absl::string_view state) {
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < state.size(); at += kLine) {
    __builtin_prefetch(state.data() + at);
  }
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

  int width() const { return static_cast<int>(features_.size()); }
  const Catalogue& catalogue() const { return *catalogue_; }
  int feature_index(int column) const { return features_[Index(column)]; }
  bool ReadsAnyOf(const PendingSignals& pending) const;

 private:
  static WindowPlan PlanWindows(const Catalogue& catalogue,
                                const StateLayout& layout,
                                const std::vector<int>& features);
  Column CompileColumn(const Feature& source);
  void Fill(const StateWindows& windows, const ReadTime& when,
            absl::Span<float> row) const;
  void CompileParameters(const v1::Feature& declaration, Column& column);
  std::vector<std::int64_t> NumbersOf(const v1::LastValueIs& read) const;
  bool Reads(std::size_t column, const PendingSignals& pending) const;
  void HidePending(const PendingSignals& pending, absl::Span<float> row) const;

  const Catalogue* catalogue_;
  StateLayout layout_;
  WindowPlan plan_;
  const Signal* plan_signal_;  // Null in a catalogue without one.
  std::vector<int> features_;  // Of each column, in the catalogue.
  ColumnGroups columns_;
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
    columns_.Add(CompileColumn(catalogue.features()[Index(feature)]));
  }
  columns_.Group();
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

Column FeaturePlan::Program::CompileColumn(const Feature& source) {
  const v1::Feature& declaration = source.declaration;
  Column column;
  column.read = static_cast<std::uint8_t>(declaration.read_case());
  if (source.window_days != 0) {
    column.days = static_cast<std::int16_t>(source.window_days);
    column.days_max = column.days;
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
    column.list = columns_.AddList(std::move(slots));
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
    column.baseline_days = days;
    column.days_max = std::max(column.days_max, days);
  } else if (declaration.has_decayed_sum()) {
    column.decay = static_cast<std::int16_t>(
        plan_.IndexOfDecay(DecayOf(*catalogue_, declaration.decayed_sum())));
  } else if (declaration.has_last_value_is()) {
    column.list = columns_.AddList(NumbersOf(declaration.last_value_is()));
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
  TENUTO_CHECK(row.size() == features_.size(), "a row of the wrong width");
  Prefetch(state);
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
  TENUTO_CHECK(row.size() == features_.size(), "a row of the wrong width");
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
  columns_.Fill({windows, as_of_us, history_days, withheld, row});
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
