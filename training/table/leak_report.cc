#include "training/table/leak_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "training/table/column_names.h"
#include "training/table/evidence.h"
#include "training/table/linear_identity.h"
#include "training/table/pair_rules.h"

namespace tenuto {
namespace {

constexpr double kSuspiciousAuc = 0.98;
constexpr int kIdentitiesMax = 16;
constexpr std::size_t kShortIdentity = 3;

std::string ShowValue(const TypedColumn& column, double value) {
  if (column.type != v1::COLUMN_TYPE_DATE) return absl::StrCat(value);
  const bool is_day = value == std::floor(value);
  return absl::FormatTime(is_day ? "%Y-%m-%d" : "%Y-%m-%d %H:%M",
                          absl::UnixEpoch() + value * absl::Hours(24),
                          absl::UTCTimeZone());
}

class LeakSearch {
 public:
  explicit LeakSearch(const LeakQuestion& question)
      : question_(question),
        columns_(question.columns),
        listing_bits_(ListingBits(question.labels, question.groups)),
        reason_(columns_.size()),
        refused_(columns_.size(), false) {}

  std::vector<LeakFinding> Run() {
    for (std::size_t c = 0; c < columns_.size(); ++c) RefuseAlone(c);
    for (std::size_t c = 0; c < columns_.size(); ++c) RefuseFuture(c);
    RefuseCosts();
    RefusePairs();
    RefuseSums();
    std::vector<LeakFinding> findings;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (refused_[c]) {
        findings.push_back({columns_[c].name, reason_[c], true});
      }
    }
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (refused_[c]) continue;
      if (std::string doubt = Doubt(c); !doubt.empty()) {
        findings.push_back({columns_[c].name, std::move(doubt), false});
      }
    }
    return findings;
  }

 private:
  void Refuse(std::size_t column, std::string reason) {
    if (refused_[column]) return;
    refused_[column] = true;
    reason_[column] = std::move(reason);
  }

  std::string Outcome() const {
    return absl::StrCat(question_.target, " = ", question_.positive);
  }

  static std::string Exceptions(const RuleFit& fit) {
    if (fit.errors == 0) return "";
    return absl::StrCat(" (all but ", fit.errors, " of ", fit.rows, " rows)");
  }

  void RefuseAlone(std::size_t c) {
    const TypedColumn& column = columns_[c];
    const auto tried = static_cast<double>(columns_.size());
    std::vector<int> present(column.values.size());
    for (std::size_t r = 0; r < present.size(); ++r) {
      present[r] = std::isnan(column.values[r]) ? 0 : 1;
    }
    const ValueRule filled = FitValueRule(present, 2, question_.labels);
    if (filled.fit.IsCertain(tried, listing_bits_)) {
      Refuse(c, absl::StrCat("gives the target away: it is ",
                             filled.positive[1] ? "filled" : "empty",
                             " exactly where ", Outcome(),
                             Exceptions(filled.fit)));
      return;
    }
    if (column.is_numeric() && column.distinct > 2) RefuseByCut(c);
    // Values that hardly repeat tell every row apart, whatever the target.
    if (refused_[c] || column.distinct * 5 > filled.fit.rows) return;
    const ValueRule alone = FitValueRule(
        CodesOf(column), static_cast<int>(column.distinct), question_.labels);
    if (!alone.fit.IsCertain(tried, listing_bits_)) return;
    Refuse(c, absl::StrCat(column.distinct <= 2
                               ? "equals the target"
                               : "gives the target away: each of its values "
                                 "belongs to one outcome",
                           Exceptions(alone.fit)));
  }

  void RefuseByCut(std::size_t c) {
    const TypedColumn& column = columns_[c];
    const CutRule cut = FitCutRule(column.values, question_.labels);
    const auto tried = static_cast<double>(columns_.size());
    if (!cut.fit.IsCertain(tried, listing_bits_)) return;
    Refuse(c, absl::StrCat("gives the target away: ", Outcome(),
                           " exactly where it is ",
                           cut.missing_is_positive ? "empty or " : "",
                           cut.positive_below ? "below " : "above ",
                           ShowValue(column, cut.cut), Exceptions(cut.fit)));
  }

