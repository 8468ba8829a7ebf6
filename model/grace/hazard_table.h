// The chances of one failed payment, for every day and everything that may be
// done on it: what a recovery model believes, or what a simulated world knows.
// Plain numbers in fixed arrays, so that a planner asks it millions of times.
// Value type; not thread-safe while it is filled.
#ifndef TENUTO_MODEL_GRACE_HAZARD_TABLE_H_
#define TENUTO_MODEL_GRACE_HAZARD_TABLE_H_

#include <array>
#include <cstddef>

#include "model/grace/unpaid_day.h"

namespace tenuto {

class HazardTable {
 public:
  // What is remembered of earlier attempts: how many, the first one included,
  // and how many days ago the newest was. Beyond these they are one.
  static constexpr int kCounts = 3;  // 1, 2, 3 and more.
  static constexpr int kGaps = 8;  // 1, 2, 3, 4, 5-6, 7-9, 10-14, 15 and more.
  static constexpr int CountIndex(int attempts_before) {
    return attempts_before < kCounts ? attempts_before - 1 : kCounts - 1;
  }
  static constexpr int GapIndex(int days_since_attempt) {
    return kGapIndex[static_cast<std::size_t>(
        days_since_attempt < 15 ? days_since_attempt : 15)];
  }
  // The gap by which a model is asked for those of an index: the shortest, so
  // that a planner cannot live on what only the longest would give.
  static constexpr int GapOf(int gap_index) {
    return kGapOf[static_cast<std::size_t>(gap_index)];
  }

  // P(the subscriber pays on `day` | open at its beginning). `messaged`: a
  // message was sent on this day or within the kMessageDays - 1 before it.
  float& by_user(int day, Access access, bool messaged) {
    return by_user_[Day(day)][Choice(access, messaged)];
  }
  float by_user(int day, Access access, bool messaged) const {
    return by_user_[Day(day)][Choice(access, messaged)];
  }
  // P(an attempt of ours on `day` collects | still open when it is made).
  float& by_retry(int day, int count_index, int gap_index) {
    return by_retry_[Day(day)][Past(count_index, gap_index)];
  }
  float by_retry(int day, int count_index, int gap_index) const {
    return by_retry_[Day(day)][Past(count_index, gap_index)];
  }
  // P(the subscriber cancels on `day` | still open after 1 and 2).
  float& cancels(int day, Access access, bool messaged) {
    return cancels_[Day(day)][Choice(access, messaged)];
  }
  float cancels(int day, Access access, bool messaged) const {
    return cancels_[Day(day)][Choice(access, messaged)];
  }

 private:
  static constexpr std::array<int, 16> kGapIndex = {0, 0, 1, 2, 3, 4, 4, 5,
                                                    5, 5, 6, 6, 6, 6, 6, 7};
  static constexpr std::array<int, kGaps> kGapOf = {1, 2, 3, 4, 5, 7, 10, 15};
  static std::size_t Day(int day) { return static_cast<std::size_t>(day); }
  static std::size_t Choice(Access access, bool messaged) {
    return 2 * static_cast<std::size_t>(access) + (messaged ? 1 : 0);
  }
  static std::size_t Past(int count_index, int gap_index) {
    return static_cast<std::size_t>(kGaps * count_index + gap_index);
  }

  std::array<std::array<float, 6>, kUnpaidDays + 1> by_user_{};
  std::array<std::array<float, kCounts * kGaps>, kUnpaidDays + 1> by_retry_{};
  std::array<std::array<float, 6>, kUnpaidDays + 1> cancels_{};
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_HAZARD_TABLE_H_
