#include "model/grace/worth_table.h"

#include <algorithm>

namespace tenuto {
namespace {

// Enough for two days more than there are and a lane beyond the last.
constexpr std::size_t kPad = 16;

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
  // By count index; by lane.
  std::array<std::array<float, kLanes>, HazardTable::kCounts> by_retry;
};

struct WorthTable::Spot {
  Access access;
  int contact;
  int level;
  int gap;
};

WorthTable::WorthTable()
    : worth_(static_cast<std::size_t>(3 * (kUnpaidDays + 2) * kSheet) + kPad) {
  for (std::vector<float>& sheets : lengths_) {
    sheets.resize(static_cast<std::size_t>(kLengthsMax * kSheet) + kPad);
  }
}

void WorthTable::Measure(const PlanQuestion& question, bool counted) {
  question_ = &question;
  const PlanLimits& limits = question.limits;
  const UnpaidPast& past = question.past;
  first_ = past.day + 1;
  last_ = limits.last_day;
  full_max_ = limits.full_days_max();

  const int attempt_days = CountSet(limits.attempt_days, first_, last_);
  counts_attempts_ = counted &&
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
  counts_messages_ =
      counted && messages && limits.messages_max <= PlanLimits::kMessagesMax;
  const int wait = std::clamp(kMessageDays - (first_ - past.last_message_day),
                              0, kWaits - 1);
  const int left = counts_messages_ ? limits.messages_max : 0;
  first_contact_ = kWaits * left + wait;
  // Contacts are numbered so that what is reached lies below what it is from.
  const bool returns = messages && !counts_messages_;
  contacts_ = returns ? kWaits : first_contact_ + 1;
  sheet_ = contacts_ * levels_ * kLanes;
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
    for (int lane = 0; lane < kLanes; ++lane) {
      found.by_retry[static_cast<std::size_t>(count)]
                    [static_cast<std::size_t>(lane)] =
          hazards.by_retry(day, count, HazardTable::GapIndex(lane + 1));
    }
  }
  return found;
}

void WorthTable::KeepContact(const Day& day, Access access, bool messages,
                             int contact, const float* next, float* out) const {
  const auto a = static_cast<std::size_t>(access);
  // Where a message may be chosen, the sheet holds what none is worth already.
  const int left = contact / kWaits;
  const int wait = contact % kWaits;
  const bool messaged = messages || wait > 0;
  const int lefts_after = messages && counts_messages_ ? left - 1 : left;
  const int wait_after = messages ? kWaits - 1 : std::max(0, wait - 1);
  const int after = kWaits * lefts_after + wait_after;
  const float pays = day.by_user[a][messaged];
  const float open = 1 - pays;
  const float stays = open * day.stays[a][messaged];
  const float paid = pays * day.recovery - (messages ? day.message_cost : 0);
  const float idle = paid - stays * day.access_cost[a];
  for (int level = 0; level < day.levels; ++level) {
    const float* const from = next + RowOf(after, level) + 1;
    float* const to = out + RowOf(contact, level);
    float row[kLanes];
    for (int i = 0; i < kLanes; ++i) row[i] = stays * from[i] + idle;
    if (MayAttempt(day.day, level)) {
      const float fails = idle + stays * next[RowOf(after, LevelAfter(level))];
      const float base = fails - open * day.attempt_cost;
      const float gain = open * day.recovery + paid - fails;
      const float* const hits =
          day.by_retry[static_cast<std::size_t>(HazardTable::CountIndex(
                           question_->past.attempts + level))]
              .data();
      for (int i = 0; i < kLanes; ++i) {
        const float tried = base + hits[i] * gain;
        row[i] = row[i] > tried ? row[i] : tried;
      }
    }
    if (messages) {
      for (int i = 0; i < kLanes; ++i) {
        row[i] = row[i] > to[i] ? row[i] : to[i];
      }
    }
    for (int i = 0; i < kLanes; ++i) to[i] = row[i];
    to[kLanes - 1] = to[kLanes - 2];
  }
}

void WorthTable::KeepAccess(const Day& day, Access access, const float* next,
                            float* out) const {
  for (int contact = 0; contact < contacts_; ++contact) {
    KeepContact(day, access, false, contact, next, out);
    if (MayMessage(day.day, contact)) {
      KeepContact(day, access, true, contact, next, out);
    }
  }
}

void WorthTable::StepDown(const Day& day, const float* lower, bool alone,
                          float* out) const {
  for (int contact = 0; contact < contacts_; ++contact) {
    const int begin = RowOf(contact, 0);
    const int end = RowOf(contact, day.levels - 1) + kLanes;
    for (int i = begin; i < end; ++i) {
      const float stepped = lower[i] - day.step_cost;
      out[i] = alone || stepped > out[i] ? stepped : out[i];
    }
  }
}

