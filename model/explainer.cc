#include "model/explainer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

// As a person writes it: whole numbers whole, others with few digits.
std::string Number(float value) {
  const double v = static_cast<double>(value);
  if (v == std::round(v)) return absl::StrFormat("%.0f", v);
  if (std::abs(v) >= 100) return absl::StrFormat("%.1f", v);
  if (std::abs(v) >= 0.1) return absl::StrFormat("%.2f", v);
  return absl::StrFormat("%.2g", v);
}

std::string Cell(const v1::TableColumn& table, float value) {
  switch (table.type()) {
    case v1::COLUMN_TYPE_BOOLEAN:
      return value != 0 ? "true" : "false";
    case v1::COLUMN_TYPE_DATE:
      return absl::FormatCivilTime(absl::CivilDay(1970, 1, 1) +
                                   std::llround(std::floor(value)));
    case v1::COLUMN_TYPE_CATEGORY:
      if (value >= 0 && value < static_cast<float>(table.categories_size())) {
        return table.categories(static_cast<int>(value));
      }
      return Number(value);
    default:
      return Number(value);
  }
}

// "plan = premium raises the risk".
std::string TableSentence(const v1::Column& column, float value,
                          bool raises_risk) {
  const v1::TableColumn& table = column.table();
  const std::string& name =
      table.source().empty() ? column.name() : table.source();
  const char* effect = raises_risk ? " raises the risk" : " lowers the risk";
  if (std::isnan(value)) return absl::StrCat(name, " = missing", effect);
  if (table.type() == v1::COLUMN_TYPE_ONE_HOT) {
    return absl::StrCat(name, value != 0 ? " = " : " other than ",
                        table.equals(), effect);
  }
  return absl::StrCat(name, " = ", Cell(table, value), effect);
}

std::string FeatureSentence(const Feature& feature, float value,
                            bool raises_risk) {
  const std::string& text =
      raises_risk ? feature.reason_raises_risk : feature.reason_lowers_risk;
  if (std::isnan(value)) return text;
  return absl::StrCat(text, " (", Number(value), ")");
}

const Feature& FeatureOf(const ModelBundle& bundle, int column) {
  const FeaturePlan& plan = *bundle.plan();
  return plan.catalogue()
      .features()[static_cast<std::size_t>(plan.feature_index(column))];
}

// One-hot columns of one table column are one subject.
std::string FamilyOf(const ModelBundle& bundle, int column) {
  const v1::Column& declared = bundle.manifest().columns(column);
  if (!declared.has_table()) {
    return FeatureOf(bundle, column).declaration.family();
  }
  return declared.table().source().empty() ? declared.name()
                                           : declared.table().source();
}

std::string SentenceOf(const ModelBundle& bundle, int column, float value,
                       bool raises_risk) {
  const v1::Column& declared = bundle.manifest().columns(column);
  return declared.has_table()
             ? TableSentence(declared, value, raises_risk)
             : FeatureSentence(FeatureOf(bundle, column), value, raises_risk);
}

// What the columns of one family add up to, and which of them speaks for it.
struct FamilySum {
  double sum = 0;
  std::size_t raising = 0;  // Its largest column of either sign, if it has one.
  std::size_t lowering = 0;
};

// Strongest first. `columns` are sorted by size.
std::vector<FamilySum> FamilySums(absl::Span<const ExplainedColumn> columns) {
  std::vector<FamilySum> sums;
  absl::flat_hash_map<absl::string_view, std::size_t> places;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const auto [place, is_new] =
        places.try_emplace(columns[k].family, sums.size());
    if (is_new) sums.push_back({0, columns.size(), columns.size()});
    FamilySum& family = sums[place->second];
    family.sum += static_cast<double>(columns[k].contribution);
    std::size_t& largest =
        columns[k].contribution > 0 ? family.raising : family.lowering;
    largest = std::min(largest, k);
  }
  // Stable: families of equal weight keep the order of their largest columns.
  std::stable_sort(sums.begin(), sums.end(),
                   [](const FamilySum& a, const FamilySum& b) {
                     return std::abs(a.sum) > std::abs(b.sum);
                   });
  return sums;
}

}  // namespace

absl::StatusOr<Explanation> Explain(const ModelBundle& bundle,
                                    absl::Span<const float> row,
                                    int reason_count_max) {
  const auto width = static_cast<std::size_t>(bundle.width());
  std::vector<float> contributions(width + 1);
  TENUTO_RETURN_IF_ERROR(
      bundle.Contributions(row, absl::MakeSpan(contributions)));
  std::vector<int> order(width);
  for (std::size_t k = 0; k < width; ++k) order[k] = static_cast<int>(k);
  const auto size_of = [&](int column) {
    return std::abs(contributions[static_cast<std::size_t>(column)]);
  };
  // Stable: equal contributions keep the columns' order.
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return size_of(a) > size_of(b); });

  Explanation explanation;
  explanation.bias = contributions[width];
  for (const int column : order) {
    explanation.columns.push_back(
        {bundle.manifest().columns(column).name(), FamilyOf(bundle, column),
         row[static_cast<std::size_t>(column)],
         contributions[static_cast<std::size_t>(column)]});
  }
  for (const FamilySum& family : FamilySums(explanation.columns)) {
    if (family.sum == 0 ||
        explanation.reasons.size() >=
            static_cast<std::size_t>(std::max(reason_count_max, 0))) {
      break;
    }
    const bool raises_risk = family.sum > 0;
    const std::size_t k = raises_risk ? family.raising : family.lowering;
    explanation.reasons.push_back(SentenceOf(
        bundle, order[k], explanation.columns[k].value, raises_risk));
  }
  return explanation;
}

}  // namespace tenuto
