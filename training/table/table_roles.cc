#include "training/table/table_roles.h"

#include <xxhash.h>

#include <cmath>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

absl::StatusOr<std::vector<std::uint64_t>> ReadGroups(const CsvTable& table,
                                                      int key) {
  std::vector<std::uint64_t> groups;
  groups.reserve(static_cast<std::size_t>(table.rows()));
  for (int r = 0; r < table.rows(); ++r) {
    if (key < 0) {
      groups.push_back(static_cast<std::uint64_t>(r));
      continue;
    }
    const absl::string_view cell = table.cell(r, key);
    if (cell.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          table.name(), " line ", table.line(r), ": --key column ", "\"",
          table.header()[static_cast<std::size_t>(key)], "\" is empty"));
    }
    groups.push_back(XXH3_64bits(cell.data(), cell.size()));
  }
  return groups;
}

// A limit in the unit of the time column.
absl::StatusOr<double> ReadLimit(absl::string_view flag,
                                 const std::string& text, bool is_date) {
  const std::optional<double> value =
      is_date ? ParseDateDays(text) : ParseNumber(text);
  if (value) return *value;
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " \"", text, "\" is not ",
                   is_date ? "a date like 2018-03-01" : "a number"));
}

absl::Status ReadTimes(const CsvTable& table, int time,
                       const TableColumns& columns, TableRoles& roles) {
  TypedColumn column = ReadColumn(table, time);
  roles.times_are_dates = column.type == v1::COLUMN_TYPE_DATE;
  if (!roles.times_are_dates && column.type != v1::COLUMN_TYPE_NUMBER) {
    return absl::InvalidArgumentError(
        absl::StrCat(table.name(), ": --time column \"", column.name,
                     "\" holds neither dates like 2018-03-01 nor numbers",
                     column.odd_cell.empty()
                         ? ""
                         : absl::StrCat("; see \"", column.odd_cell,
                                        "\" on line ", column.odd_line)));
  }
  for (int r = 0; r < table.rows(); ++r) {
    if (!std::isnan(column.values[static_cast<std::size_t>(r)])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(table.name(), " line ", table.line(r), ": --time column ",
                     "\"", column.name, "\" is empty"));
  }
  TENUTO_ASSIGN_OR_RETURN(
      roles.limits.train_before,
      ReadLimit("--train-before", columns.train_before, roles.times_are_dates));
  TENUTO_ASSIGN_OR_RETURN(
      roles.limits.test_from,
      ReadLimit("--test-from", columns.test_from, roles.times_are_dates));
  roles.times = std::move(column.values);
  return absl::OkStatus();
}

absl::Status CheckFlags(const TableColumns& columns) {
  const bool has_limits =
      !columns.train_before.empty() && !columns.test_from.empty();
  const bool has_limit =
      !columns.train_before.empty() || !columns.test_from.empty();
  if (!columns.time.empty() && !has_limits) {
    return absl::InvalidArgumentError(
        "--time needs --train-before and --test-from");
  }
  if (columns.time.empty() && has_limit) {
    return absl::InvalidArgumentError(
        "--train-before and --test-from need --time, the column to compare");
  }
  return absl::OkStatus();
}

// Columns that are no candidates, with the reason.
class ColumnParts {
 public:
  explicit ColumnParts(const CsvTable& table) : table_(table) {}

  absl::StatusOr<int> Take(absl::string_view flag, const std::string& name,
                           absl::string_view reason) {
    TENUTO_ASSIGN_OR_RETURN(const int column, table_.Column(name, flag));
    if (const auto [entry, is_new] = taken_.try_emplace(column, flag);
        !is_new) {
      return absl::InvalidArgumentError(absl::StrCat(
          "column \"", name, "\" is both ", entry->second, " and ", flag));
    }
    if (!reason.empty()) dropped_.push_back({name, std::string(reason)});
    return column;
  }

  bool IsTaken(int column) const { return taken_.contains(column); }
  const std::vector<DroppedColumn>& dropped() const { return dropped_; }

 private:
  const CsvTable& table_;
  absl::flat_hash_map<int, std::string> taken_;
  std::vector<DroppedColumn> dropped_;
};

// Their places in the table; -1: not given.
struct NamedColumns {
  int target = -1;
  int key = -1;
  int time = -1;
};

absl::StatusOr<NamedColumns> FindNamed(const TableColumns& columns,
                                       ColumnParts& parts) {
  NamedColumns named;
  TENUTO_ASSIGN_OR_RETURN(named.target,
                          parts.Take("--target", columns.target, ""));
  if (!columns.key.empty()) {
    TENUTO_ASSIGN_OR_RETURN(named.key, parts.Take("--key", columns.key,
                                                  "names the user, by --key"));
  }
  if (!columns.time.empty()) {
    TENUTO_ASSIGN_OR_RETURN(named.time, parts.Take("--time", columns.time,
                                                   "dates the row, by --time"));
  }
  for (const std::string& name : columns.drop) {
    TENUTO_RETURN_IF_ERROR(
        parts.Take("--drop", name, "left out by --drop").status());
  }
  return named;
}

}  // namespace

absl::StatusOr<TableRoles> ReadRoles(const CsvTable& table,
                                     const TableColumns& columns) {
  TENUTO_RETURN_IF_ERROR(CheckFlags(columns));
  TableRoles roles;
  ColumnParts parts(table);
  TENUTO_ASSIGN_OR_RETURN(const NamedColumns named, FindNamed(columns, parts));
  roles.dropped = parts.dropped();

  TENUTO_ASSIGN_OR_RETURN(roles.target, ReadTarget(table, named.target));
  TENUTO_ASSIGN_OR_RETURN(roles.groups, ReadGroups(table, named.key));
  if (named.time >= 0) {
    TENUTO_RETURN_IF_ERROR(ReadTimes(table, named.time, columns, roles));
    if (roles.times_are_dates) roles.known_days = roles.times;
  }
  if (!columns.as_of.empty()) {
    TENUTO_ASSIGN_OR_RETURN(const double as_of,
                            ReadLimit("--as-of", columns.as_of, true));
    roles.known_days.assign(static_cast<std::size_t>(table.rows()), as_of);
  }
  for (int c = 0; c < table.columns(); ++c) {
    if (!parts.IsTaken(c)) roles.candidates.push_back(ReadColumn(table, c));
  }
  return roles;
}

}  // namespace tenuto
