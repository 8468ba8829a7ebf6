#include "training/simulation/simulate_ledger.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "features/base/status_macros.h"
#include "training/simulation/backtest.h"
#include "training/simulation/log_trials.h"
#include "training/simulation/ordered_sum.h"
#include "training/simulation/policy_estimator.h"

namespace tenuto {
namespace {

// Why a policy cannot be told from this log; empty if it can.
std::string ReasonAgainst(const PolicyFile& file, std::size_t number,
                          const LogSupport& support,
                          const PolicyEvidence& evidence) {
  const ComparedPolicy& policy = file.policies()[number];
  if (policy.kind == PolicyKind::kOracle) {
    return "only a simulated world knows the true chances";
  }
  if (policy.kind != PolicyKind::kMixture) {
    return support.ReasonAgainst(evidence.policies[number].use);
  }
  for (const ComparedPolicy::Part& part : policy.parts) {
    const std::string reason =
        ReasonAgainst(file, part.policy, support, evidence);
    if (!reason.empty()) {
      return absl::StrCat("of its part ", file.policies()[part.policy].name,
                          " ", reason);
    }
  }
  return "";
}

// Of a mixture, as its least part.
Agreement AgreementOf(const PolicyFile& file, std::size_t number,
                      const PolicyEvidence& evidence) {
  const ComparedPolicy& policy = file.policies()[number];
  if (policy.kind != PolicyKind::kMixture) {
    const PolicyEvidence::One& one = evidence.policies[number];
    return {one.effective(), one.agreed_days()};
  }
  Agreement least = AgreementOf(file, policy.parts[0].policy, evidence);
  for (const ComparedPolicy::Part& part : policy.parts) {
    const Agreement its = AgreementOf(file, part.policy, evidence);
    least.payments = std::min(least.payments, its.payments);
    least.days = std::min(least.days, its.days);
  }
  return least;
}

// One run; members are the stages' results in order.
class LedgerSimulation {
 public:
  LedgerSimulation(const LogSource& source, const PolicyFile& policies,
                   const LoggedFailures& log, const CaseBook& book)
      : source_(source),
        policies_(policies),
        log_(log),
        by_user_(GroupByUser(log.failures)),
        plans_(LoggedPlans::Read(log.failures)),
        support_(LogSupport::Read(log.failures)),
        trials_({.log = log,
                 .plans = plans_,
                 .support = support_,
                 .book = book,
                 .policies = policies,
                 .by_user = by_user_}) {}

  absl::Status Run(absl::FunctionRef<void(std::int64_t, std::int64_t)> progress,
                   SimulationResult& result) {
    const auto n = static_cast<std::int64_t>(log_.failures.size());
    const auto users = static_cast<std::int64_t>(by_user_.size());
    const auto work = [this](std::int64_t items) {
      return OrderedWork{.items = items, .threads = source_.threads};
    };
    PolicyEvidence none;
    none.policies.resize(policies_.policies().size());
    TENUTO_ASSIGN_OR_RETURN(
        const PolicyEvidence evidence,
        SumInOrder(
            work(n), none,
            [this] {
              return
                  [this, bench = std::make_shared<LogTrials::Bench>()](
                      std::int64_t from, std::int64_t to, PolicyEvidence& sum) {
                    return trials_.Weigh(from, to, *bench, sum);
                  };
            },
            [&](std::int64_t done) { progress(done, 2 * n); }));
    result.strayed = plans_.strayed();
    TENUTO_ASSIGN_OR_RETURN(const LogTrials::Chosen chosen,
                            Choose(evidence, result));
    TENUTO_ASSIGN_OR_RETURN(
        result.tally,
        SumInOrder(
            work(users),
            PolicyTally(chosen.policies.size(), Segments().size(),
                        result.current, result.personal),
            [this, &chosen] {
              return
                  [this, &chosen, bench = std::make_shared<LogTrials::Bench>()](
                      std::int64_t from, std::int64_t to, PolicyTally& sum) {
                    return trials_.Run(from, to, chosen, *bench, sum);
                  };
            },
            [&](std::int64_t done) { progress(n + done * n / users, 2 * n); }));
    return absl::OkStatus();
  }

