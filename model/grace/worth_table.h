// What the rest of a failed payment is worth in every situation it can be in
// at the beginning of a day, by exact dynamic programming from the last day
// back: over access, messages (how long the newest still works, how many are
// left) and attempts (how many were made, how long ago the newest was) at once.
// Nothing is alternated or guessed, so what it finds is the best there is.
// Not thread-safe: 3 MiB to be filled again and again, one a thread.
#ifndef TENUTO_MODEL_GRACE_WORTH_TABLE_H_
#define TENUTO_MODEL_GRACE_WORTH_TABLE_H_

#include <cstddef>
#include <vector>

#include "model/grace/grace_stakes.h"
#include "model/grace/hazard_table.h"
#include "model/grace/plan_limits.h"
#include "model/grace/recovery_curve.h"
#include "model/grace/worth_rows.h"

namespace tenuto {

// All must outlive the answer.
struct PlanQuestion {
  const HazardTable& hazards;
  const GraceStakes& stakes;
  const PlanLimits& limits;
  const UnpaidPast& past;
};

class WorthTable {
 public:
  WorthTable();
  ~WorthTable();

  // Which of attempts_max and messages_max hold. What does not is quicker; a
  // plan that keeps it all the same is the best of those that must. More than
  // a plan can hold is not counted.
  struct Counted {
    bool attempts = false;
    bool messages = false;
  };

  // At least one day must be left to plan.
  void Fill(const PlanQuestion& question, Counted counted);
  // After Fill(): the same for a question that has full access and differs in
  // nothing but the lengths of it. What less is worth stays, so that this is
  // several times as quick.
  void FillLengths(const PlanQuestion& question);
  // Of the question last filled in, which must still live.
  DayActions BestActions() const;
  // Less least_gain_minor for whatever is done.
  double value() const;

 private:
  static constexpr int kContacts = kWaits * (PlanLimits::kMessagesMax + 1);
  static constexpr int kLevels = PlanLimits::kAttemptsMax + 1;
  static constexpr int kSheet = kContacts * kLevels;

  struct Day;   // What one day's hazards and stakes are under each choice.
  struct Spot;  // One situation.

  void Measure(const PlanQuestion& question, Counted counted);
  Day DayOf(int day) const;
  const Day& At(int day) const;
  void FillFull(const Day& day);
  bool MayLeaveFull(int day) const;
  // Whether the day may be spent with `to` after a day with `from`.
  bool MayGo(int day, Access from, Access to) const;
  double Step(const Day& day, const Spot& spot, const DayAction& action,
              Spot& after) const;
  DayAction BestStep(const Day& day, Spot& spot) const;
  DayRows RowsOf(const Day& day, Access access) const;
  WorthRow* Sheet(int day, Access access) {
    return &worth_[SheetAt(day, access)];
  }
  const WorthRow* Sheet(int day, Access access) const {
    return &worth_[SheetAt(day, access)];
  }
  std::size_t SheetAt(int day, Access access) const {
    return static_cast<std::size_t>(
        (3 * (day - first_) + static_cast<int>(access)) * sheet_);
  }
  int RowOf(int contact, int level) const { return contact * levels_ + level; }
  int LevelAfter(int level) const {
    return level + 1 < levels_ ? level + 1 : level;
  }
  int first_gap() const;
  bool MayAttempt(int day, int level) const;
  bool MayMessage(int day, int contact) const;

  const PlanQuestion* question_ = nullptr;
  bool counts_attempts_ = false;
  bool counts_messages_ = false;
  int first_ = 1;
  int last_ = 0;
  int full_max_ = 0;
  int levels_ = 1;
  int contacts_ = 1;
  int first_contact_ = 0;
  int sheet_ = 1;
  std::vector<WorthRow> worth_;
  std::vector<Day> days_;  // From first_ on.
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_WORTH_TABLE_H_
