#include "training/simulation/report_figures.h"

#include <algorithm>
#include <numeric>

#include "model/grace/money.h"

namespace tenuto {
namespace {

Estimate Scaled(const Estimate& total, double factor) {
  return {total.value * factor, total.low * factor, total.high * factor};
}

std::vector<std::size_t> BestFirst(const SimulationResult& result) {
  std::vector<std::size_t> order(result.policies.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(
      order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return result.tally.sums(a).net.total > result.tally.sums(b).net.total;
      });
  return order;
}

std::vector<bool> Efficient(const SimulationResult& result) {
  const std::size_t policies = result.policies.size();
  std::vector<bool> efficient(policies, true);
  for (std::size_t one = 0; one < policies; ++one) {
    const PolicySums& mine = result.tally.sums(one);
    for (std::size_t other = 0; other < policies; ++other) {
      if (result.oracle == other) continue;
      const PolicySums& its = result.tally.sums(other);
      const double more =
          its.recovered_minor.total - mine.recovered_minor.total;
      const double dearer = its.free_days.total - mine.free_days.total;
      const bool no_worse = more >= 0 && dearer <= 0;
      const bool better = more > 0 || dearer < 0;
      if (no_worse && better) efficient[one] = false;
    }
    if (result.oracle == one) efficient[one] = false;
  }
  return efficient;
}

// Those of `order` that cannot be told apart from `best`.
std::vector<std::size_t> Like(const SimulationResult& result, std::size_t best,
                              const std::vector<std::size_t>& order,
                              bool with_personal) {
  std::vector<std::size_t> like;
  for (const std::size_t policy : order) {
    if (policy == best || result.oracle == policy) continue;
    if (!with_personal && result.personal == policy) continue;
    if (!AreToldApart(result, best, policy)) like.push_back(policy);
  }
  return like;
}

// A policy that only a model speaks for is no choice while the log can tell of
// others and of the one they are compared with.
bool CanChooseByLog(const SimulationResult& result) {
  std::size_t told = 0;
  for (std::size_t k = 0; k < result.policies.size(); ++k) {
    told += !IsModelOnly(result, k);
  }
  return told > 1 && !IsModelOnly(result, result.current);
}

}  // namespace

PolicyFigures FiguresOf(const SimulationResult& result, std::size_t policy,
                        std::size_t segment) {
  const PolicySums& sums = result.tally.sums(policy, segment);
  PolicyFigures figures;
  figures.payments = sums.size.payments;
  if (figures.payments <= 0) return figures;
  const PolicyTotals totals = TotalsOf(result, policy, segment);
  const double each = 1 / figures.payments;
  const double money = each / MinorPerUnit(result.currency);
  figures.recovered_percent = Scaled(totals.recovered, 100 * each);
  figures.net = Scaled(totals.net_minor, money);
  figures.difference = Scaled(totals.difference_minor, money);
  figures.personal_gain = Scaled(totals.personal_gain_minor, money);
  figures.recovered_value = Scaled(totals.recovered_minor, money);
  const auto mean = [&](const SampledSum& sum) {
    return Scaled(TotalOf(sum, sums.size), each);
  };
  figures.free_days = mean(sums.free_days);
  figures.attempts = mean(sums.attempts);
  figures.messages = mean(sums.messages);
  figures.regret = totals.regret_minor.value_or(0) * money;
  return figures;
}

PolicyRanking RankPolicies(const SimulationResult& result) {
  PolicyRanking ranking;
  ranking.best_first = BestFirst(result);
  const bool by_log = CanChooseByLog(result);
  for (const std::size_t policy : ranking.best_first) {
    if (result.oracle == policy) continue;
    if (!ranking.best.has_value() && !(by_log && IsModelOnly(result, policy))) {
      ranking.best = policy;
    }
    if (result.personal == policy) continue;
    if (!ranking.best_fixed.has_value()) ranking.best_fixed = policy;
  }
  if (ranking.best.has_value()) {
    ranking.like_best = Like(result, *ranking.best, ranking.best_first, true);
  }
  if (ranking.best_fixed.has_value()) {
    ranking.like_best_fixed =
        Like(result, *ranking.best_fixed, ranking.best_first, false);
  }
  ranking.efficient = Efficient(result);
  return ranking;
}

bool AreToldApart(const SimulationResult& result, std::size_t one,
                  std::size_t other) {
  if (result.personal == one || result.personal == other) {
    const Estimate gain = TotalsOf(result, result.personal == one ? other : one)
                              .personal_gain_minor;
    return gain.low > 0 || gain.high < 0;
  }
  // The current policy differs from itself by nothing, which has no interval.
  const Estimate a = TotalsOf(result, one).difference_minor;
  const Estimate b = TotalsOf(result, other).difference_minor;
  return a.low > b.high || b.low > a.high;
}

int MoneyDigits(const SimulationResult& result) {
  constexpr double kNarrow = 0.02;
  for (std::size_t k = 0; k < result.policies.size(); ++k) {
    const Estimate difference = FiguresOf(result, k).difference;
    const double half = (difference.high - difference.low) / 2;
    if (half > 0 && half < kNarrow) return 3;
  }
  return 2;
}

}  // namespace tenuto
