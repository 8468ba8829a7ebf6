#include "training/simulation/doubly_robust.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tenuto {
namespace {

// What one day adds.
struct DayYield {
  double recovered = 0;
  double free_days = 0;
  double attempts = 0;
  double messages = 0;
  double recovered_minor = 0;
  double spent_minor = 0;

  void Add(const DayYield& more, double times) {
    recovered += times * more.recovered;
    free_days += times * more.free_days;
    attempts += times * more.attempts;
    messages += times * more.messages;
    recovered_minor += times * more.recovered_minor;
    spent_minor += times * more.spent_minor;
  }
};

// What is done on a day costs the same whether lived or expected; these are the
// shares of payments that it is done to.
struct DayShares {
  double open = 0;       // At the beginning,
  double attempted = 0;  // when our attempt is made,
  double recovered = 0;  //
  double open_after = 0;
};

DayYield YieldOf(const GraceStakes& stakes, const TrialActions& trial, int day,
                 const DayShares& shares) {
  const auto at = static_cast<std::size_t>(day);
  const DayAction& action = trial.actions[at];
  const Access before = day == 1 ? Access::kFull : trial.actions[at - 1].access;
  DayYield yield;
  if (action.access < before) {
    yield.spent_minor +=
        shares.open * stakes.access_step_goodwill_minor *
        (static_cast<int>(before) - static_cast<int>(action.access));
  }
  if (action.messages) {
    yield.messages = shares.open;
    yield.spent_minor +=
        shares.open * (stakes.message_minor + stakes.message_goodwill_minor);
  }
  yield.attempts = shares.attempted;
  yield.spent_minor += shares.attempted * stakes.attempt_minor;
  yield.recovered = shares.recovered;
  yield.recovered_minor = shares.recovered * stakes.recovery_minor[at];
  if (action.access == Access::kFull) yield.free_days = shares.open_after;
  yield.spent_minor += shares.open_after * stakes.access_day(action.access);
  return yield;
}

DayYield Lived(const UnpaidDay& day, int number, const GraceStakes& stakes,
               const TrialActions& trial) {
  const bool recovers =
      day.end == RecoveryEnd::kByUser || day.end == RecoveryEnd::kByRetry;
  return YieldOf(stakes, trial, number,
                 {.open = 1,
                  .attempted = day.attempted ? 1.0 : 0.0,
                  .recovered = recovers ? 1.0 : 0.0,
                  .open_after = day.end == RecoveryEnd::kOpen ? 1.0 : 0.0});
}

int LastDayOf(const UnpaidSpell& spell, int last_day) {
  return std::min(static_cast<int>(spell.days.size()), last_day);
}

// Of the model, day by day and for the days to come, of all payments.
class Foreseen {
 public:
  Foreseen(const GraceStakes& stakes, const TrialActions& trial,
           const RecoveryCurve& curve) {
    for (int day = trial.last_day; day >= 1; --day) {
      const auto at = static_cast<std::size_t>(day);
      const RecoveryDay& on = curve[at];
      const double open = curve[at - 1].open;
      to_come_[at - 1] = to_come_[at];
      to_come_[at - 1].Add(
          YieldOf(
              stakes, trial, day,
              {.open = open,
               .attempted = trial.actions[at].attempts ? open - on.by_user : 0,
               .recovered = on.by_user + on.by_retry,
               .open_after = on.open}),
          1);
    }
  }
  // After `day`, of all that were open on day 0.
  const DayYield& After(int day) const {
    return to_come_[static_cast<std::size_t>(day)];
  }

 private:
  std::array<DayYield, kUnpaidDays + 1> to_come_{};
};

}  // namespace

double WeightAtEnd(const UnpaidSpell& spell, const AgreementWeights& weights,
                   int last_day) {
  return weights[static_cast<std::size_t>(LastDayOf(spell, last_day))];
}

void PutRight(const UnpaidSpell& spell, const AgreementWeights& weights,
              const GraceStakes& stakes, const TrialActions& trial,
              RecoveryCurve& curve, TrialOutcome& outcome) {
  const RecoveryCurve model = curve;
  const Foreseen foreseen(stakes, trial, model);
  DayYield gained;
  for (int day = 1; day <= LastDayOf(spell, trial.last_day); ++day) {
    const auto at = static_cast<std::size_t>(day);
    const double weight = weights[at];
    // A model that is certain of an end foresees nothing beyond it.
    if (weight == 0 || model[at - 1].open <= 0) break;
    const UnpaidDay& lived = spell.days[at - 1];
    const bool goes_on = lived.end == RecoveryEnd::kOpen && model[at].open > 0;
    const double of_before = -weight / model[at - 1].open;
    const double of_after = goes_on ? weight / model[at].open : 0;
    gained.Add(Lived(lived, day, stakes, trial), weight);
    gained.Add(foreseen.After(day), of_after);
    gained.Add(foreseen.After(day - 1), of_before);

    curve[at].by_user += of_before * model[at].by_user +
                         (lived.end == RecoveryEnd::kByUser ? weight : 0);
    curve[at].by_retry += of_before * model[at].by_retry +
                          (lived.end == RecoveryEnd::kByRetry ? weight : 0);
    curve[at].cancelled += of_before * model[at].cancelled +
                           (lived.end == RecoveryEnd::kCancelled ? weight : 0);
    for (std::size_t later = at + 1; later <= kUnpaidDays; ++later) {
      curve[later].by_user += (of_before + of_after) * model[later].by_user;
      curve[later].by_retry += (of_before + of_after) * model[later].by_retry;
      curve[later].cancelled += (of_before + of_after) * model[later].cancelled;
    }
  }
  double open = 1;
  for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
    open -= curve[day].by_user + curve[day].by_retry + curve[day].cancelled;
    curve[day].open = open;
  }
  outcome.recovered += gained.recovered;
  outcome.recovered_minor += gained.recovered_minor;
  outcome.free_days += gained.free_days;
  outcome.attempts += gained.attempts;
  outcome.messages += gained.messages;
  outcome.net_minor += gained.recovered_minor - gained.spent_minor;
  // Luck shows in how payments differ now.
  outcome.recovered_variance = outcome.net_variance = 0;
  outcome.free_days_variance = outcome.attempts_variance = 0;
  outcome.messages_variance = 0;
  outcome.put_right = true;
}

}  // namespace tenuto
