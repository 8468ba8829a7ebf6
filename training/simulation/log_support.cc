#include "training/simulation/log_support.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tenuto {
namespace {

constexpr const char* kAccessNames[] = {"no", "reduced", "full"};

// "29", or "29 to 60": first and last.
std::string RangeOf(const std::bitset<kUnpaidDays + 1>& days) {
  int first = 0, last = 0;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    if (!days[static_cast<std::size_t>(day)]) continue;
    if (first == 0) first = day;
    last = day;
  }
  return first == last ? absl::StrCat("day ", first)
                       : absl::StrCat("days ", first, " to ", last);
}

// "7 to 14 days", "15 or more days": gaps are classes of days.
std::string DaysBetween(int first_gap, int last_gap) {
  const int first = HazardTable::GapOf(first_gap);
  if (last_gap + 1 == HazardTable::kGaps) {
    return absl::StrCat(first, " or more days");
  }
  const int last = HazardTable::GapOf(last_gap + 1) - 1;
  if (first < last) return absl::StrCat(first, " to ", last, " days");
  return absl::StrCat(first, first == 1 ? " day" : " days");
}

// "retry 1 after 10 or more days, retry 2 after 7 to 9 days".
std::string AttemptsText(const AttemptCells& cells) {
  std::vector<std::string> retries;
  for (int count = 0; count < HazardTable::kCounts; ++count) {
    const auto has = [&](int gap) {
      return gap < HazardTable::kGaps &&
             cells[static_cast<std::size_t>(count * HazardTable::kGaps + gap)];
    };
    std::vector<std::string> after;
    for (int gap = 0; gap < HazardTable::kGaps; ++gap) {
      if (!has(gap)) continue;
      const int first = gap;
      while (has(gap + 1)) ++gap;
      after.push_back(DaysBetween(first, gap));
    }
    if (after.empty()) continue;
    retries.push_back(
        absl::StrCat("retry ", count + 1,
                     count + 1 < HazardTable::kCounts ? "" : " and later",
                     " after ", absl::StrJoin(after, " or ")));
  }
  return absl::StrJoin(retries, ", ");
}

std::string Percent(double part, double whole) {
  return absl::StrFormat("%.0f %%", 100 * part / whole);
}

// How much more it takes where the rarest of its kind was seen so often.
std::string Needed(int rarest) {
  const std::string needed =
      absl::StrCat(kSeenMin, " of each kind are needed, and of ");
  if (rarest == 0) {
    return absl::StrCat(needed,
                        "some there is none: somebody has to try them first");
  }
  const int times = (kSeenMin + rarest - 1) / rarest;
  return absl::StrCat(needed, "the rarest there are ", rarest, ": about ",
                      times, " times as many failed payments would do");
}

}  // namespace

void PolicyUse::Add(const PolicyUse& more) {
  open_days += more.open_days;
  unseen_days += more.unseen_days;
  attempts += more.attempts;
  unseen_attempts += more.unseen_attempts;
  for (std::size_t k = 0; k < days.size(); ++k) days[k] |= more.days[k];
  cells |= more.cells;
  messaged |= more.messaged;
}

LogSupport LogSupport::Read(absl::Span<const GraceFailure> failures) {
  LogSupport support;
  for (const GraceFailure& failure : failures) {
    for (std::size_t k = 0; k < failure.spell.days.size(); ++k) {
      const UnpaidDay& day = failure.spell.days[k];
      const auto access = static_cast<std::size_t>(day.access);
      ++support.days_[access][k + 1];
      ++support.messaged_[access][day.messaged ? 1 : 0];
      if (day.attempted) {
        ++support
              .attempts_[CellOf(day.attempts_before, day.days_since_attempt)];
      }
    }
  }
  return support;
}

int LogSupport::SeenAttempts(std::size_t cell) const {
  constexpr auto kGaps = static_cast<std::size_t>(HazardTable::kGaps);
  const auto first =
      attempts_.begin() + static_cast<std::ptrdiff_t>(cell / kGaps * kGaps);
  const auto at = attempts_.begin() + static_cast<std::ptrdiff_t>(cell);
  return std::min(*std::max_element(first, at + 1),
                  *std::max_element(at, first + HazardTable::kGaps));
}

void LogSupport::AddUse(const TrialActions& trial, const RecoveryCurve& curve,
                        PolicyUse& use) const {
  int attempts = 1, last_attempt_day = 0, last_message_day = -kMessageDays;
  for (int day = 1; day <= trial.last_day; ++day) {
    const auto at = static_cast<std::size_t>(day);
    const DayAction& action = trial.actions[at];
    const auto access = static_cast<std::size_t>(action.access);
    if (action.messages) last_message_day = day;
    const bool messaged = day - last_message_day < kMessageDays;
    const double open = curve[at - 1].open;
    use.open_days += open;
    if (days_[access][at] < kSeenMin) {
      use.unseen_days += open;
      use.days[access].set(at);
    } else if (messaged && messaged_[access][1] < kSeenMin) {
      use.unseen_days += open;
      use.messaged.set(access);
    }
    if (!action.attempts) continue;
    const std::size_t cell = CellOf(attempts, day - last_attempt_day);
    const double made = open - curve[at].by_user;
    use.attempts += made;
    if (SeenAttempts(cell) < kSeenMin) {
      use.unseen_attempts += made;
      use.cells.set(cell);
    }
    ++attempts;
    last_attempt_day = day;
  }
}

std::string LogSupport::UnseenDays(const PolicyUse& use) const {
  std::vector<std::string> what;
  int rarest = kSeenMin;
  for (std::size_t access = 0; access < use.days.size(); ++access) {
    for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
      if (use.days[access][day]) rarest = std::min(rarest, days_[access][day]);
    }
    if (use.days[access].any()) {
      what.push_back(absl::StrCat(kAccessNames[access], " access on ",
                                  RangeOf(use.days[access])));
    }
    if (use.messaged[access]) {
      rarest = std::min(rarest, messaged_[access][1]);
      what.push_back(
          absl::StrCat(kAccessNames[access], " access after a message"));
    }
  }
  return absl::StrCat("the log has too few days of unpaid payments like ",
                      Percent(use.unseen_days, use.open_days),
                      " of the policy's, with ", absl::StrJoin(what, " or "),
                      "; ", Needed(rarest));
}

std::string LogSupport::UnseenAttempts(const PolicyUse& use) const {
  int rarest = kSeenMin;
  for (std::size_t cell = 0; cell < use.cells.size(); ++cell) {
    if (use.cells[cell]) rarest = std::min(rarest, SeenAttempts(cell));
  }
  return absl::StrCat("the log has too few attempts like ",
                      Percent(use.unseen_attempts, use.attempts),
                      " of the policy's, ", AttemptsText(use.cells), "; ",
                      Needed(rarest));
}

std::string LogSupport::ReasonAgainst(const PolicyUse& use) const {
  std::vector<std::string> parts;
  if (use.unseen_days > kUnseenShareMax * use.open_days) {
    parts.push_back(UnseenDays(use));
  }
  if (use.unseen_attempts > kUnseenShareMax * use.attempts) {
    parts.push_back(UnseenAttempts(use));
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace tenuto
