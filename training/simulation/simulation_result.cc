#include "training/simulation/simulation_result.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "model/grace/money.h"
#include "training/simulation/report_figures.h"
#include "training/simulation/report_verdict.h"
#include "training/summary.h"

namespace tenuto {
namespace {

std::string PolicyJson(const SimulationResult& result, std::size_t policy) {
  const PolicyTotals totals = TotalsOf(result, policy);
  const std::pair<const char*, double> numbers[] = {
      {"recovered", totals.recovered.value},
      {"recovered_low", totals.recovered.low},
      {"recovered_high", totals.recovered.high},
      {"net_value", totals.net_minor.value},
      {"free_days", totals.free_days},
      {"attempts", totals.attempts},
      {"messages", totals.messages},
      {"difference", totals.difference_minor.value},
      {"difference_low", totals.difference_minor.low},
      {"difference_high", totals.difference_minor.high}};
  std::string json =
      absl::StrCat("{\"name\":", JsonString(result.policies[policy]));
  for (const auto& [name, number] : numbers) {
    absl::StrAppend(&json, ",\"", name, "\":", JsonNumber(number));
  }
  const Estimate& gain = totals.personal_gain_minor;
  const auto if_known = [&json](const char* name, bool known, double number) {
    absl::StrAppend(&json, ",\"", name,
                    "\":", known ? JsonNumber(number) : "null");
  };
  if_known("personal_gain", result.personal.has_value(), gain.value);
  if_known("personal_gain_low", result.personal.has_value(), gain.low);
  if_known("personal_gain_high", result.personal.has_value(), gain.high);
  if_known("regret", totals.regret_minor.has_value(),
           totals.regret_minor.value_or(0));
  if (!result.estimators.empty()) {
    absl::StrAppend(
        &json, ",\"estimator\":", JsonString(result.estimators[policy].text));
  }
  return json + "}";
}

// Payments that the model may be wrong of.
double ErrorOf(const SimulationResult& result, std::size_t policy,
               double failures) {
  return IsModelOnly(result, policy) ? result.model_error.value_or(0) * failures
                                     : 0;
}

// A payment that the model is wrong of is worth what recovered ones are.
double ErrorMinorOf(const SimulationResult& result, std::size_t policy,
                    std::size_t segment) {
  const PolicySums& sums = result.tally.sums(policy, segment);
  const double recovered = sums.recovered.total;
  return recovered <= 0 ? 0
                        : ErrorOf(result, policy, sums.size.payments) *
                              sums.recovered_minor.total / recovered;
}

Estimate Widened(const Estimate& total, double by) {
  return {total.value, total.low - by, total.high + by};
}

// What stands behind a policy's row.
std::string RowNote(const SimulationResult& result, std::size_t policy) {
  if (policy == result.current) {
    return absl::StrCat("  <- ", ReferenceWord(result));
  }
  if (result.oracle == policy) {
    return "  <- a bound that knows the truth, not a choice";
  }
  return result.expected && result.personal == policy
             ? "  <- by the model it plans with"
             : "";
}

}  // namespace

bool IsModelOnly(const SimulationResult& result, std::size_t policy) {
  return !result.estimators.empty() && result.estimators[policy].model_only;
}

PolicyTotals TotalsOf(const SimulationResult& result, std::size_t policy,
                      std::size_t segment) {
  const PolicySums& sums = result.tally.sums(policy, segment);
  const auto error_minor = [&](std::size_t of) {
    return ErrorMinorOf(result, of, segment);
  };
  const auto error_beside = [&](std::size_t other) {
    return other == policy ? 0 : error_minor(policy) + error_minor(other);
  };
  PolicyTotals totals;
  const double failures = sums.size.payments;
  totals.recovered = Widened(TotalOf(sums.recovered, sums.size),
                             ErrorOf(result, policy, failures));
  totals.recovered.low = std::max(0.0, totals.recovered.low);
  totals.recovered.high = std::min(failures, totals.recovered.high);
  totals.recovered_minor =
      Widened(TotalOf(sums.recovered_minor, sums.size), error_minor(policy));
  totals.net_minor = Widened(TotalOf(sums.net, sums.size), error_minor(policy));
  totals.difference_minor = Widened(TotalOf(sums.difference, sums.size),
                                    error_beside(result.current));
  totals.personal_gain_minor =
      Widened(TotalOf(sums.personal_gain, sums.size),
              error_beside(result.personal.value_or(policy)));
  totals.free_days = sums.free_days.total;
  totals.attempts = sums.attempts.total;
  totals.messages = sums.messages.total;
  if (result.oracle.has_value()) {
    totals.regret_minor =
        result.tally.sums(*result.oracle, segment).net.total - sums.net.total;
  }
  return totals;
}

RecoveredBy RecoveredByDay(const SimulationResult& result, std::size_t policy,
                           int day) {
  const SampleSize& size = result.tally.sums(policy).size;
  const double failures = size.payments;
  const RecoveryDays& days = result.tally.days(policy);
  RecoveredBy by{
      Widened(days.PaymentsBy(day, size), ErrorOf(result, policy, failures)),
      Widened(days.MinorBy(day, size), ErrorMinorOf(result, policy, 0))};
  by.payments.low = std::max(0.0, by.payments.low);
  by.payments.high = std::min(failures, by.payments.high);
  return by;
}

const char* ReferenceWord(const SimulationResult& result) {
  return result.refused_current.empty() ? "current" : "reference";
}

std::string SimulationJson(const SimulationResult& result) {
  std::vector<std::string> policies, refused;
  const std::string compared_with =
      result.policies.empty() ? "" : result.policies[result.current];
  for (std::size_t k = 0; k < result.policies.size(); ++k) {
    policies.push_back(PolicyJson(result, k));
  }
  for (const RefusedPolicy& policy : result.refused) {
    refused.push_back(absl::StrCat("{\"policy\":", JsonString(policy.policy),
                                   ",\"reason\":", JsonString(policy.reason),
                                   "}"));
  }
  return absl::StrCat("{\"failures\":", result.failures,
                      ",\"days\":", result.days,
                      ",\"seconds\":", JsonNumber(result.seconds),
                      ",\"threads\":", result.threads,
                      ",\"currency\":", JsonString(result.currency),
                      ",\"compared_with\":", JsonString(compared_with),
                      ",\"policies\":[", absl::StrJoin(policies, ","),
                      "],\"refused\":[", absl::StrJoin(refused, ","), "]}\n");
}

std::string FormatSimulation(const SimulationResult& result) {
  std::size_t width = 6;
  for (const std::string& name : result.policies) {
    width = std::max(width, name.size());
  }
  const auto pad = static_cast<int>(width);
  std::string text = absl::StrFormat(
      "%d failed payments of %s, %d days; a payment: values in %s, with 95 %% "
      "intervals\n%-*s %17s %7s %20s %9s %8s %8s %7s\n",
      result.failures, result.source, result.days, result.currency, pad,
      "policy", "recovered %", "net",
      absl::StrCat("beside the ", ReferenceWord(result)), "free days",
      "attempts", "messages", "regret");
  const double n = std::max<double>(1, static_cast<double>(result.failures));
  const double unit = n * MinorPerUnit(result.currency);
  const PolicyRanking ranking = RankPolicies(result);
  for (const std::size_t k : ranking.best_first) {
    const PolicyTotals totals = TotalsOf(result, k);
    const auto money = [unit](double minor) { return minor / unit; };
    absl::StrAppendFormat(
        &text,
        "%-*s %5.2f %5.2f-%5.2f %7.3f %+6.3f %+6.3f %+6.3f %9.2f %8.2f "
        "%8.2f %7s%s\n",
        pad, result.policies[k], 100 * totals.recovered.value / n,
        100 * totals.recovered.low / n, 100 * totals.recovered.high / n,
        money(totals.net_minor.value), money(totals.difference_minor.value),
        money(totals.difference_minor.low), money(totals.difference_minor.high),
        totals.free_days / n, totals.attempts / n, totals.messages / n,
        totals.regret_minor
            ? absl::StrFormat("%.3f", money(*totals.regret_minor))
            : "-",
        RowNote(result, k));
  }
  for (std::size_t k = 0; k < result.estimators.size(); ++k) {
    absl::StrAppendFormat(&text, "%-*s %s\n", pad, result.policies[k],
                          result.estimators[k].text);
  }
  for (std::size_t k = 0; k < result.refused.size(); ++k) {
    const RefusedPolicy& refused = result.refused[k];
    const bool goes_on = k + 1 < result.refused.size() &&
                         result.refused[k + 1].reason == refused.reason;
    absl::StrAppend(&text, refused.policy);
    absl::StrAppend(&text, goes_on ? ", " : " refused: ");
    if (!goes_on) absl::StrAppend(&text, refused.reason, "\n");
  }
  const ReportVerdict verdict = VerdictOf(result, ranking);
  if (result.expected) {
    absl::StrAppend(&text, verdict.meaning, "\n", verdict.fidelity, "\n");
  }
  for (const std::string& said :
       {verdict.headline, verdict.alone, verdict.stand_in, verdict.personal,
        verdict.in_force}) {
    if (!said.empty()) absl::StrAppend(&text, said, "\n");
  }
  return text;
}

}  // namespace tenuto
