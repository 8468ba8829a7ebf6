#include "training/table/column_types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace tenuto {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

bool IsOneOf(absl::string_view cell,
             absl::Span<const absl::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](absl::string_view word) {
    return absl::EqualsIgnoreCase(cell, word);
  });
}

bool HasDigit(absl::string_view cell) {
  return std::any_of(cell.begin(), cell.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

std::optional<double> DaysOfTime(absl::string_view format,
                                 absl::string_view cell) {
  absl::Time time;
  const std::string pattern(format);
  if (!absl::ParseTime(pattern, std::string(cell), absl::UTCTimeZone(), &time,
                       nullptr)) {
    return std::nullopt;
  }
  const absl::CivilDay day = absl::ToCivilDay(time, absl::UTCTimeZone());
  if (day.year() < 1000 || day.year() > 9999) return std::nullopt;
  return absl::FDivDuration(time - absl::UnixEpoch(), absl::Hours(24));
}

using CellReader = std::optional<double> (*)(absl::string_view);

std::optional<double> BooleanValue(absl::string_view cell) {
  const std::optional<bool> value = ParseBoolean(cell);
  if (!value) return std::nullopt;
  return *value ? 1.0 : 0.0;
}

// The column by `read`, given up after more than `unreadable_max` cells that it
// cannot read.
struct Attempt {
  std::vector<double> values;
  std::int64_t readable = 0;
  std::int64_t unreadable = 0;
  int first_unreadable = -1;
};

Attempt ReadAll(const CsvTable& table, int column, CellReader read,
                std::int64_t unreadable_max) {
  Attempt attempt;
  attempt.values.resize(static_cast<std::size_t>(table.rows()), kMissing);
  for (int r = 0; r < table.rows(); ++r) {
    const absl::string_view cell = table.cell(r, column);
    if (IsMissingCell(cell)) continue;
    if (const std::optional<double> value = read(cell)) {
      attempt.values[static_cast<std::size_t>(r)] = *value;
      ++attempt.readable;
      continue;
    }
    ++attempt.unreadable;
    if (attempt.first_unreadable < 0) attempt.first_unreadable = r;
    if (attempt.unreadable > unreadable_max) break;
  }
  return attempt;
}

void CountDistinct(TypedColumn& column) {
  absl::flat_hash_set<double> seen;
  for (const double value : column.values) {
    if (std::isnan(value)) {
      ++column.missing;
    } else {
      seen.insert(value);
    }
  }
  column.distinct = static_cast<std::int64_t>(seen.size());
}

void ReadCategories(const CsvTable& table, int c, TypedColumn& column) {
  column.type = v1::COLUMN_TYPE_CATEGORY;
  column.values.assign(static_cast<std::size_t>(table.rows()), kMissing);
  absl::flat_hash_map<absl::string_view, int> codes;
  for (int r = 0; r < table.rows(); ++r) {
    const absl::string_view cell = table.cell(r, c);
    if (IsMissingCell(cell)) continue;
    const auto [entry, is_new] =
        codes.try_emplace(cell, static_cast<int>(column.levels.size()));
    if (is_new) column.levels.emplace_back(cell);
    column.values[static_cast<std::size_t>(r)] = entry->second;
  }
}

constexpr absl::string_view kLeavingWords[] = {
    "churn",   "churned",   "churner",           "left",   "leave",
    "leaver",  "cancelled", "canceled",          "cancel", "lost",
    "exited",  "attrited",  "attrited customer", "lapsed", "gone",
    "positive"};
constexpr absl::string_view kStayingWords[] = {"stay",
                                               "stayed",
                                               "active",
                                               "retained",
                                               "kept",
                                               "existing",
                                               "existing customer",
                                               "current",
                                               "loyal",
                                               "no churn",
                                               "not churned",
                                               "nonchurn",
                                               "non-churn",
                                               "non-churner",
                                               "negative"};

// 1 and 0 of a target's cell; a pair of words is judged by MeaningOfPair.
std::optional<bool> MeaningOfTarget(absl::string_view cell) {
  if (const std::optional<double> number = ParseNumber(cell)) {
    if (*number == 1) return true;
    if (*number == 0 || *number == -1) return false;
    return std::nullopt;
  }
  return ParseBoolean(cell);
}

// Which of two texts means leaving: 0 the first, 1 the second, -1 unclear.
int LeavingOf(const std::vector<std::string>& texts) {
  std::array<int, 2> vote = {0, 0};
  for (std::size_t i = 0; i < 2; ++i) {
    if (const std::optional<bool> meaning = MeaningOfTarget(texts[i])) {
      vote[i] = *meaning ? 1 : -1;
    } else if (IsOneOf(texts[i], kLeavingWords)) {
      vote[i] = 1;
    } else if (IsOneOf(texts[i], kStayingWords)) {
      vote[i] = -1;
    } else if (ParseNumber(texts[i])) {
      return -1;  // 1 and 2: either may be the code of leaving.
    }
  }
  if (vote[0] == vote[1]) return -1;
  return vote[0] > vote[1] ? 0 : 1;
}

}  // namespace

bool IsMissingCell(absl::string_view cell) {
  if (cell.size() > 9) return false;
  return cell.empty() ||
         IsOneOf(cell, {"na", "n/a", "#n/a", "<na>", "nan", "-nan", "null",
                        "none", "nil", "nat", "\\n", "?", "-", "inf", "-inf",
                        "+inf", "infinity", "-infinity"});
}

std::optional<double> ParseNumber(absl::string_view cell) {
  double value = 0;
  // "infinity" and "nan" are numbers for SimpleAtod, and no numbers here.
  if (!HasDigit(cell) || !absl::SimpleAtod(cell, &value) ||
      !std::isfinite(value)) {
    return std::nullopt;
  }
  constexpr double kMax = std::numeric_limits<float>::max();
  return std::clamp(value, -kMax, kMax);
}

std::optional<bool> ParseBoolean(absl::string_view cell) {
  if (IsOneOf(cell, {"true", "yes", "t", "y", "1", "1.0"})) return true;
  if (IsOneOf(cell, {"false", "no", "f", "n", "0", "0.0"})) return false;
  return std::nullopt;
}

std::optional<double> ParseDateDays(absl::string_view cell) {
  if (cell.size() < 8 || cell.size() > 40 || !HasDigit(cell)) {
    return std::nullopt;
  }
  for (const absl::string_view format :
       {"%Y-%m-%d", "%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S",
        "%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S%Ez",
        "%Y-%m-%d %H:%M:%E*S UTC", "%Y-%m-%d %H:%M", "%Y-%m-%d%ET%H:%M",
        "%Y/%m/%d", "%Y/%m/%d %H:%M:%E*S", "%Y/%m/%d %H:%M", "%d.%m.%Y",
        "%d.%m.%Y %H:%M:%E*S", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y"}) {
    if (const std::optional<double> days = DaysOfTime(format, cell)) {
      return days;
    }
  }
  return std::nullopt;
}

TypedColumn ReadColumn(const CsvTable& table, int c) {
  TypedColumn column;
  column.name = table.header()[static_cast<std::size_t>(c)];
  const std::pair<v1::ColumnType, CellReader> readers[] = {
      {v1::COLUMN_TYPE_NUMBER, ParseNumber},
      {v1::COLUMN_TYPE_BOOLEAN, BooleanValue},
      {v1::COLUMN_TYPE_DATE, ParseDateDays}};
  bool found = false;
  for (const auto& [type, read] : readers) {
    Attempt attempt = ReadAll(table, c, read, /*unreadable_max=*/0);
    if (attempt.unreadable > 0) continue;
    if (attempt.readable > 0) column.type = type;
    column.values = std::move(attempt.values);
    found = true;
    break;
  }
  if (!found) {
    ReadCategories(table, c, column);
    for (const auto& [type, read] : readers) {
      if (type == v1::COLUMN_TYPE_BOOLEAN) continue;
      const Attempt attempt = ReadAll(table, c, read, table.rows() / 10);
      if (attempt.unreadable * 10 > attempt.readable) continue;
      column.odd_cell = std::string(table.cell(attempt.first_unreadable, c));
      column.odd_line = table.line(attempt.first_unreadable);
    }
  }
  CountDistinct(column);
  return column;
}

absl::StatusOr<TargetColumn> ReadTarget(const CsvTable& table, int column) {
  const std::string& name = table.header()[static_cast<std::size_t>(column)];
  const auto fault = [&](auto... parts) {
    return absl::InvalidArgumentError(absl::StrCat(
        table.name(), ": target column \"", name, "\" ", parts...));
  };
  // Texts with the same meaning ("1" and "1.0", "Yes" and "yes") are one value.
  std::map<std::string, int> value_of_text;
  std::vector<std::string> values;
  std::vector<int> value_of_row(static_cast<std::size_t>(table.rows()));
  for (int r = 0; r < table.rows(); ++r) {
    const absl::string_view cell = table.cell(r, column);
    if (IsMissingCell(cell)) {
      return fault("is empty on line ", table.line(r),
                   "; every row to learn from needs its outcome");
    }
    const std::optional<double> number = ParseNumber(cell);
    const auto [entry, is_new] = value_of_text.try_emplace(
        number ? absl::StrCat(*number) : absl::AsciiStrToLower(cell),
        static_cast<int>(values.size()));
    if (is_new) values.emplace_back(cell);
    if (values.size() > 2) {
      return fault("has more than two values, the third, \"", cell,
                   "\", on line ", table.line(r), "; write 1 and 0");
    }
    value_of_row[static_cast<std::size_t>(r)] = entry->second;
  }
  if (values.size() < 2) {
    return fault("is always \"", values[0],
                 "\": there is nothing to tell apart");
  }
  const int leaving = LeavingOf(values);
  if (leaving < 0) {
    return fault("has the values \"", values[0], "\" and \"", values[1],
                 "\": which of them means leaving? Write 1 and 0");
  }
  TargetColumn target;
  target.positive = values[static_cast<std::size_t>(leaving)];
  target.labels.reserve(value_of_row.size());
  for (const int value : value_of_row) {
    target.labels.push_back(value == leaving ? 1.0F : 0.0F);
  }
  return target;
}

}  // namespace tenuto