void WorthTable::Fill(const PlanQuestion& question, bool counted,
                      absl::Span<const int> lengths) {
  Measure(question, counted);
  const int top = static_cast<int>(question.past.access);
  std::fill_n(Sheet(last_ + 1, Access::kNone), 3 * sheet_, 0.0f);
  const std::size_t start = static_cast<std::size_t>(
      RowOf(first_contact_, 0) +
      std::min(first_ - question.past.last_attempt_day, kGapMax) - 1);
  for (int date = last_; date >= first_; --date) {
    const Day day = DayOf(date);
    float* const none = Sheet(date, Access::kNone);
    KeepAccess(day, Access::kNone, Sheet(date + 1, Access::kNone), none);
    if (top == 0) continue;
    float* const reduced = Sheet(date, Access::kReduced);
    const bool reduces = question.limits.reduced_allowed;
    if (reduces) {
      KeepAccess(day, Access::kReduced, Sheet(date + 1, Access::kReduced),
                 reduced);
    }
    StepDown(day, none, !reduces, reduced);
    if (top == 1) continue;
    if (date <= full_max_) {
      KeepAccess(day, Access::kFull, Sheet(date + 1, Access::kFull),
                 Sheet(date, Access::kFull));
    }
    if (MayLeaveFull(date) && date <= std::max(full_max_ + 1, first_)) {
      StepDown(day, reduced, date > full_max_, Sheet(date, Access::kFull));
    }
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      const auto at = i * static_cast<std::size_t>(sheet_);
      float* const now = &lengths_[date % 2][at];
      if (date == lengths[i] + 1) {
        StepDown(day, reduced, true, now);
      } else if (date <= lengths[i]) {
        const float* const next = date == last_ ? Sheet(date + 1, Access::kFull)
                                                : &lengths_[(date + 1) % 2][at];
        KeepAccess(day, Access::kFull, next, now);
      }
      if (date == first_) length_values_[i] = now[start];
    }
  }
}

double WorthTable::value() const {
  const UnpaidPast& past = question_->past;
  const int lane = std::min(first_ - past.last_attempt_day, kGapMax) - 1;
  return Sheet(first_, past.access)[RowOf(first_contact_, 0) + lane];
}

// The same sums as above, for one situation and one choice.
double WorthTable::Step(const Spot& spot, int date, const DayAction& action,
                        Spot& after) const {
  const Day day = DayOf(date);
  const auto a = static_cast<std::size_t>(action.access);
  const int wait = spot.contact % kWaits;
  const bool messaged = action.messages || wait > 0;
  const int left =
      spot.contact / kWaits - (action.messages && counts_messages_ ? 1 : 0);
  after.access = action.access;
  after.contact =
      kWaits * left + (action.messages ? kWaits - 1 : std::max(0, wait - 1));
  after.level = action.attempts ? LevelAfter(spot.level) : spot.level;
  after.gap = action.attempts ? 1 : std::min(spot.gap + 1, kGapMax);
  const double later =
      Sheet(date + 1,
            after.access)[RowOf(after.contact, after.level) + after.gap - 1];
  double value = day.stays[a][messaged] * (later - day.access_cost[a]);
  if (action.attempts) {
    const int count =
        HazardTable::CountIndex(question_->past.attempts + spot.level);
    const double hit = day.by_retry[static_cast<std::size_t>(count)]
                                   [static_cast<std::size_t>(spot.gap - 1)];
    value = hit * day.recovery + (1 - hit) * value - day.attempt_cost;
  }
  const double pays = day.by_user[a][messaged];
  value = pays * day.recovery + (1 - pays) * value;
  const int steps =
      static_cast<int>(spot.access) - static_cast<int>(action.access);
  return value - static_cast<double>(steps) * day.step_cost -
         (action.messages ? day.message_cost : 0);
}

DayActions WorthTable::BestActions() const {
  DayActions actions;
  const UnpaidPast& past = question_->past;
  for (int date = 1; date <= kUnpaidDays; ++date) {
    actions[static_cast<std::size_t>(date)].access =
        date > past.day ? Access::kNone : past.access;
  }
  Spot spot{past.access, first_contact_, 0,
            std::min(first_ - past.last_attempt_day, kGapMax)};
  for (int date = first_; date <= last_; ++date) {
    double best = 0;
    DayAction chosen;
    Spot next{};
    bool found = false;
    for (int a = 0; a <= static_cast<int>(spot.access); ++a) {
      const auto access = static_cast<Access>(a);
      if (access == Access::kReduced && !question_->limits.reduced_allowed) {
        continue;
      }
      if (access == Access::kFull && date > full_max_) continue;
      if (spot.access == Access::kFull && access != Access::kFull &&
          !MayLeaveFull(date)) {
        continue;
      }
      // The simplest first: of equals it stays.
      for (const bool messages : {false, true}) {
        if (messages && !MayMessage(date, spot.contact)) continue;
        for (const bool attempts : {false, true}) {
          if (attempts && !MayAttempt(date, spot.level)) continue;
          const DayAction action{access, attempts, messages};
          Spot after;
          const double value = Step(spot, date, action, after);
          if (found && value <= best) continue;
          best = value;
          chosen = action;
          next = after;
          found = true;
        }
      }
    }
    actions[static_cast<std::size_t>(date)] = chosen;
    spot = next;
  }
  return actions;
}

}  // namespace tenuto
