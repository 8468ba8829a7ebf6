#include "training/table/linear_identity.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

namespace tenuto {
namespace {

// Of which all triples are tried.
constexpr int kColumnsMax = 256;
constexpr int kPartRowsMax = 4000;
constexpr int kParts = 4;
// A sum that is this near to 0 or 1 is meant to be it.
constexpr double kNear = 0.02;

// Standardised numeric columns of rows where none of them is missing.
struct Equations {
  std::vector<int> columns;
  std::vector<double> mean, scale;  // A member of `columns` each.
  std::vector<int> rows;
};

// Mean and spread of the cells that are not missing.
std::pair<double, double> MeanAndScale(const TypedColumn& column) {
  double sum = 0;
  double square = 0;
  double count = 0;
  for (const double v : column.values) {
    if (std::isnan(v)) continue;
    sum += v;
    count += 1;
  }
  const double mean = sum / count;
  for (const double v : column.values) {
    if (!std::isnan(v)) square += (v - mean) * (v - mean);
  }
  return {mean, std::sqrt(square / count)};
}

Equations MakeEquations(absl::Span<const TypedColumn> columns,
                        const std::vector<bool>& refused) {
  Equations system;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const TypedColumn& column = columns[c];
    const auto rows = static_cast<std::int64_t>(column.values.size());
    if (refused[c] || !column.is_numeric() || column.distinct < 2 ||
        column.missing * 50 > rows ||
        static_cast<int>(system.columns.size()) == kColumnsMax) {
      continue;
    }
    const auto [mean, scale] = MeanAndScale(column);
    if (!std::isfinite(scale) || scale <= 0) continue;
    system.columns.push_back(static_cast<int>(c));
    system.mean.push_back(mean);
    system.scale.push_back(scale);
  }
  if (system.columns.empty()) return system;
  const std::size_t row_count =
      columns[static_cast<std::size_t>(system.columns[0])].values.size();
  for (std::size_t r = 0; r < row_count; ++r) {
    const bool complete =
        std::none_of(system.columns.begin(), system.columns.end(), [&](int c) {
          return std::isnan(columns[static_cast<std::size_t>(c)].values[r]);
        });
    if (complete) system.rows.push_back(static_cast<int>(r));
  }
  return system;
}

// Some of `rows`, other ones a part, spread over the whole table.
void TakeSpread(const std::vector<int>& rows, int part, int size,
                std::vector<int>& chosen) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const std::int64_t taken = std::min<std::int64_t>(size, count);
  for (std::int64_t i = 0; i < taken; ++i) {
    const std::int64_t at = (i * kParts + part) * count / (taken * kParts);
    chosen.push_back(rows[static_cast<std::size_t>(at)]);
  }
}

// Half of each class, or what there is of it.
std::vector<int> PartOf(const std::vector<int>& rows,
                        absl::Span<const float> labels, int part, int size) {
  std::vector<int> positives;
  std::vector<int> negatives;
  for (const int row : rows) {
    const bool is_positive = labels[static_cast<std::size_t>(row)] > 0.5F;
    (is_positive ? positives : negatives).push_back(row);
  }
  std::vector<int> chosen;
  TakeSpread(positives, part, size / 2, chosen);
  TakeSpread(negatives, part, size / 2, chosen);
  return chosen;
}

