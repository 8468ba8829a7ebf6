#include "training/table/pair_rules.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace tenuto {
namespace {

constexpr std::size_t kColumnsMax = 200;
constexpr std::int64_t kValuesMax = 64;
// Of each class, to pass over the many pairs that are nothing.
constexpr std::size_t kProbeRows = 256;
constexpr std::int64_t kProbeErrorsMax = 4;

// A column as pairs need it: numbers, and codes that mean the same text in
// every column.
struct PairColumn {
  std::size_t index = 0;
  bool is_category = false;
  bool is_date = false;
  std::vector<double> values;
  std::vector<int> codes;  // Only with few values.
  int code_count = 0;
};

class PairSearch {
 public:
  PairSearch(absl::Span<const TypedColumn> columns,
             absl::Span<const float> labels, const std::vector<bool>& refused,
             double listing_bits)
      : labels_(labels), listing_bits_(listing_bits) {
    absl::flat_hash_map<absl::string_view, double> text_ids;
    for (const std::size_t c : Chosen(columns, refused)) {
      const TypedColumn& column = columns[c];
      PairColumn pair;
      pair.index = c;
      pair.is_category = !column.is_numeric();
      pair.is_date = column.type == v1::COLUMN_TYPE_DATE;
      pair.values = column.values;
      if (pair.is_category) {
        std::vector<double> id_of_level;
        for (const std::string& level : column.levels) {
          const auto next = static_cast<double>(text_ids.size());
          id_of_level.push_back(
              text_ids.try_emplace(level, next).first->second);
        }
        for (double& value : pair.values) {
          if (!std::isnan(value)) {
            value = id_of_level[static_cast<std::size_t>(value)];
          }
        }
      }
      if (column.distinct <= kValuesMax) {
        pair.codes = CodesOf(column);
        pair.code_count = static_cast<int>(column.distinct);
      }
      columns_.push_back(std::move(pair));
    }
    const auto count = static_cast<double>(columns_.size());
    pairs_tried_ = count * (count - 1) * 1.5;
    ChooseProbe();
  }

  std::vector<PairLeak> Run() const {
    std::vector<PairLeak> leaks;
    std::vector<bool> used(columns_.size(), false);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      for (std::size_t j = i + 1; j < columns_.size() && !used[i]; ++j) {
        if (used[j]) continue;
        if (std::optional<PairLeak> leak = Try(columns_[i], columns_[j])) {
          used[i] = used[j] = true;
          leaks.push_back(*leak);
        }
      }
    }
    return leaks;
  }

 private:
  static std::vector<std::size_t> Chosen(absl::Span<const TypedColumn> columns,
                                         const std::vector<bool>& refused) {
    std::vector<std::size_t> chosen;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (!refused[c] && columns[c].distinct > 0 &&
          columns[c].distinct + (columns[c].missing > 0 ? 1 : 0) > 1) {
        chosen.push_back(c);
      }
    }
    // Few values first: rules on them are the most common.
    std::stable_sort(chosen.begin(), chosen.end(), [&](auto a, auto b) {
      return columns[a].distinct < columns[b].distinct;
    });
    if (chosen.size() > kColumnsMax) chosen.resize(kColumnsMax);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  void ChooseProbe() {
    std::vector<int> of_class[2];
    for (std::size_t r = 0; r < labels_.size(); ++r) {
      of_class[labels_[r] > 0.5F ? 1 : 0].push_back(static_cast<int>(r));
    }
    for (const std::vector<int>& rows : of_class) {
      const std::size_t count = std::min(kProbeRows, rows.size());
      for (std::size_t i = 0; i < count; ++i) {
        probe_.push_back(rows[i * rows.size() / count]);
      }
    }
    for (const int r : probe_) {
      probe_labels_.push_back(labels_[static_cast<std::size_t>(r)]);
    }
    for (std::size_t r = 0; r < labels_.size(); ++r) {
      all_.push_back(static_cast<int>(r));
    }
  }