 private:
  // Which policies this log can tell of, and by which estimator.
  absl::StatusOr<LogTrials::Chosen> Choose(const PolicyEvidence& evidence,
                                           SimulationResult& result) const {
    LogTrials::Chosen chosen;
    chosen.put_right.resize(policies_.policies().size());
    for (std::size_t k = 0; k < policies_.policies().size(); ++k) {
      const ComparedPolicy& policy = policies_.policies()[k];
      const std::string reason =
          ReasonAgainst(policies_, k, support_, evidence);
      if (!reason.empty()) {
        result.refused.push_back({policy.name, reason});
        continue;
      }
      PolicyEstimator estimator = EstimatorOf(
          AgreementOf(policies_, k, evidence), log_.failures.size());
      if (policy.kind == PolicyKind::kPersonal) {
        result.personal = chosen.policies.size();
        absl::StrAppend(&estimator.text,
                        "; judged by the very model that it plans with");
      }
      chosen.put_right[k] = !estimator.model_only;
      result.policies.push_back(policy.name);
      result.estimators.push_back(std::move(estimator));
      chosen.policies.push_back(k);
    }
    if (chosen.policies.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the log, of ", log_.failures.size(),
          " failed payments, can tell of no policy; of the current one: ",
          ReasonAgainst(policies_, policies_.current(), support_, evidence)));
    }
    ChooseReference(chosen, evidence, result);
    return chosen;
  }

  // What the others are compared with: the current policy, or if the log cannot
  // tell of it the fixed one that the log did most alike.
  void ChooseReference(const LogTrials::Chosen& chosen,
                       const PolicyEvidence& evidence,
                       SimulationResult& result) const {
    double most = -1;
    for (std::size_t k = 0; k < chosen.policies.size(); ++k) {
      const std::size_t number = chosen.policies[k];
      if (number == policies_.current()) {
        result.current = k;
        return;
      }
      const double alike = AgreementOf(policies_, number, evidence).payments;
      if (result.personal == k || alike <= most) continue;
      most = alike;
      result.current = k;
    }
    result.refused_current = policies_.policies()[policies_.current()].name;
  }

  const LogSource& source_;
  const PolicyFile& policies_;
  const LoggedFailures& log_;
  const FailuresByUser by_user_;
  const LoggedPlans plans_;
  const LogSupport support_;
  const LogTrials trials_;
};

// How far the model was from what happened later; says so where nobody knows.
absl::Status MeasureFidelity(const LogSource& source, const LoggedFailures& log,
                             absl::string_view currency,
                             SimulationResult& measured) {
  const absl::Span<const GraceFailure> later = LaterFailures(log);
  if (later.size() < std::size_t{kFidelityFailuresMin}) {
    measured.fidelity =
        absl::StrCat("not measured: ", later.size(),
                     " payments failed after the model had learned; ",
                     kFidelityFailuresMin, " are needed");
    return absl::OkStatus();
  }
  TENUTO_ASSIGN_OR_RETURN(
      const BacktestResult result,
      Backtest(log, later, currency, source.threads, [](std::int64_t) {}));
  measured.fidelity = FidelityLine(result);
  measured.fidelity_claims = FidelityClaims(result);
  // Not that of the last day alone, on which the curves may happen to cross.
  measured.model_error = result.largest_gap;
  return absl::OkStatus();
}

std::string SourceText(const LogSource& source, const LoggedFailures& log) {
  const std::size_t known = log.failures.size() - LaterFailures(log).size();
  return absl::StrFormat(
      "the ledger in %s, by model %s (%d of them before it was trained)",
      source.ledger, source.model, known);
}

}  // namespace

absl::StatusOr<SimulationResult> SimulateLedger(
    const LogSource& source, const PolicyFile& policies,
    const Workshop& workshop,
    absl::FunctionRef<void(std::int64_t, std::int64_t)> progress) {
  const absl::Time start = workshop.clock.Now();
  TENUTO_ASSIGN_OR_RETURN(
      const CaseBook book,
      CaseBook::Create(PaymentRules::Embedded(), GraceValues::Embedded(),
                       policies.currency()));
  TENUTO_ASSIGN_OR_RETURN(const LoggedFailures log,
                          OpenLoggedFailures(source, workshop));
  SimulationResult result;
  LedgerSimulation simulation(source, policies, log, book);
  TENUTO_RETURN_IF_ERROR(simulation.Run(progress, result));
  TENUTO_RETURN_IF_ERROR(
      MeasureFidelity(source, log, policies.currency(), result));
  result.source = SourceText(source, log);
  result.currency = policies.currency();
  result.failures = static_cast<std::int64_t>(log.failures.size());
  result.threads = source.threads;
  result.expected = true;
  result.seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  return result;
}

}  // namespace tenuto