class Solver {
 public:
  Solver(absl::Span<const TypedColumn> columns, absl::Span<const float> labels,
         const Equations& system, const std::vector<int>& part)
      : a_(static_cast<Eigen::Index>(part.size()),
           static_cast<Eigen::Index>(system.columns.size()) + 1),
        y_(static_cast<Eigen::Index>(part.size())) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      const auto r = static_cast<std::size_t>(part[i]);
      y_(row) = static_cast<double>(labels[r]);
      for (std::size_t j = 0; j < system.columns.size(); ++j) {
        const auto c = static_cast<std::size_t>(system.columns[j]);
        a_(row, static_cast<Eigen::Index>(j)) =
            (columns[c].values[r] - system.mean[j]) / system.scale[j];
      }
      a_(row, a_.cols() - 1) = 1;
    }
  }

  // Weights of the standardised columns `use`, the intercept last; empty when
  // they do not make the target.
  Eigen::VectorXd Solve(const std::vector<int>& use) const {
    Eigen::MatrixXd chosen(a_.rows(),
                           static_cast<Eigen::Index>(use.size()) + 1);
    for (std::size_t j = 0; j < use.size(); ++j) {
      chosen.col(static_cast<Eigen::Index>(j)) = a_.col(use[j]);
    }
    chosen.col(chosen.cols() - 1) = a_.col(a_.cols() - 1);
    Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(chosen);
    qr.setThreshold(1e-9);
    const Eigen::VectorXd weights = qr.solve(y_);
    const double worst = (chosen * weights - y_).cwiseAbs().maxCoeff();
    return worst < kNear ? weights : Eigen::VectorXd();
  }

  // Three columns that make the target, or nothing. All triples are looked at,
  // by the normal equations of three unknowns; what looks exact is solved.
  std::vector<int> ShortSum() const {
    const Eigen::Index width = a_.cols() - 1;
    const Eigen::MatrixXd x =
        a_.leftCols(width).rowwise() - a_.leftCols(width).colwise().mean();
    const Eigen::VectorXd y = y_.array() - y_.mean();
    const Eigen::MatrixXd gram = x.transpose() * x;
    const Eigen::VectorXd moment = x.transpose() * y;
    const double loose = 1e-3 * y.squaredNorm();
    for (int i = 0; i < width; ++i) {
      for (int j = i + 1; j < width; ++j) {
        for (int k = j + 1; k < width; ++k) {
          const Eigen::Vector3i three(i, j, k);
          const Eigen::Matrix3d g = gram(three, three);
          const Eigen::Vector3d m = moment(three);
          const Eigen::Vector3d weights = g.inverse() * m;
          if (std::abs(y.squaredNorm() - m.dot(weights)) > loose) continue;
          if (Solve({i, j, k}).size() > 0) return {i, j, k};
        }
      }
    }
    return {};
  }

  // The same as Solve, with every column that is not needed left out of `use`.
  Eigen::VectorXd SolveShortest(std::vector<int>& use) const {
    Eigen::VectorXd weights = Solve(use);
    if (weights.size() == 0) return weights;
    std::vector<int> needed;
    for (std::size_t j = 0; j < use.size(); ++j) {
      if (std::abs(weights(static_cast<Eigen::Index>(j))) > 1e-6) {
        needed.push_back(use[j]);
      }
    }
    use = needed;
    for (std::size_t j = use.size(); j-- > 0;) {
      std::vector<int> fewer;
      for (std::size_t k = 0; k < use.size(); ++k) {
        if (k != j) fewer.push_back(use[k]);
      }
      if (Solve(fewer).size() > 0) use = fewer;
    }
    return Solve(use);
  }

 private:
  Eigen::MatrixXd a_;
  Eigen::VectorXd y_;
};

LinearIdentity ToIdentity(const Equations& system, const std::vector<int>& use,
                          const Eigen::VectorXd& weights) {
  LinearIdentity identity;
  identity.intercept = weights(weights.size() - 1);
  std::vector<double> spread;
  for (std::size_t j = 0; j < use.size(); ++j) {
    const auto k = static_cast<std::size_t>(use[j]);
    const double weight =
        weights(static_cast<Eigen::Index>(j)) / system.scale[k];
    identity.terms.push_back({system.columns[k], weight});
    identity.intercept -= weight * system.mean[k];
    spread.push_back(std::abs(weights(static_cast<Eigen::Index>(j))));
  }
  std::vector<std::size_t> order(use.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return spread[a] > spread[b]; });
  std::vector<LinearIdentity::Term> sorted;
  sorted.reserve(order.size());
  for (const std::size_t i : order) sorted.push_back(identity.terms[i]);
  identity.terms = std::move(sorted);
  return identity;
}

void Check(absl::Span<const TypedColumn> columns,
           absl::Span<const float> labels, const Equations& system,
           LinearIdentity& identity) {
  for (const int row : system.rows) {
    const auto r = static_cast<std::size_t>(row);
    double sum = identity.intercept;
    for (const auto& term : identity.terms) {
      sum += term.weight *
             columns[static_cast<std::size_t>(term.column)].values[r];
    }
    ++identity.fit.rows;
    identity.fit.positives += labels[r] > 0.5F ? 1 : 0;
    const bool equal = std::abs(sum - static_cast<double>(labels[r])) < kNear;
    identity.fit.errors += equal ? 0 : 1;
  }
  // A weight is written in about 16 bits.
  identity.fit.rule_bits =
      16.0 * (static_cast<double>(identity.terms.size()) + 1) +
      Log2Choose(static_cast<double>(system.columns.size()),
                 static_cast<double>(identity.terms.size()));
}

}  // namespace

std::optional<LinearIdentity> FindLinearIdentity(
    absl::Span<const TypedColumn> columns, absl::Span<const float> labels,
    const std::vector<bool>& refused, double listing_bits) {
  const Equations system = MakeEquations(columns, refused);
  const int unknowns = static_cast<int>(system.columns.size()) + 1;
  const int part_rows = std::min(kPartRowsMax, 8 * unknowns + 64);
  // With fewer rows than this, any target is a sum of the columns.
  if (static_cast<int>(system.rows.size()) < 3 * unknowns) return std::nullopt;
  for (int p = 0; p < kParts; ++p) {
    const Solver solver(columns, labels, system,
                        PartOf(system.rows, labels, p, part_rows));
    std::vector<int> use = solver.ShortSum();
    if (use.empty()) {
      use.resize(system.columns.size());
      std::iota(use.begin(), use.end(), 0);
    }
    const Eigen::VectorXd weights = solver.SolveShortest(use);
    if (weights.size() == 0 || use.empty()) continue;
    LinearIdentity identity = ToIdentity(system, use, weights);
    Check(columns, labels, system, identity);
    if (identity.fit.IsCertain(1, listing_bits)) return identity;
  }
  return std::nullopt;
}

}  // namespace tenuto
