// Typed columns for tests, made from numbers or texts.
// Thread-safe.
#ifndef TENUTO_TESTS_TRAINING_TABLE_TABLE_MAKER_H_
#define TENUTO_TESTS_TRAINING_TABLE_TABLE_MAKER_H_

#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "training/table/column_types.h"

namespace tenuto {

inline TypedColumn MakeColumn(std::string name, std::vector<double> values,
                              v1::ColumnType type = v1::COLUMN_TYPE_NUMBER) {
  TypedColumn column;
  column.name = std::move(name);
  column.type = type;
  column.values = std::move(values);
  std::set<double> seen;
  for (const double value : column.values) {
    if (std::isnan(value)) {
      ++column.missing;
    } else {
      seen.insert(value);
    }
  }
  column.distinct = static_cast<std::int64_t>(seen.size());
  if (type == v1::COLUMN_TYPE_CATEGORY) {
    for (const double level : seen) {
      column.levels.push_back(absl::StrCat("text ", level));
    }
  }
  return column;
}

inline std::vector<std::uint64_t> EachRowItsOwn(std::size_t rows) {
  std::vector<std::uint64_t> groups(rows);
  std::iota(groups.begin(), groups.end(), std::uint64_t{0});
  return groups;
}

inline std::vector<int> AllRows(std::size_t rows) {
  std::vector<int> all(rows);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_TRAINING_TABLE_TABLE_MAKER_H_
