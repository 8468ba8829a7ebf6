#include "model/grace/worth_table.h"

#include <algorithm>

namespace tenuto {
namespace {

int CountSet(const DaySet& days, int first, int last) {
  int count = 0;
  for (int day = first; day <= last; ++day) {
    count += days[static_cast<std::size_t>(day)] ? 1 : 0;
  }
  return count;
}

}  // namespace

struct WorthTable::Day {
  int day;
  bool attempts_allowed;
  bool messages_allowed;
  int levels;  // That can have been reached.
  float recovery;
  float attempt_cost;
  float message_cost;
  float step_cost;
  // By access and whether a message works.
  std::array<std::array<float, 2>, 3> by_user;
  std::array<std::array<float, 2>, 3> stays;  // 1 - cancels.
  std::array<float, 3> access_cost;
  std::array<WorthRow, HazardTable::kCounts> by_retry;  // By count index.
};

struct WorthTable::Spot {
  Access access;
  int contact;
  int level;
  int gap;
};

WorthTable::WorthTable()
    : worth_(static_cast<std::size_t>(3 * (kUnpaidDays + 2) * kSheet)) {
  days_.reserve(kUnpaidDays);
}

WorthTable::~WorthTable() = default;

void WorthTable::Measure(const PlanQuestion& question, Counted counted) {
  question_ = &question;
  const PlanLimits& limits = question.limits;
  const UnpaidPast& past = question.past;
  first_ = past.day + 1;
  last_ = limits.last_day;
  full_max_ = limits.full_days_max();

  const int attempt_days = CountSet(limits.attempt_days, first_, last_);
  counts_attempts_ = counted.attempts &&
                     limits.attempts_max <= PlanLimits::kAttemptsMax &&
                     limits.attempts_max < attempt_days;
  if (attempt_days == 0) {
    levels_ = 1;
  } else if (counts_attempts_) {
    levels_ = limits.attempts_max + 1;
  } else {
    levels_ = HazardTable::kCounts - HazardTable::CountIndex(past.attempts);
  }

  const bool messages = limits.messages_max > 0 &&
                        CountSet(limits.message_days, first_, last_) > 0;
  counts_messages_ = counted.messages && messages &&
                     limits.messages_max <= PlanLimits::kMessagesMax;
  const int wait = std::clamp(kMessageDays - (first_ - past.last_message_day),
                              0, kWaits - 1);
  const int left = counts_messages_ ? limits.messages_max : 0;
  first_contact_ = kWaits * left + wait;
  // Contacts are numbered so that what is reached lies below what it is from.
  const bool returns = messages && !counts_messages_;
  contacts_ = returns ? kWaits : first_contact_ + 1;
  sheet_ = contacts_ * levels_;
}

int WorthTable::first_gap() const {
  return std::min(first_ - question_->past.last_attempt_day, WorthRow::kGapMax);
}

bool WorthTable::MayAttempt(int day, int level) const {
  return question_->limits.attempt_days[static_cast<std::size_t>(day)] &&
         (!counts_attempts_ || level + 1 < levels_);
}

bool WorthTable::MayMessage(int day, int contact) const {
  return contact % kWaits == 0 && question_->limits.messages_max > 0 &&
         (!counts_messages_ || contact >= kWaits) &&
         question_->limits.message_days[static_cast<std::size_t>(day)];
}

const WorthTable::Day& WorthTable::At(int day) const {
  return days_[static_cast<std::size_t>(day - first_)];
}

bool WorthTable::MayLeaveFull(int day) const {
  return day > full_max_ ||
         question_->limits.full_lengths[static_cast<std::size_t>(day - 1)];
}

WorthTable::Day WorthTable::DayOf(int day) const {
  const GraceStakes& stakes = question_->stakes;
  const HazardTable& hazards = question_->hazards;
  const auto at = static_cast<std::size_t>(day);
  const double gain = stakes.least_gain_minor;
  Day found;
  found.day = day;
  found.attempts_allowed = question_->limits.attempt_days[at];
  found.messages_allowed = question_->limits.message_days[at];
  found.levels = std::min(levels_, day - first_ + 1);
  found.recovery = static_cast<float>(stakes.recovery_minor[at]);
  found.attempt_cost = static_cast<float>(stakes.attempt_minor + gain);
  found.message_cost = static_cast<float>(stakes.message_minor +
                                          stakes.message_goodwill_minor + gain);
  found.step_cost = static_cast<float>(stakes.access_step_goodwill_minor);
  for (std::size_t a = 0; a < 3; ++a) {
    const auto access = static_cast<Access>(a);
    found.access_cost[a] = static_cast<float>(stakes.access_day(access) +
                                              static_cast<double>(a) * gain);
    for (const bool messaged : {false, true}) {
      found.by_user[a][messaged] = hazards.by_user(day, access, messaged);
      found.stays[a][messaged] = 1 - hazards.cancels(day, access, messaged);
    }
  }
  if (!found.attempts_allowed) return found;
  for (int count = 0; count < HazardTable::kCounts; ++count) {
    WorthRow& row = found.by_retry[static_cast<std::size_t>(count)];
    for (int lane = 0; lane < WorthRow::kLanes; ++lane) {
      row.lanes[lane] =
          hazards.by_retry(day, count, HazardTable::GapIndex(lane + 1));
    }
  }
  return found;
}

DayRows WorthTable::RowsOf(const Day& day, Access access) const {
  const auto a = static_cast<std::size_t>(access);
  DayRows rows;
  for (const auto said :
       {DayRows::kNothing, DayRows::kEarlier, DayRows::kNow}) {
    const bool messaged = said != DayRows::kNothing;
    const float pays = day.by_user[a][messaged];
    const float open = 1 - pays;
    DayRows::Terms& terms = rows.terms[said];
    terms.stays = open * day.stays[a][messaged];
    terms.paid =
        pays * day.recovery - (said == DayRows::kNow ? day.message_cost : 0);
    terms.idle = terms.paid - terms.stays * day.access_cost[a];
    terms.attempt_cost = open * day.attempt_cost;
    terms.recovery = open * day.recovery;
  }
  rows.contacts = contacts_;
  rows.levels = levels_;
  rows.levels_reached = day.levels;
  rows.levels_tried =
      !day.attempts_allowed ? 0 : levels_ - (counts_attempts_ ? 1 : 0);
  rows.messages = day.messages_allowed && question_->limits.messages_max > 0;
  rows.counts_messages = counts_messages_;
  for (int count = 0; count < HazardTable::kCounts; ++count) {
    rows.level_ends[static_cast<std::size_t>(count)] =
        count + 1 < HazardTable::kCounts
            ? std::max(0, count + 2 - question_->past.attempts)
            : kLevels;
  }
  rows.hits = day.by_retry.data();
  return rows;
}

void WorthTable::FillFull(const Day& day) {
  const int date = day.day;
  const DayRows rows = RowsOf(day, Access::kFull);
  WorthRow* const full = Sheet(date, Access::kFull);
  if (date <= full_max_) KeepRows(rows, Sheet(date + 1, Access::kFull), full);
  // Later than that nobody has it.
  if (MayLeaveFull(date) && date <= std::max(full_max_ + 1, first_)) {
    StepDownRows(rows, Sheet(date, Access::kReduced), day.step_cost,
                 date > full_max_, full);
  }
}

void WorthTable::Fill(const PlanQuestion& question, Counted counted) {
  Measure(question, counted);
  days_.clear();
  for (int date = first_; date <= last_; ++date) days_.push_back(DayOf(date));
  const Access top = question.past.access;
  std::fill_n(Sheet(last_ + 1, Access::kNone), 3 * sheet_, WorthRow{});
  for (int date = last_; date >= first_; --date) {
    const Day& day = At(date);
    WorthRow* const none = Sheet(date, Access::kNone);
    KeepRows(RowsOf(day, Access::kNone), Sheet(date + 1, Access::kNone), none);
    if (top == Access::kNone) continue;
    const DayRows rows = RowsOf(day, Access::kReduced);
    WorthRow* const reduced = Sheet(date, Access::kReduced);
    const bool reduces = question.limits.reduced_allowed;
    if (reduces) KeepRows(rows, Sheet(date + 1, Access::kReduced), reduced);
    StepDownRows(rows, none, day.step_cost, !reduces, reduced);
    if (top == Access::kFull) FillFull(day);
  }
}

void WorthTable::FillLengths(const PlanQuestion& question) {
  question_ = &question;
  full_max_ = question.limits.full_days_max();
  const int newest = std::max(full_max_ + 1, first_);
  for (int date = std::min(newest, last_); date >= first_; --date) {
    FillFull(At(date));
  }
}

double WorthTable::value() const {
  return Sheet(first_, question_->past.access)[RowOf(first_contact_, 0)]
      .lanes[first_gap() - 1];
}

bool WorthTable::MayGo(int day, Access from, Access to) const {
  if (to > from) return false;
  if (to == Access::kFull) return day <= full_max_;
  if (from == Access::kFull && !MayLeaveFull(day)) return false;
  return to == Access::kNone || question_->limits.reduced_allowed;
}

// The same sums as above, for one situation and one choice.
double WorthTable::Step(const Day& day, const Spot& spot,
                        const DayAction& action, Spot& after) const {
  const auto a = static_cast<std::size_t>(action.access);
  const int wait = spot.contact % kWaits;
  const bool messaged = action.messages || wait > 0;
  const int left =
      spot.contact / kWaits - (action.messages && counts_messages_ ? 1 : 0);
  after.access = action.access;
  after.contact =
      kWaits * left + (action.messages ? kWaits - 1 : std::max(0, wait - 1));
  after.level = action.attempts ? LevelAfter(spot.level) : spot.level;
  after.gap = action.attempts ? 1 : std::min(spot.gap + 1, WorthRow::kGapMax);
  const double later =
      Sheet(day.day + 1, after.access)[RowOf(after.contact, after.level)]
          .lanes[after.gap - 1];
  double value = day.stays[a][messaged] * (later - day.access_cost[a]);
  if (action.attempts) {
    const int count =
        HazardTable::CountIndex(question_->past.attempts + spot.level);
    const double hit =
        day.by_retry[static_cast<std::size_t>(count)].lanes[spot.gap - 1];
    value = hit * day.recovery + (1 - hit) * value - day.attempt_cost;
  }
  const double pays = day.by_user[a][messaged];
  value = pays * day.recovery + (1 - pays) * value;
  const int steps =
      static_cast<int>(spot.access) - static_cast<int>(action.access);
  return value - static_cast<double>(steps) * day.step_cost -
         (action.messages ? day.message_cost : 0);
}

DayAction WorthTable::BestStep(const Day& day, Spot& spot) const {
  DayAction best{Access::kNone, false, false};
  double best_value = 0;
  Spot best_after{};
  bool found = false;
  // The simplest first: of equals it stays.
  for (const Access access : {Access::kNone, Access::kReduced, Access::kFull}) {
    if (!MayGo(day.day, spot.access, access)) continue;
    for (const bool messages : {false, true}) {
      if (messages && !MayMessage(day.day, spot.contact)) continue;
      for (const bool attempts : {false, true}) {
        if (attempts && !MayAttempt(day.day, spot.level)) continue;
        const DayAction action{access, attempts, messages};
        Spot after;
        const double value = Step(day, spot, action, after);
        if (found && value <= best_value) continue;
        found = true;
        best_value = value;
        best = action;
        best_after = after;
      }
    }
  }
  spot = best_after;
  return best;
}

DayActions WorthTable::BestActions() const {
  DayActions actions;
  const UnpaidPast& past = question_->past;
  for (int date = 1; date <= kUnpaidDays; ++date) {
    actions[static_cast<std::size_t>(date)].access =
        date > past.day ? Access::kNone : past.access;
  }
  Spot spot{past.access, first_contact_, 0, first_gap()};
  for (int date = first_; date <= last_; ++date) {
    actions[static_cast<std::size_t>(date)] = BestStep(At(date), spot);
  }
  return actions;
}

}  // namespace tenuto
