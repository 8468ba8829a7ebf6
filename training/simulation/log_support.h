// What a log has seen done about open payments, and what a policy asks for
// beyond it. A model says something about every day and every attempt; where
// the log never did the like, that is a guess, and the policy is refused.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_LOG_SUPPORT_H_
#define TENUTO_TRAINING_SIMULATION_LOG_SUPPORT_H_

#include <array>
#include <bitset>
#include <string>

#include "absl/types/span.h"
#include "model/grace/hazard_table.h"
#include "model/grace/recovery_curve.h"
#include "training/grace/grace_rows.h"
#include "training/simulation/trial.h"

namespace tenuto {

// Open days, or attempts, from which on a log has seen something.
inline constexpr int kSeenMin = 50;
// Most of a policy's open days, and of its attempts, that may be unseen.
inline constexpr double kUnseenShareMax = 0.05;

// By count and gap of attempts.
using AttemptCells = std::bitset<HazardTable::kCounts * HazardTable::kGaps>;

// Of one policy over failed payments.
struct PolicyUse {
  double open_days = 0, unseen_days = 0;
  double attempts = 0, unseen_attempts = 0;
  // Which, by access and day, and by count and gap of attempts.
  std::array<std::bitset<kUnpaidDays + 1>, 3> days;
  AttemptCells cells;
  std::bitset<3> messaged;  // Accesses with days after a message.

  void Add(const PolicyUse& more);
};

class LogSupport {
 public:
  static LogSupport Read(absl::Span<const GraceFailure> failures);

  // Adds what a policy does to one payment, as often as it is still open.
  void AddUse(const TrialActions& trial, const RecoveryCurve& curve,
              PolicyUse& use) const;
  // What the log lacks to tell, and how much of it; empty if it can.
  std::string ReasonAgainst(const PolicyUse& use) const;

 private:
  static std::size_t CellOf(int attempts, int gap) {
    return static_cast<std::size_t>(HazardTable::kGaps *
                                        HazardTable::CountIndex(attempts) +
                                    HazardTable::GapIndex(gap));
  }

  // Of this kind, or as many with shorter as with longer gaps: a model may
  // reckon between them.
  int SeenAttempts(std::size_t cell) const;
  std::string UnseenDays(const PolicyUse& use) const;
  std::string UnseenAttempts(const PolicyUse& use) const;

  // Open days seen, by access and day, and by access and whether messaged.
  std::array<std::array<int, kUnpaidDays + 1>, 3> days_{};
  std::array<std::array<int, 2>, 3> messaged_{};
  std::array<int, HazardTable::kCounts * HazardTable::kGaps> attempts_{};
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_LOG_SUPPORT_H_
