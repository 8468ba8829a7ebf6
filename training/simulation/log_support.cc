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

std::string CellText(std::size_t cell) {
  const auto count = static_cast<int>(cell) / HazardTable::kGaps;
  const auto gap = static_cast<int>(cell) % HazardTable::kGaps;
  return absl::StrCat(
      count + 1 < HazardTable::kCounts ? absl::StrCat(count + 1)
                                       : absl::StrCat(count + 1, " or more"),
      " before and ", HazardTable::GapOf(gap), " days after the last");
}

}  // namespace

void PolicyUse::Add(const PolicyUse& more) {
  open_days += more.open_days;
  unseen_days += more.unseen_days;
  attempts += more.attempts;
  unseen_attempts += more.unseen_attempts;
  for (std::size_t k = 0; k < days.size(); ++k) days[k] |= more.days[k];
  cells |= more.cells;
  unseen_messages |= more.unseen_messages;
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

bool LogSupport::HasSeenAttempt(std::size_t cell) const {
  constexpr auto kGaps = static_cast<std::size_t>(HazardTable::kGaps);
  const auto seen = [](int attempts) { return attempts >= kSeenMin; };
  const auto first =
      attempts_.begin() + static_cast<std::ptrdiff_t>(cell / kGaps * kGaps);
  const auto at = attempts_.begin() + static_cast<std::ptrdiff_t>(cell);
  return std::any_of(first, at + 1, seen) &&
         std::any_of(at, first + HazardTable::kGaps, seen);
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
      use.unseen_messages = true;
    }
    if (!action.attempts) continue;
    const std::size_t cell = CellOf(attempts, day - last_attempt_day);
    const double made = open - curve[at].by_user;
    use.attempts += made;
    if (!HasSeenAttempt(cell)) {
      use.unseen_attempts += made;
      use.cells.set(cell);
    }
    ++attempts;
    last_attempt_day = day;
  }
}

std::string LogSupport::ReasonAgainst(const PolicyUse& use) const {
  std::vector<std::string> parts;
  if (use.unseen_days > kUnseenShareMax * use.open_days) {
    std::vector<std::string> what;
    for (std::size_t access = 0; access < use.days.size(); ++access) {
      if (use.days[access].none()) continue;
      what.push_back(absl::StrCat(kAccessNames[access], " access on ",
                                  RangeOf(use.days[access])));
    }
    if (use.unseen_messages) what.push_back("messages with such access");
    parts.push_back(absl::StrFormat(
        "the log saw fewer than %d open days with %s, which are %.0f %% of its "
        "open days",
        kSeenMin, absl::StrJoin(what, " and "),
        100 * use.unseen_days / use.open_days));
  }
  if (use.unseen_attempts > kUnseenShareMax * use.attempts) {
    std::vector<std::string> what;
    for (std::size_t cell = 0; cell < use.cells.size(); ++cell) {
      if (use.cells[cell]) what.push_back(CellText(cell));
    }
    parts.push_back(absl::StrFormat(
        "the log saw fewer than %d attempts with %s, which are %.0f %% of its "
        "attempts",
        kSeenMin, absl::StrJoin(what, ", or "),
        100 * use.unseen_attempts / use.attempts));
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace tenuto
