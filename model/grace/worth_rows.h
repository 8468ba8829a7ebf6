// The arithmetic of WorthTable: what all situations of one day are worth under
// one access, from what those of the next day are. A row is one number of
// attempts with all gaps since the newest; a sheet has a row for each number,
// for each contact one block of them. Nearly all time of a plan goes by here.
// Thread-safe: functions of their arguments.
#ifndef TENUTO_MODEL_GRACE_WORTH_ROWS_H_
#define TENUTO_MODEL_GRACE_WORTH_ROWS_H_

#include <array>
#include <vector>

#include "model/grace/hazard_table.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

// Lane i: the newest attempt was i + 1 days ago; kGapMax and more are one. The
// last lane is of no situation: it fills the row up.
struct alignas(64) WorthRow {
  static constexpr int kLanes = 16;
  static constexpr int kGapMax = kLanes - 1;
  float lanes[kLanes];
};

// Contacts are numbered so that what is reached lies below what it is from:
// kWaits * messages left + days for which the newest still works.
inline constexpr int kWaits = kMessageDays;

// How one day may be spent with one access.
struct DayRows {
  // What a day brings, by what is said: nothing, an earlier message still
  // works, one is sent.
  struct Terms {
    float stays;         // P(neither paid nor cancelled), without an attempt.
    float idle;          // Worth if it stays open.
    float attempt_cost;  // These two for those who did not pay themselves.
    float recovery;
    float paid;
  };
  enum Said { kNothing, kEarlier, kNow };
  std::array<Terms, 3> terms;
  int contacts = 0;
  int levels = 0;                // Rows of a contact: numbers of attempts.
  int levels_reached = 0;        // Only those can be on this day.
  int levels_tried = 0;          // From those of them one more may be made.
  bool messages = false;         // One may be sent,
  bool counts_messages = false;  // of so many.
  // hits[k] is of levels below level_ends[k] (P(collects), by lane).
  std::array<int, HazardTable::kCounts> level_ends;
  const WorthRow* hits = nullptr;
};

// Sheets of the day after and of the day.
void KeepRows(const DayRows& day, const WorthRow* next, WorthRow* out);
// What is worth more: `out`, or `lower` after a step that costs so much.
// `alone`: the step must be made, and `out` holds nothing yet.
void StepDownRows(const DayRows& day, const WorthRow* lower, float cost,
                  bool alone, WorthRow* out);

// Both for each width of registers that this machine has and this compiler was
// trusted with, to the same values. The last, the widest, is what runs.
struct RowsArithmetic {
  decltype(&KeepRows) keep;
  decltype(&StepDownRows) step_down;
};
std::vector<RowsArithmetic> RowsArithmeticByWidth();

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_WORTH_ROWS_H_