  // A date after the row's own time was not known then, unless it is a plan.
  void RefuseFuture(std::size_t c) {
    const TypedColumn& column = columns_[c];
    if (question_.known_days.empty() || column.type != v1::COLUMN_TYPE_DATE ||
        IsPlannedDate(column.name)) {
      return;
    }
    const std::int64_t later = LaterRows(column);
    const auto rows = static_cast<std::int64_t>(column.values.size());
    if (later * 1000 <= rows - column.missing) return;
    Refuse(c, absl::StrCat(
                  "not known at prediction time: ", later,
                  " rows hold a date later than their own time, so the table "
                  "was made later: were its counts, too?"));
    for (std::size_t d = 0; d < columns_.size(); ++d) {
      if (d == c || !IsRestated(column, columns_[d])) continue;
      Refuse(d, absl::StrCat("not known at prediction time: it counts from \"",
                             column.name, "\", which holds later dates"));
    }
  }

  // Whether `b` is a + weight * `a`, as an age is of a date of birth.
  static bool IsRestated(const TypedColumn& a, const TypedColumn& b) {
    if (!b.is_numeric() || b.distinct != a.distinct || b.missing != a.missing ||
        a.distinct < 3) {
      return false;
    }
    std::size_t low = a.values.size();
    std::size_t high = low;
    for (std::size_t r = 0; r < a.values.size(); ++r) {
      if (std::isnan(a.values[r])) continue;
      if (low == a.values.size() || a.values[r] < a.values[low]) low = r;
      if (high == a.values.size() || a.values[r] > a.values[high]) high = r;
    }
    const double from = b.values[low];
    const double to = b.values[high];
    const double weight = (to - from) / (a.values[high] - a.values[low]);
    const double tolerance = 1e-6 * std::abs(to - from);
    for (std::size_t r = 0; r < a.values.size(); ++r) {
      if (std::isnan(a.values[r]) && std::isnan(b.values[r])) continue;
      const double line = from + weight * (a.values[r] - a.values[low]);
      if (!(std::abs(b.values[r] - line) <= tolerance)) return false;
    }
    return true;
  }

  std::int64_t LaterRows(const TypedColumn& column) const {
    std::int64_t later = 0;
    for (std::size_t r = 0; r < column.values.size(); ++r) {
      // Whole days, because one of the two may be a day and the other a time.
      later +=
          std::floor(column.values[r]) > std::floor(question_.known_days[r])
              ? 1
              : 0;
    }
    return later;
  }

  void RefuseCosts() {
    std::vector<std::string> names;
    for (const TypedColumn& column : columns_) names.push_back(column.name);
    for (const int c : CostMatrixColumns(names)) {
      Refuse(static_cast<std::size_t>(c),
             "price of a right or wrong decision about the row, one of the "
             "columns fp, fn, tp, tn; no property of the user");
    }
  }

  void RefusePairs() {
    for (const PairLeak& leak :
         FindPairLeaks(columns_, question_.labels, refused_, listing_bits_)) {
      const std::string& a = columns_[leak.a].name;
      const std::string& b = columns_[leak.b].name;
      const std::string reason = absl::StrCat(
          "gives the target away in a pair: ", Outcome(), " exactly where ",
          leak.Describe(a, b), Exceptions(leak.fit));
      Refuse(leak.a, reason);
      Refuse(leak.b, reason);
    }
  }

  // A short sum is refused whole: which of its columns was counted too late
  // cannot be seen. Of a long one the widest, which is the total of the others.
  void RefuseSums() {
    for (int i = 0; i < kIdentitiesMax; ++i) {
      const std::optional<LinearIdentity> identity = FindLinearIdentity(
          columns_, question_.labels, refused_, listing_bits_);
      if (!identity) return;
      const std::string reason = absl::StrCat(
          "gives the target away in a sum: ", DescribeSum(*identity), " = ",
          question_.target, Exceptions(identity->fit));
      const std::size_t refused_count =
          identity->terms.size() <= kShortIdentity ? identity->terms.size() : 1;
      for (std::size_t t = 0; t < refused_count; ++t) {
        Refuse(static_cast<std::size_t>(identity->terms[t].column), reason);
      }
    }
  }

