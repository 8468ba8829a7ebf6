#include "training/grace/dated_columns.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace tenuto {
namespace {

constexpr double kTellsDate = 0.2;
constexpr std::size_t kRowsMin = 100;

std::vector<double> RanksOf(absl::Span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return values[a] < values[b];
  });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && values[order[last]] == values[order[first]]) {
      ++last;
    }
    for (std::size_t k = first; k < last; ++k) {
      ranks[order[k]] = 0.5 * static_cast<double>(first + last - 1);
    }
    first = last;
  }
  return ranks;
}

bool TellsDate(absl::Span<const double> values,
               absl::Span<const double> times) {
  return values.size() >= kRowsMin &&
         std::abs(RankCorrelation(values, times)) > kTellsDate;
}

}  // namespace

double RankCorrelation(absl::Span<const double> x, absl::Span<const double> y) {
  const std::vector<double> a = RanksOf(x), b = RanksOf(y);
  const double mean = 0.5 * (static_cast<double>(x.size()) - 1);
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    aa += (a[k] - mean) * (a[k] - mean);
    bb += (b[k] - mean) * (b[k] - mean);
    ab += (a[k] - mean) * (b[k] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

std::vector<int> FindDatedColumns(const TrainingMatrix& rows) {
  std::vector<int> dated;
  for (int column = 0; column < rows.width(); ++column) {
    std::vector<double> values, times;
    for (int r = 0; r < rows.rows(); ++r) {
      const double value = rows.row(r)[static_cast<std::size_t>(column)];
      if (std::isnan(value)) continue;
      values.push_back(value);
      times.push_back(
          static_cast<double>(rows.times_s[static_cast<std::size_t>(r)]));
    }
    if (TellsDate(values, times)) dated.push_back(column);
  }
  return dated;
}

void EmptyColumns(absl::Span<const int> columns, TrainingMatrix& rows) {
  const auto width = static_cast<std::size_t>(rows.width());
  for (const int column : columns) {
    for (auto k = static_cast<std::size_t>(column); k < rows.values.size();
         k += width) {
      rows.values[k] = std::numeric_limits<float>::quiet_NaN();
    }
  }
}

}  // namespace tenuto
