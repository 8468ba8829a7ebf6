#include "model/grace/hazard_grids.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "features/base/log.h"

namespace tenuto {
namespace {

constexpr int kAccesses = 3;
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

void AddLaterAttempts(float payday_since, std::vector<float>& values) {
  for (int count = 1; count < HazardTable::kCounts; ++count) {
    for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
      Add(DayChoice::OfCell(count, gap, payday_since), values);
    }
  }
}

// Whether a payday came since depends on day and gap together, on line and
// place: both answers are asked for, and each cell takes its own.
const std::vector<float>& LaterAttempts(bool payday_known) {
  static const auto* const choices = [] {
    auto* values = new std::array<std::vector<float>, 2>;
    AddLaterAttempts(std::numeric_limits<float>::quiet_NaN(), (*values)[0]);
    AddLaterAttempts(0, (*values)[1]);
    AddLaterAttempts(1, (*values)[1]);
    return values;
  }();
  return (*choices)[payday_known ? 1 : 0];
}

// Of a thread, and only ever larger: a call allocates nothing.
struct Workplace {
  std::vector<float> row;
  std::vector<float> days;
  std::vector<float> first_attempts;
};

}  // namespace

float HazardMargins::by_retry(int day, int count_index, int gap_index) const {
  TENUTO_CHECK(has_retries_, "attempts were not asked for");
  const auto line = static_cast<std::size_t>(day - first_day);
  if (count_index == 0) return first_retry_[Line<1>(day)];
  // The newest of several attempts was on day 1 or later.
  const int gap =
      std::min(gap_index, HazardTable::GapIndex(std::max(1, day - 1)));
  const bool paid = DayChoice::PaydaySince(days_since_payday_[line], gap) > 0;
  return later_retry_
      [line * static_cast<std::size_t>(GridForest::StrideOf(later_places_)) +
       static_cast<std::size_t>((paid ? kLaterPlaces : 0) +
                                HazardTable::kGaps * (count_index - 1) + gap)];
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
  const int count = std::max(0, last_day - first + 1);
  const auto days = static_cast<std::size_t>(count);
  work.days.resize(days * kDayColumns);
  WriteDays(payment, first, absl::MakeSpan(work.days));
  margins.first_day = first;
  margins.last_day = last_day;
  const auto ask = [&](const GridForest& forest,
                       const std::vector<float>& lines,
                       const std::vector<float>& places, int place_count,
                       absl::Span<float> into) {
    const int stride = GridForest::StrideOf(place_count);
    forest.Predict({work.row, lines, places, count, place_count},
                   into.first(days * static_cast<std::size_t>(stride)));
  };
  const std::vector<float>& access = AccessChoices();
  ask(by_user_, work.days, access, HazardMargins::kAccessPlaces,
      absl::MakeSpan(margins.by_user_));
  ask(cancels_, work.days, access, HazardMargins::kAccessPlaces,
      absl::MakeSpan(margins.cancels_));
  margins.has_retries_ = retries;
  if (!retries) return;
  work.first_attempts.clear();
  for (std::size_t line = 0; line < days; ++line) {
    const auto* const of_day = &work.days[line * kDayColumns];
    const float since = of_day[kDayColumns - 1];
    const int gap = HazardTable::GapIndex(first + static_cast<int>(line));
    margins.days_since_payday_[line] = since;
    work.first_attempts.insert(work.first_attempts.end(), of_day,
                               of_day + kDayColumns);
    Add(DayChoice::OfCell(0, gap, DayChoice::PaydaySince(since, gap)),
        work.first_attempts);
  }
  ask(first_retry_, work.first_attempts, {}, 1,
      absl::MakeSpan(margins.first_retry_));
  const bool payday_known = payment.payday.is_known();
  margins.later_places_ = (payday_known ? 2 : 1) * HazardMargins::kLaterPlaces;
  ask(later_retry_, work.days, LaterAttempts(payday_known),
      margins.later_places_, absl::MakeSpan(margins.later_retry_));
}

}  // namespace tenuto
