#include "training/simulation/report_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "model/grace/money.h"
#include "training/simulation/segments.h"
#include "training/summary.h"

namespace tenuto {
namespace {

constexpr int kDays[] = {7, 14, 28, 60};
constexpr int kSegmentPaymentsMin = 200;  // Fewer are shown in grey.
constexpr int kSegmentShownMin = 10;      // Fewer are left out.

using Members = std::vector<std::pair<const char*, std::string>>;

std::string Object(const Members& members) {
  return absl::StrCat(
      "{",
      absl::StrJoin(members, ",",
                    [](std::string* out, const Members::value_type& member) {
                      absl::StrAppend(out, JsonString(member.first), ":",
                                      member.second);
                    }),
      "}");
}

std::string Array(const std::vector<std::string>& values) {
  return absl::StrCat("[", absl::StrJoin(values, ","), "]");
}

std::string IntervalJson(const Estimate& estimate, double factor = 1) {
  return Array({JsonNumber(estimate.value * factor),
                JsonNumber(estimate.low * factor),
                JsonNumber(estimate.high * factor)});
}

std::string IndexJson(const std::optional<std::size_t>& index) {
  return index.has_value() ? absl::StrCat(*index) : "null";
}

double Payments(const SimulationResult& result) {
  return std::max<double>(1, static_cast<double>(result.failures));
}

std::string ByDayJson(const SimulationResult& result, std::size_t policy) {
  const double n = Payments(result);
  const double money = 1 / MinorPerUnit(result.currency) / n;
  std::vector<std::string> rows;
  for (const int day : kDays) {
    if (day > result.days) continue;
    const RecoveredBy by = RecoveredByDay(result, policy, day);
    rows.push_back(Array({absl::StrCat(day), IntervalJson(by.payments, 100 / n),
                          IntervalJson(by.minor, money)}));
  }
  return Array(rows);
}

std::string PolicyJson(const SimulationResult& result,
                       const PolicyRanking& ranking, std::size_t policy) {
  const PolicyFigures figures = FiguresOf(result, policy);
  return Object(
      {{"name", JsonString(result.policies[policy])},
       {"recovered", IntervalJson(figures.recovered_percent)},
       {"net", IntervalJson(figures.net)},
       {"difference", IntervalJson(figures.difference)},
       {"recovered_value", IntervalJson(figures.recovered_value)},
       {"free_days", IntervalJson(figures.free_days)},
       {"attempts", IntervalJson(figures.attempts)},
       {"messages", IntervalJson(figures.messages)},
       {"regret",
        result.oracle.has_value() ? JsonNumber(figures.regret) : "null"},
       {"model_only", IsModelOnly(result, policy) ? "true" : "false"},
       {"estimator", result.estimators.empty()
                         ? "null"
                         : JsonString(result.estimators[policy].text)},
       {"efficient", ranking.efficient[policy] ? "true" : "false"},
       {"by_day", ByDayJson(result, policy)}});
}

// A curve for each policy that a reader compares: not for all of them, which
// would be a tangle.
std::string CurvesJson(const SimulationResult& result,
                       const PolicyRanking& ranking) {
  std::vector<std::size_t> shown;
  const auto show = [&](const std::optional<std::size_t>& policy) {
    if (policy.has_value() && *policy < result.policies.size() &&
        std::find(shown.begin(), shown.end(), *policy) == shown.end()) {
      shown.push_back(*policy);
    }
  };
  show(result.current);
  show(ranking.best_fixed);
  show(result.personal);
  show(result.oracle);
  std::vector<std::string> curves;
  for (const std::size_t policy : shown) {
    const RecoveryDays& days = result.tally.days(policy);
    std::vector<std::string> unpaid;
    double recovered = 0;
    for (int day = 0; day <= result.days; ++day) {
      recovered += days.payments[static_cast<std::size_t>(day)].total;
      unpaid.push_back(JsonNumber(100 * (1 - recovered / Payments(result))));
    }
    curves.push_back(
        Object({{"policy", absl::StrCat(policy)}, {"unpaid", Array(unpaid)}}));
  }
  return Array(curves);
}

std::size_t SegmentCount(const SimulationResult& result) {
  return result.policies.empty()
             ? 0
             : std::min(result.tally.segments(), Segments().size());
}

// The rest would be a long table of chance.
bool IsShown(const SimulationResult& result, std::size_t segment) {
  return result.tally.sums(result.current, segment).size.subscribers >=
         kSegmentShownMin;
}

std::string SegmentsLeftOut(const SimulationResult& result) {
  int left_out = 0;
  for (std::size_t k = 1; k < SegmentCount(result); ++k) {
    left_out += !IsShown(result, k) &&
                result.tally.sums(result.current, k).size.payments > 0;
  }
  return absl::StrCat(left_out);
}

std::string SegmentJson(const SimulationResult& result, std::size_t segment) {
  std::vector<std::string> policies;
  for (std::size_t k = 0; k < result.policies.size(); ++k) {
    const PolicyFigures figures = FiguresOf(result, k, segment);
    policies.push_back(
        Object({{"difference", IntervalJson(figures.difference)},
                {"recovered", IntervalJson(figures.recovered_percent)},
                {"net", IntervalJson(figures.net)},
                {"free_days", IntervalJson(figures.free_days)}}));
  }
  return Object(
      {{"name", JsonString(Segments()[segment].name)},
       {"payments",
        JsonNumber(result.tally.sums(result.current, segment).size.payments)},
       {"policies", Array(policies)}});
}

std::string SegmentsJson(const SimulationResult& result) {
  if (result.policies.empty()) return "[]";
  std::vector<std::pair<absl::string_view, std::vector<std::string>>> kinds;
  for (std::size_t k = 1; k < SegmentCount(result); ++k) {
    if (!IsShown(result, k)) continue;
    const absl::string_view kind = Segments()[k].kind;
    if (kinds.empty() || kinds.back().first != kind)
      kinds.push_back({kind, {}});
    kinds.back().second.push_back(SegmentJson(result, k));
  }
  std::vector<std::string> objects;
  for (const auto& [kind, rows] : kinds) {
    objects.push_back(
        Object({{"kind", JsonString(kind)}, {"rows", Array(rows)}}));
  }
  return Array(objects);
}

// A row each: what, simulated, observed, the difference with its interval.
std::string ClaimsJson(const SimulationResult& result) {
  std::vector<std::string> rows;
  for (const FidelityClaim& claim : result.fidelity_claims) {
    const Compared& value = claim.value;
    rows.push_back(
        Object({{"whose", JsonString(claim.whose)},
                {"what", JsonString(claim.what)},
                {"simulated", JsonNumber(value.simulated)},
                {"observed", JsonNumber(value.observed)},
                {"difference",
                 IntervalJson({value.difference(), value.low, value.high})},
                {"digits", absl::StrCat(claim.digits)}}));
  }
  return Array(rows);
}

}  // namespace

std::string ReportJson(const SimulationResult& result,
                       const PolicyRanking& ranking) {
  std::vector<std::string> policies, order, refused;
  for (std::size_t k = 0; k < result.policies.size(); ++k) {
    policies.push_back(PolicyJson(result, ranking, k));
  }
  for (const std::size_t policy : ranking.best_first) {
    order.push_back(absl::StrCat(policy));
  }
  for (const RefusedPolicy& policy : result.refused) {
    refused.push_back(Object({{"policy", JsonString(policy.policy)},
                              {"reason", JsonString(policy.reason)}}));
  }
  const std::string json =
      Object({{"source", JsonString(result.source)},
              {"currency", JsonString(result.currency)},
              {"payments", absl::StrCat(result.failures)},
              {"days", absl::StrCat(result.days)},
              {"digits", absl::StrCat(MoneyDigits(result))},
              {"expected", result.expected ? "true" : "false"},
              {"current", absl::StrCat(result.current)},
              {"reference", JsonString(ReferenceWord(result))},
              {"oracle", IndexJson(result.oracle)},
              {"personal", IndexJson(result.personal)},
              {"best", IndexJson(ranking.best)},
              {"best_fixed", IndexJson(ranking.best_fixed)},
              {"order", Array(order)},
              {"policies", Array(policies)},
              {"curves", CurvesJson(result, ranking)},
              {"segment_payments_min", absl::StrCat(kSegmentPaymentsMin)},
              {"segment_shown_min", absl::StrCat(kSegmentShownMin)},
              {"segments_left_out", SegmentsLeftOut(result)},
              {"segments", SegmentsJson(result)},
              {"claims", ClaimsJson(result)},
              {"refused", Array(refused)}});
  // In JSON these three stand only inside strings.
  return absl::StrReplaceAll(
      json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
}

}  // namespace tenuto
