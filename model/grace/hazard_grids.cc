#include "model/grace/hazard_grids.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace tenuto {
namespace {

constexpr int kAccesses = 3;
constexpr int kLaterCounts = HazardTable::kCounts - 1;
constexpr int kLaterPlaces = kLaterCounts * HazardTable::kGaps;
static_assert(kLaterPlaces <= GridForest::kPlacesMax);
static_assert(kUnpaidDays <= GridForest::kLinesMax);

// The last columns of a row are those of the day, then those of the choice.
std::vector<int> DayColumnsOf(const Forest& forest) {
  std::vector<int> columns;
  for (int k = 0; k < kDayColumns; ++k) {
    columns.push_back(forest.columns - kChoiceColumns - kDayColumns + k);
  }
  return columns;
}
std::vector<int> ChoiceColumnsOf(const Forest& forest) {
  std::vector<int> columns;
  for (int k = 0; k < kChoiceColumns; ++k) {
    columns.push_back(forest.columns - kChoiceColumns + k);
  }
  return columns;
}
// Where the only attempt before was that of day 0, the choice is the day's.
std::vector<int> DayAndChoiceColumnsOf(const Forest& forest) {
  std::vector<int> columns = DayColumnsOf(forest);
  const std::vector<int> choice = ChoiceColumnsOf(forest);
  columns.insert(columns.end(), choice.begin(), choice.end());
  return columns;
}

void Add(const DayChoice& choice, std::vector<float>& values) {
  values.resize(values.size() + kChoiceColumns);
  WriteChoice(choice, absl::MakeSpan(values).last(kChoiceColumns));
}

const std::vector<float>& AccessChoices() {
  static const auto* const choices = [] {
    auto* values = new std::vector<float>;
    for (int access = 0; access < kAccesses; ++access) {
      for (const bool messaged : {false, true}) {
        Add(DayChoice::OfAccess(static_cast<Access>(access), messaged),
            *values);
      }
    }
    return values;
  }();
  return *choices;
}

std::vector<float> MakeLaterAttempts(float payday_since) {
  std::vector<float> values;
  for (int count = 1; count < HazardTable::kCounts; ++count) {
    for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
      Add(DayChoice::OfCell(count, gap, payday_since), values);
    }
  }
  return values;
}

// Whether a payday came since depends on day and gap together, on line and
// place: both answers are asked for, and each cell takes its own.
const std::vector<float>& LaterAttempts(float payday_since) {
  static const auto* const choices = new std::array<std::vector<float>, 3>{
      MakeLaterAttempts(0), MakeLaterAttempts(1),
      MakeLaterAttempts(std::numeric_limits<float>::quiet_NaN())};
  if (std::isnan(payday_since)) return (*choices)[2];
  return (*choices)[payday_since > 0 ? 1 : 0];
}

// Of a thread, and only ever larger: a call allocates nothing.
struct Workplace {
  std::vector<float> row;
  std::vector<float> days;
  std::vector<float> first_attempts;
  std::array<float, kUnpaidDays * GridForest::kPlacesMax> paid;
};

// `margins` of no payday since the newest attempt; those of `paid` where there
// was one. The last column of a line is day_since_payday.
void TakePaid(absl::Span<const float> days, absl::Span<const float> paid,
              absl::Span<float> margins) {
  for (std::size_t line = 0; line * kDayColumns < days.size(); ++line) {
    const float since = days[(line + 1) * kDayColumns - 1];
    for (int place = 0; place < kLaterPlaces; ++place) {
      if (DayChoice::PaydaySince(since, place % HazardTable::kGaps) == 0) {
        continue;
      }
      const std::size_t cell =
          line * GridForest::kPlacesMax + static_cast<std::size_t>(place);
      margins[cell] = paid[cell];
    }
  }
}

}  // namespace

float HazardMargins::by_retry(int day, int count_index, int gap_index) const {
  if (count_index == 0) return first_retry_[Line(day)];
  // The newest of several attempts was on day 1 or later.
  const int last = HazardTable::GapIndex(std::max(1, day - 1));
  return later_retry_[Line(day) + static_cast<std::size_t>(
                                      HazardTable::kGaps * (count_index - 1) +
                                      std::min(gap_index, last))];
}

HazardGrids::HazardGrids(const std::array<Forest, 3>& forests)
    : by_user_(forests[0], DayColumnsOf(forests[0]),
               ChoiceColumnsOf(forests[0])),
      cancels_(forests[2], DayColumnsOf(forests[2]),
               ChoiceColumnsOf(forests[2])),
      first_retry_(forests[1], DayAndChoiceColumnsOf(forests[1]), {}),
      later_retry_(forests[1], DayColumnsOf(forests[1]),
                   ChoiceColumnsOf(forests[1])) {}

std::vector<const GridForest*> HazardGrids::GridsOf(std::size_t index) const {
  if (index == 0) return {&by_user_};
  if (index == 2) return {&cancels_};
  return {&first_retry_, &later_retry_};
}

void HazardGrids::Ask(absl::Span<const float> row, const FailedPayment& payment,
                      int last_day, bool retries,
                      HazardMargins& margins) const {
  thread_local Workplace work;
  work.row.assign(row.begin(), row.end());
  work.row.resize(row.size() + kFailureColumns);
  const int first = payment.decided_day + 1;
  WriteFailureColumns(payment, first, DayChoice::OfAccess(Access::kNone, false),
                      absl::MakeSpan(work.row).last(kFailureColumns));
  work.days.clear();
  work.first_attempts.clear();
  for (int day = first; day <= last_day; ++day) {
    work.days.resize(work.days.size() + kDayColumns);
    WriteDay(payment, day, absl::MakeSpan(work.days).last(kDayColumns));
    work.first_attempts.insert(work.first_attempts.end(),
                               work.days.end() - kDayColumns, work.days.end());
    Add(DayChoice::OfAttempt(payment, day, 1, day), work.first_attempts);
  }
  const int count = std::max(0, last_day - first + 1);
  margins.first_day = first;
  margins.last_day = last_day;
  const auto ask = [&](const GridForest& forest,
                       const std::vector<float>& lines,
                       const std::vector<float>& places, int place_count,
                       std::array<float, HazardMargins::kSize>& into) {
    forest.Predict({work.row, lines, places, count, place_count},
                   absl::MakeSpan(into).first(static_cast<std::size_t>(
                       count * GridForest::kPlacesMax)));
  };
  const std::vector<float>& access = AccessChoices();
  ask(by_user_, work.days, access, 2 * kAccesses, margins.by_user_);
  ask(cancels_, work.days, access, 2 * kAccesses, margins.cancels_);
  if (!retries) return;
  ask(first_retry_, work.first_attempts, {}, 1, margins.first_retry_);
  if (!payment.payday.is_known()) {
    const float unknown = std::numeric_limits<float>::quiet_NaN();
    ask(later_retry_, work.days, LaterAttempts(unknown), kLaterPlaces,
        margins.later_retry_);
    return;
  }
  ask(later_retry_, work.days, LaterAttempts(0), kLaterPlaces,
      margins.later_retry_);
  ask(later_retry_, work.days, LaterAttempts(1), kLaterPlaces, work.paid);
  TakePaid(work.days, work.paid, absl::MakeSpan(margins.later_retry_));
}

}  // namespace tenuto