  std::optional<PairLeak> Try(const PairColumn& a, const PairColumn& b) const {
    const bool comparable =
        a.is_category == b.is_category && a.is_date == b.is_date;
    PairLeak leak;
    leak.a = a.index;
    leak.b = b.index;
    if (comparable &&
        Equality(a, b, probe_, probe_labels_).fit.errors <= kProbeErrorsMax) {
      const ValueRule rule = Equality(a, b, all_, labels_);
      leak.fit = rule.fit;
      leak.rule =
          rule.positive[1] ? PairLeak::Rule::kEqual : PairLeak::Rule::kUnequal;
      if (leak.fit.IsCertain(pairs_tried_, listing_bits_)) return leak;
    }
    if (comparable && !a.is_category &&
        Difference(a, b, probe_, probe_labels_).fit.errors <= kProbeErrorsMax) {
      const CutRule rule = Difference(a, b, all_, labels_);
      leak.fit = rule.fit;
      leak.cut = rule.cut;
      leak.rule =
          rule.positive_below ? PairLeak::Rule::kBelow : PairLeak::Rule::kAbove;
      if (leak.fit.IsCertain(pairs_tried_, listing_bits_)) return leak;
    }
    if (a.codes.empty() || b.codes.empty()) return std::nullopt;
    if (Joint(a, b, probe_, probe_labels_).fit.errors > kProbeErrorsMax) {
      return std::nullopt;
    }
    leak.fit = Joint(a, b, all_, labels_).fit;
    leak.rule = PairLeak::Rule::kValues;
    if (leak.fit.IsCertain(pairs_tried_, listing_bits_)) return leak;
    return std::nullopt;
  }

  static ValueRule Equality(const PairColumn& a, const PairColumn& b,
                            const std::vector<int>& rows,
                            absl::Span<const float> labels) {
    std::vector<int> codes;
    codes.reserve(rows.size());
    for (const int row : rows) {
      const double x = a.values[static_cast<std::size_t>(row)];
      const double y = b.values[static_cast<std::size_t>(row)];
      const bool both_missing = std::isnan(x) && std::isnan(y);
      codes.push_back(both_missing || x == y ? 1 : 0);
    }
    return FitValueRule(codes, 2, labels);
  }

  static CutRule Difference(const PairColumn& a, const PairColumn& b,
                            const std::vector<int>& rows,
                            absl::Span<const float> labels) {
    std::vector<double> values;
    values.reserve(rows.size());
    for (const int row : rows) {
      const auto r = static_cast<std::size_t>(row);
      values.push_back(a.values[r] - b.values[r]);
    }
    return FitCutRule(values, labels);
  }

  static ValueRule Joint(const PairColumn& a, const PairColumn& b,
                         const std::vector<int>& rows,
                         absl::Span<const float> labels) {
    std::vector<int> codes;
    codes.reserve(rows.size());
    for (const int row : rows) {
      const auto r = static_cast<std::size_t>(row);
      codes.push_back((a.codes[r] + 1) * (b.code_count + 1) + b.codes[r] + 1);
    }
    return FitValueRule(codes, (a.code_count + 1) * (b.code_count + 1), labels);
  }

  absl::Span<const float> labels_;
  const double listing_bits_;
  std::vector<PairColumn> columns_;
  double pairs_tried_ = 0;
  std::vector<int> probe_;  // Rows.
  std::vector<float> probe_labels_;
  std::vector<int> all_;
};

}  // namespace

std::string PairLeak::Describe(absl::string_view a_name,
                               absl::string_view b_name) const {
  switch (rule) {
    case Rule::kEqual:
      return absl::StrCat(a_name, " equals ", b_name);
    case Rule::kUnequal:
      return absl::StrCat(a_name, " differs from ", b_name);
    case Rule::kBelow:
      return absl::StrCat(a_name, " - ", b_name, " is below ", cut);
    case Rule::kAbove:
      return absl::StrCat(a_name, " - ", b_name, " is above ", cut);
    case Rule::kValues:
      break;
  }
  return absl::StrCat(a_name, " and ", b_name, " have certain values");
}

std::vector<int> CodesOf(const TypedColumn& column) {
  absl::flat_hash_map<double, int> code_of;
  std::vector<int> codes;
  codes.reserve(column.values.size());
  for (const double value : column.values) {
    if (std::isnan(value)) {
      codes.push_back(-1);
      continue;
    }
    const int next = static_cast<int>(code_of.size());
    codes.push_back(code_of.try_emplace(value, next).first->second);
  }
  return codes;
}

std::vector<PairLeak> FindPairLeaks(absl::Span<const TypedColumn> columns,
                                    absl::Span<const float> labels,
                                    const std::vector<bool>& refused,
                                    double listing_bits) {
  return PairSearch(columns, labels, refused, listing_bits).Run();
}

}  // namespace tenuto
