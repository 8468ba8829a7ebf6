#include "model/grace/worth_table.h"

#include <algorithm>

#include "features/base/each_width.h"

// Unrolled too early, a row would be reckoned one lane at a time.
#if defined(__clang__)
#define TENUTO_LANES(i) for (int i = 0; i < kRowLanes; ++i)
#else
#define TENUTO_LANES(i) \
  _Pragma("GCC unroll 1") for (int i = 0; i < kRowLanes; ++i)
#endif

namespace tenuto {
namespace {

constexpr int kRowLanes = 16;

float Larger(float a, float b) { return a > b ? a : b; }

// All numbers of attempts with one contact, on one day with one access.
struct Rows {
  int levels;        // Numbers of attempts, one row each.
  int tried_levels;  // Those of them from which one more may be made.
  int last_level;    // One more than this is this.
  int counts[HazardTable::kCounts];  // Rows below belong to this count index.
  const float* hits[HazardTable::kCounts];
  const float* next;  // Of the day after; the row of the first number.
  float* out;
  bool merges;  // What is in `out` was another choice.
  float stays;
  float idle;          // What the day is worth if it stays open.
  float attempt_cost;  // These two for those who did not pay themselves.
  float recovery;
  float paid;
};

TENUTO_EACH_WIDTH void KeepRows(const Rows& rows) {
  int count = 0;
  for (int level = 0; level < rows.levels; ++level) {
    while (level >= rows.counts[count]) ++count;
    const float* const later = rows.next + level * kRowLanes + 1;
    float* const to = rows.out + level * kRowLanes;
    float row[kRowLanes];
    TENUTO_LANES(i) row[i] = rows.stays * later[i] + rows.idle;
    if (level < rows.tried_levels) {
      const int after = level < rows.last_level ? level + 1 : rows.last_level;
      const float fails = rows.idle + rows.stays * rows.next[after * kRowLanes];
      const float base = fails - rows.attempt_cost;
      const float gain = rows.recovery + rows.paid - fails;
      const float* const hits = rows.hits[count];
      TENUTO_LANES(i) row[i] = Larger(row[i], base + hits[i] * gain);
    }
    if (rows.merges) {
      TENUTO_LANES(i) row[i] = Larger(row[i], to[i]);
    }
    TENUTO_LANES(i) to[i] = row[i];
    to[kRowLanes - 1] = to[kRowLanes - 2];
  }
}

TENUTO_EACH_WIDTH void StepDownRows(const float* lower, float cost, bool alone,
                                    int rows, float* out) {
  for (int row = 0; row < rows; ++row) {
    const float* const from = lower + row * kRowLanes;
    float* const to = out + row * kRowLanes;
    float kept[kRowLanes];
    TENUTO_LANES(i) kept[i] = from[i] - cost;
    if (!alone) {
      TENUTO_LANES(i) kept[i] = Larger(kept[i], to[i]);
    }
    TENUTO_LANES(i) to[i] = kept[i];
  }
}

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
  sheet_ = contacts_ * levels_ * kLanes;
}

int WorthTable::first_gap() const {
  return std::min(first_ - question_->past.last_attempt_day, kGapMax);
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
  Rows rows;
  rows.levels = day.levels;
  rows.tried_levels =
      !day.attempts_allowed ? 0 : levels_ - (counts_attempts_ ? 1 : 0);
  rows.last_level = levels_ - 1;
  const int attempts = question_->past.attempts;
  for (int count = 0; count < HazardTable::kCounts; ++count) {
    const auto at = static_cast<std::size_t>(count);
    rows.counts[at] = count + 1 < HazardTable::kCounts
                          ? std::max(0, count + 2 - attempts)
                          : kLevels;
    rows.hits[at] = day.by_retry[at].data();
  }
  rows.next = next + RowOf(after, 0);
  rows.out = out + RowOf(contact, 0);
  rows.merges = messages;
  rows.stays = open * day.stays[a][messaged];
  rows.paid = pays * day.recovery - (messages ? day.message_cost : 0);
  rows.idle = rows.paid - rows.stays * day.access_cost[a];
  rows.attempt_cost = open * day.attempt_cost;
  rows.recovery = open * day.recovery;
  KeepRows(rows);
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
    StepDownRows(lower + begin, day.step_cost, alone, day.levels, out + begin);
  }
}

void WorthTable::FillFull(const Day& day) {
  const int date = day.day;
  float* const full = Sheet(date, Access::kFull);
  if (date <= full_max_) {
    KeepAccess(day, Access::kFull, Sheet(date + 1, Access::kFull), full);
  }
  // Later than that nobody has it.
  if (MayLeaveFull(date) && date <= std::max(full_max_ + 1, first_)) {
    StepDown(day, Sheet(date, Access::kReduced), date > full_max_, full);
  }
}

void WorthTable::Fill(const PlanQuestion& question, Counted counted) {
  Measure(question, counted);
  days_.clear();
  for (int date = first_; date <= last_; ++date) days_.push_back(DayOf(date));
  const Access top = question.past.access;
  std::fill_n(Sheet(last_ + 1, Access::kNone), 3 * sheet_, 0.0f);
  for (int date = last_; date >= first_; --date) {
    const Day& day = At(date);
    float* const none = Sheet(date, Access::kNone);
    KeepAccess(day, Access::kNone, Sheet(date + 1, Access::kNone), none);
    if (top == Access::kNone) continue;
    float* const reduced = Sheet(date, Access::kReduced);
    const bool reduces = question.limits.reduced_allowed;
    if (reduces) {
      KeepAccess(day, Access::kReduced, Sheet(date + 1, Access::kReduced),
                 reduced);
    }
    StepDown(day, none, !reduces, reduced);
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
  return Sheet(
      first_,
      question_->past.access)[RowOf(first_contact_, 0) + first_gap() - 1];
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
  after.gap = action.attempts ? 1 : std::min(spot.gap + 1, kGapMax);
  const double later =
      Sheet(day.day + 1,
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