  std::string DescribeSum(const LinearIdentity& identity) const {
    std::string sum;
    const auto add = [&](double weight, const std::string& name) {
      const bool is_first = sum.empty();
      absl::StrAppend(&sum, weight < 0 ? (is_first ? "-" : " - ")
                                       : (is_first ? "" : " + "));
      const double size = std::round(std::abs(weight) * 1e4) / 1e4;
      if (name.empty()) {
        absl::StrAppend(&sum, size);
      } else if (size == 1) {
        absl::StrAppend(&sum, name);
      } else {
        absl::StrAppend(&sum, size, " ", name);
      }
    };
    for (const auto& term : identity.terms) {
      add(term.weight, columns_[static_cast<std::size_t>(term.column)].name);
    }
    if (std::abs(identity.intercept) > 1e-4) add(identity.intercept, "");
    return sum;
  }

  // Why a column that is kept should be looked at, or nothing.
  std::string Doubt(std::size_t c) const {
    const TypedColumn& column = columns_[c];
    std::vector<std::string> doubts;
    const double auc = SeparationOf(column);
    if (auc > kSuspiciousAuc) {
      doubts.push_back(absl::StrCat("tells the target alone with an AUC of ",
                                    std::round(auc * 1e4) / 1e4));
    }
    if (std::string filled = OneSidedFilling(column); !filled.empty()) {
      doubts.push_back(std::move(filled));
    }
    if (SharesWordWithTarget(column.name, question_.target)) {
      doubts.push_back("its name mentions the target");
    }
    if (column.type == v1::COLUMN_TYPE_DATE && !question_.known_days.empty()) {
      if (const std::int64_t later = LaterRows(column); later > 0) {
        doubts.push_back(absl::StrCat(later,
                                      " rows hold a date later than "
                                      "their own time"));
      }
    }
    return absl::StrJoin(doubts, "; ");
  }

  double SeparationOf(const TypedColumn& column) const {
    if (column.is_numeric()) {
      const double auc = AucOfValues(column.values, question_.labels);
      return std::max(auc, 1 - auc);
    }
    // Of a category by the rate of each level, if the levels are few.
    if (column.distinct * 50 >
        static_cast<std::int64_t>(column.values.size())) {
      return 0.5;
    }
    std::vector<double> rows(column.levels.size());
    std::vector<double> positives(column.levels.size());
    for (std::size_t r = 0; r < column.values.size(); ++r) {
      if (std::isnan(column.values[r])) continue;
      const auto level = static_cast<std::size_t>(column.values[r]);
      rows[level] += 1;
      positives[level] += static_cast<double>(question_.labels[r]);
    }
    std::vector<double> rates(column.values);
    for (double& value : rates) {
      if (std::isnan(value)) continue;
      const auto level = static_cast<std::size_t>(value);
      value = positives[level] / rows[level];
    }
    return AucOfValues(rates, question_.labels);
  }

  // Never empty for one outcome, often for the other: written afterwards?
  std::string OneSidedFilling(const TypedColumn& column) const {
    double rows[2] = {0, 0};
    double empty[2] = {0, 0};
    for (std::size_t r = 0; r < column.values.size(); ++r) {
      const int label = question_.labels[r] > 0.5F ? 1 : 0;
      rows[label] += 1;
      empty[label] += std::isnan(column.values[r]) ? 1 : 0;
    }
    for (const int side : {1, 0}) {
      const double expected =
          (empty[0] + empty[1]) * rows[side] / (rows[0] + rows[1]);
      if (expected < 20) continue;
      if (empty[side] == 0) {
        return absl::StrCat("is filled in every row with ",
                            side == 1 ? "" : "not ", Outcome(),
                            " but empty in ", empty[1 - side], " others");
      }
      if (empty[side] == rows[side] && rows[side] >= 20) {
        return absl::StrCat("is empty in every row with ",
                            side == 1 ? "" : "not ", Outcome());
      }
    }
    return "";
  }

  const LeakQuestion& question_;
  absl::Span<const TypedColumn> columns_;
  const double listing_bits_;
  std::vector<std::string> reason_;
  std::vector<bool> refused_;
};

}  // namespace

std::vector<LeakFinding> FindLeaks(const LeakQuestion& question) {
  return LeakSearch(question).Run();
}

}  // namespace tenuto
