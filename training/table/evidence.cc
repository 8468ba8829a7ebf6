#include "training/table/evidence.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace tenuto {
namespace {

// One chance in a thousand, after all rules tried.
constexpr double kCertainBits = 10;

struct ValueCount {
  double value = 0;
  std::int64_t positives = 0;
  std::int64_t rows = 0;
};

// Rows that are not missing, by rising value.
std::vector<ValueCount> CountValues(absl::Span<const double> values,
                                    absl::Span<const float> labels) {
  std::vector<std::pair<double, bool>> rows;
  rows.reserve(values.size());
  for (std::size_t r = 0; r < values.size(); ++r) {
    if (!std::isnan(values[r])) rows.emplace_back(values[r], labels[r] > 0.5F);
  }
  std::sort(rows.begin(), rows.end());
  std::vector<ValueCount> counts;
  for (const auto& [value, is_positive] : rows) {
    if (counts.empty() || counts.back().value != value) {
      counts.push_back({value, 0, 0});
    }
    counts.back().positives += is_positive ? 1 : 0;
    ++counts.back().rows;
  }
  return counts;
}

std::int64_t CountPositives(absl::Span<const float> labels) {
  return std::count_if(labels.begin(), labels.end(),
                       [](float label) { return label > 0.5F; });
}

}  // namespace

double Log2Choose(double n, double k) {
  return (std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1)) /
         std::numbers::ln2;
}

double ListingBits(absl::Span<const float> labels,
                   absl::Span<const std::uint64_t> groups) {
  absl::flat_hash_map<std::uint64_t, bool> has_positive;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    has_positive[groups[r]] |= labels[r] > 0.5F;
  }
  double positives = 0;
  for (const auto& [group, is_positive] : has_positive) {
    positives += is_positive ? 1 : 0;
  }
  return Log2Choose(static_cast<double>(has_positive.size()), positives);
}

bool RuleFit::IsExact() const {
  return errors * 1000 <= std::min(positives, rows - positives);
}

bool RuleFit::IsCertain(double rules_tried, double listing_bits) const {
  if (!IsExact()) return false;
  const auto n = static_cast<double>(rows);
  const auto e = static_cast<double>(errors);
  const double ruled = rule_bits + Log2Choose(n, e) + std::log2(e + 1) +
                       std::log2(std::max(rules_tried, 1.0));
  return listing_bits - ruled >= kCertainBits;
}

ValueRule FitValueRule(absl::Span<const int> codes, int code_count,
                       absl::Span<const float> labels) {
  // Missing is one value more, at the end.
  const auto groups = static_cast<std::size_t>(code_count) + 1;
  std::vector<std::int64_t> rows(groups), positives(groups);
  for (std::size_t r = 0; r < codes.size(); ++r) {
    const std::size_t group =
        codes[r] < 0 ? groups - 1 : static_cast<std::size_t>(codes[r]);
    ++rows[group];
    if (labels[r] > 0.5F) ++positives[group];
  }
  ValueRule rule;
  rule.positive.resize(groups);
  double used = 0;
  double leaning = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    rule.positive[g] = positives[g] * 2 > rows[g];
    rule.fit.rows += rows[g];
    rule.fit.positives += positives[g];
    rule.fit.errors += std::min(positives[g], rows[g] - positives[g]);
    used += rows[g] > 0 ? 1 : 0;
    leaning += rule.positive[g] ? 1 : 0;
  }
  rule.missing_is_positive = rule.positive.back();
  rule.positive.pop_back();
  rule.fit.rule_bits = Log2Choose(used, leaning) + std::log2(used + 1);
  return rule;
}

CutRule FitCutRule(absl::Span<const double> values,
                   absl::Span<const float> labels) {
  const std::vector<ValueCount> counts = CountValues(values, labels);
  CutRule rule;
  rule.fit.rows = static_cast<std::int64_t>(values.size());
  rule.fit.positives = CountPositives(labels);
  std::int64_t present = 0;
  std::int64_t present_positives = 0;
  for (const ValueCount& count : counts) {
    present += count.rows;
    present_positives += count.positives;
  }
  const std::int64_t missing = rule.fit.rows - present;
  const std::int64_t missing_positives = rule.fit.positives - present_positives;
  rule.missing_is_positive = missing_positives * 2 > missing;
  std::int64_t best = std::min(present_positives, present - present_positives);
  std::int64_t below = 0;
  std::int64_t below_positives = 0;
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    below += counts[i].rows;
    below_positives += counts[i].positives;
    const std::int64_t wrong_if_below =
        (below - below_positives) + (present_positives - below_positives);
    const std::int64_t wrong =
        std::min(wrong_if_below, present - wrong_if_below);
    if (wrong >= best) continue;
    best = wrong;
    rule.positive_below = wrong_if_below == wrong;
    rule.cut = std::midpoint(counts[i].value, counts[i + 1].value);
  }
  rule.fit.errors =
      best + std::min(missing_positives, missing - missing_positives);
  rule.fit.rule_bits = std::log2(static_cast<double>(counts.size()) + 1) + 2;
  return rule;
}

double AucOfValues(absl::Span<const double> values,
                   absl::Span<const float> labels) {
  double positives = 0;
  double negatives = 0;
  double wins = 0;
  for (const ValueCount& count : CountValues(values, labels)) {
    const auto up = static_cast<double>(count.positives);
    const auto down = static_cast<double>(count.rows - count.positives);
    wins += up * (negatives + down / 2);
    positives += up;
    negatives += down;
  }
  if (positives == 0 || negatives == 0) return 0.5;
  return wins / (positives * negatives);
}

}  // namespace tenuto
