#include "training/simulation/log_trials.h"

#include <algorithm>
#include <numeric>

#include "features/base/status_macros.h"
#include "training/simulation/doubly_robust.h"

namespace tenuto {
namespace {

// Lost after the last day, so nothing comes of it.
void EndAfter(int last_day, RecoveryCurve& curve) {
  const double open = curve[static_cast<std::size_t>(last_day)].open;
  for (int day = last_day + 1; day <= kUnpaidDays; ++day) {
    curve[static_cast<std::size_t>(day)] = {0, 0, 0, open};
  }
}

void AddShare(double share, const TrialOutcome& part, TrialOutcome& sum) {
  sum.recovered += share * part.recovered;
  sum.recovered_minor += share * part.recovered_minor;
  sum.free_days += share * part.free_days;
  sum.attempts += share * part.attempts;
  sum.messages += share * part.messages;
  sum.net_minor += share * part.net_minor;
}

// A payment is treated by one part, and chance says which.
void MixVariance(double share, const TrialOutcome& part, TrialOutcome& mixed) {
  const auto mix = [&](double TrialOutcome::*value,
                       double TrialOutcome::*variance) {
    const double apart = part.*value - mixed.*value;
    mixed.*variance += share * (part.*variance + apart * apart);
  };
  mix(&TrialOutcome::recovered, &TrialOutcome::recovered_variance);
  mix(&TrialOutcome::net_minor, &TrialOutcome::net_variance);
  mix(&TrialOutcome::free_days, &TrialOutcome::free_days_variance);
  mix(&TrialOutcome::attempts, &TrialOutcome::attempts_variance);
  mix(&TrialOutcome::messages, &TrialOutcome::messages_variance);
}

}  // namespace

void PolicyEvidence::Add(const PolicyEvidence& more) {
  for (std::size_t k = 0; k < policies.size(); ++k) {
    policies[k].use.Add(more.policies[k].use);
    policies[k].weights += more.policies[k].weights;
    policies[k].weight_squares += more.policies[k].weight_squares;
    policies[k].days += more.policies[k].days;
    policies[k].day_weights += more.policies[k].day_weights;
  }
}

absl::Status LogTrials::ExpectAll(const GraceFailure& failure,
                                  Bench& bench) const {
  const auto& policies = options_.policies.policies();
  TENUTO_RETURN_IF_ERROR(FillCase(options_.book, options_.log, failure,
                                  options_.policies.currency(), bench.failure));
  const FailureCase& known = bench.failure;
  TENUTO_RETURN_IF_ERROR(options_.log.model->Fill(failure.decisions[0].row,
                                                  known.facts, bench.hazards));
  bench.actions.resize(policies.size());
  bench.outcomes.assign(policies.size(), TrialOutcome());
  bench.curves.assign(policies.size(), RecoveryCurve());
  GracePlan plan;
  for (std::size_t k = 0; k < policies.size(); ++k) {
    TrialActions& actions = bench.actions[k];
    switch (policies[k].kind) {
      case PolicyKind::kFixed:
        actions = options_.book.Lawful(
            {policies[k].actions, policies[k].last_day}, known);
        break;
      case PolicyKind::kPersonal:
        plan = bench.planner.Plan(bench.hazards, known.stakes.stakes,
                                  known.limits, UnpaidPast());
        actions = {plan.actions, plan.last_day};
        break;
      case PolicyKind::kOracle:
      case PolicyKind::kMixture:
        continue;  // Unknown here, and made of the others.
    }
    bench.outcomes[k] =
        Expect(bench.hazards, known.stakes.stakes, actions, bench.curves[k]);
    EndAfter(actions.last_day, bench.curves[k]);
  }
  return absl::OkStatus();
}

void LogTrials::Mix(const ComparedPolicy& mixture, std::size_t policy,
                    bool put_right, Bench& bench) const {
  bench.outcomes[policy] = TrialOutcome();
  RecoveryCurve& curve = bench.curves[policy];
  for (RecoveryDay& day : curve) day = {0, 0, 0, 0};
  for (const ComparedPolicy::Part& part : mixture.parts) {
    AddShare(part.share, bench.outcomes[part.policy], bench.outcomes[policy]);
    for (std::size_t day = 0; day < curve.size(); ++day) {
      const RecoveryDay& of_part = bench.curves[part.policy][day];
      curve[day].by_user += part.share * of_part.by_user;
      curve[day].by_retry += part.share * of_part.by_retry;
      curve[day].cancelled += part.share * of_part.cancelled;
      curve[day].open += part.share * of_part.open;
    }
  }
  bench.outcomes[policy].put_right = put_right;
  if (put_right) return;
  for (const ComparedPolicy::Part& part : mixture.parts) {
    MixVariance(part.share, bench.outcomes[part.policy],
                bench.outcomes[policy]);
  }
}

// What a model alone says of a mixture it says before its parts are put right.
void LogTrials::MixThose(const Chosen& chosen, bool put_right,
                         Bench& bench) const {
  const auto& policies = options_.policies.policies();
  for (const std::size_t k : chosen.policies) {
    if (policies[k].kind == PolicyKind::kMixture &&
        chosen.put_right[k] == put_right) {
      Mix(policies[k], k, put_right, bench);
    }
  }
}

absl::Status LogTrials::Weigh(std::int64_t from, std::int64_t to, Bench& bench,
                              PolicyEvidence& evidence) const {
  const auto& policies = options_.policies.policies();
  for (std::int64_t number = from; number < to; ++number) {
    const GraceFailure& failure =
        options_.log.failures[static_cast<std::size_t>(number)];
    TENUTO_RETURN_IF_ERROR(ExpectAll(failure, bench));
    for (std::size_t k = 0; k < policies.size(); ++k) {
      if (policies[k].kind != PolicyKind::kFixed &&
          policies[k].kind != PolicyKind::kPersonal) {
        continue;
      }
      const TrialActions& actions = bench.actions[k];
      PolicyEvidence::One& one = evidence.policies[k];
      options_.support.AddUse(actions, bench.curves[k], one.use);
      const AgreementWeights weights =
          options_.plans.WeightsOf(failure, actions);
      const int days = std::min(static_cast<int>(failure.spell.days.size()),
                                actions.last_day);
      one.days += days;
      one.day_weights +=
          std::accumulate(weights.begin() + 1, weights.begin() + 1 + days, 0.0);
      const double weight =
          WeightAtEnd(failure.spell, weights, actions.last_day);
      one.weights += weight;
      one.weight_squares += weight * weight;
    }
  }
  return absl::OkStatus();
}

absl::Status LogTrials::Try(const GraceFailure& failure, const Chosen& chosen,
                            Bench& bench, Tried& tried) const {
  const auto& policies = options_.policies.policies();
  TENUTO_RETURN_IF_ERROR(ExpectAll(failure, bench));
  MixThose(chosen, false, bench);
  for (std::size_t k = 0; k < policies.size(); ++k) {
    if (!chosen.put_right[k] || policies[k].kind == PolicyKind::kMixture) {
      continue;
    }
    PutRight(failure.spell, options_.plans.WeightsOf(failure, bench.actions[k]),
             bench.failure.stakes.stakes, bench.actions[k], bench.curves[k],
             bench.outcomes[k]);
  }
  MixThose(chosen, true, bench);
  tried.outcomes.clear();
  tried.curves.clear();
  for (const std::size_t k : chosen.policies) {
    tried.outcomes.push_back(bench.outcomes[k]);
    tried.curves.push_back(bench.curves[k]);
  }
  tried.segments = bench.failure.segments;
  return absl::OkStatus();
}

absl::Status LogTrials::Run(std::int64_t from, std::int64_t to,
                            const Chosen& chosen, Bench& bench,
                            PolicyTally& tally) const {
  std::vector<TriedPayment> payments;
  for (std::int64_t user = from; user < to; ++user) {
    const std::vector<std::size_t>& numbers =
        options_.by_user[static_cast<std::size_t>(user)];
    bench.tried.resize(std::max(bench.tried.size(), numbers.size()));
    payments.clear();
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      Tried& tried = bench.tried[k];
      TENUTO_RETURN_IF_ERROR(
          Try(options_.log.failures[numbers[k]], chosen, bench, tried));
      payments.push_back({tried.outcomes, tried.curves, tried.segments});
    }
    tally.AddUser(payments);
  }
  return absl::OkStatus();
}

}  // namespace tenuto
