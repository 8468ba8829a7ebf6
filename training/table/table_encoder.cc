#include "training/table/table_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "training/table/column_names.h"

namespace tenuto {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kOneHotKindsMax = 10;
constexpr std::size_t kCodesMax = 500;
// A text must be seen so often to have a code: rarer ones teach nothing.
constexpr int kCodeRowsMin = 3;
constexpr std::int64_t kIdentifierRowsMin = 100;

struct Kind {
  std::string text;
  int rows = 0;
};

// Kinds of text in the rows that learn, most frequent first.
std::vector<Kind> CountKinds(const TypedColumn& column,
                             absl::Span<const int> rows) {
  std::vector<Kind> kinds;
  for (const std::string& level : column.levels) kinds.push_back({level, 0});
  for (const int row : rows) {
    const double value = column.values[static_cast<std::size_t>(row)];
    if (!std::isnan(value)) ++kinds[static_cast<std::size_t>(value)].rows;
  }
  kinds.erase(std::remove_if(kinds.begin(), kinds.end(),
                             [](const Kind& kind) { return kind.rows == 0; }),
              kinds.end());
  std::sort(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) {
    return a.rows != b.rows ? a.rows > b.rows : a.text < b.text;
  });
  return kinds;
}

bool IsConstant(const TypedColumn& column, absl::Span<const int> rows) {
  const auto at = [&](int row) {
    return column.values[static_cast<std::size_t>(row)];
  };
  return std::all_of(rows.begin(), rows.end(), [&](int row) {
    const double first = at(rows.front());
    return std::isnan(first) ? std::isnan(at(row)) : at(row) == first;
  });
}

// Whole numbers that name the row: nearly all different, and dense like row
// numbers, rising like them, or called an id. Measurements that happen to be
// all different are none of these.
bool IsIdentifier(const TypedColumn& column) {
  const auto rows = static_cast<std::int64_t>(column.values.size());
  const std::int64_t present = rows - column.missing;
  if (column.type != v1::COLUMN_TYPE_NUMBER || present < kIdentifierRowsMin ||
      column.distinct * 2 < present) {
    return false;
  }
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double before = -low;
  bool rises = true;
  for (const double value : column.values) {
    if (std::isnan(value)) continue;
    if (value != std::floor(value)) return false;
    low = std::min(low, value);
    high = std::max(high, value);
    rises = rises && value > before;
    before = value;
  }
  const bool is_dense =
      high - low + 1 < 1.1 * static_cast<double>(column.distinct);
  return is_dense || rises || IsIdentifierName(column.name);
}

std::string ReasonToDrop(const TypedColumn& column,
                         absl::Span<const int> rows) {
  if (column.distinct == 0) return "is empty";
  if (IsConstant(column, rows)) return "is constant in the training rows";
  if (IsIdentifier(column)) {
    return absl::StrCat("is an identifier: ", column.distinct,
                        " different whole numbers in ", column.values.size(),
                        " rows");
  }
  const auto present =
      static_cast<std::int64_t>(column.values.size()) - column.missing;
  const bool is_text = column.type == v1::COLUMN_TYPE_CATEGORY;
  if (is_text && column.distinct > 20 && column.distinct * 2 > present) {
    return absl::StrCat("is free text or an identifier: ", column.distinct,
                        " different texts in ", present, " rows");
  }
  if (!is_text) return "";
  const std::vector<Kind> kinds = CountKinds(column, rows);
  if (kinds.size() > kOneHotKindsMax && kinds[0].rows < kCodeRowsMin) {
    return "holds no text that is common enough to learn from";
  }
  return "";
}

void AddCategory(const TypedColumn& column, absl::Span<const int> rows,
                 std::vector<v1::Column>& columns) {
  std::vector<Kind> kinds = CountKinds(column, rows);
  const bool one_hot = kinds.size() <= kOneHotKindsMax;
  if (!one_hot) {
    const auto rare =
        std::find_if(kinds.begin(), kinds.end(),
                     [](const Kind& kind) { return kind.rows < kCodeRowsMin; });
    kinds.erase(rare, kinds.end());
    if (kinds.size() > kCodesMax) kinds.resize(kCodesMax);
  }
  v1::Column learned;
  learned.set_name(column.name);
  learned.mutable_table()->set_type(one_hot ? v1::COLUMN_TYPE_ONE_HOT
                                            : v1::COLUMN_TYPE_CATEGORY);
  learned.mutable_table()->set_source(column.name);
  for (const Kind& kind : kinds) {
    learned.mutable_table()->add_categories(kind.text);
  }
  if (!one_hot) {
    columns.push_back(std::move(learned));
    return;
  }
  // Of two kinds one column says it all.
  const std::size_t count = kinds.size() == 2 ? 1 : kinds.size();
  for (std::size_t k = 0; k < count; ++k) {
    v1::Column kind = learned;
    kind.set_name(absl::StrCat(column.name, "=", kinds[k].text));
    kind.mutable_table()->set_equals(kinds[k].text);
    columns.push_back(std::move(kind));
  }
}

// Reads the cells of one column of the bundle.
class CellEncoder {
 public:
  CellEncoder(const CsvTable& table, int source, const v1::Column& column)
      : table_(table), source_(source), column_(column) {
    for (int k = 0; k < column.table().categories_size(); ++k) {
      code_.emplace(column.table().categories(k), static_cast<float>(k));
    }
    const auto equals = code_.find(column.table().equals());
    equal_code_ = equals == code_.end() ? -1 : equals->second;
  }

  absl::StatusOr<float> Encode(int row) const {
    const absl::string_view cell = table_.cell(row, source_);
    if (IsMissingCell(cell)) return kMissing;
    switch (column_.table().type()) {
      case v1::COLUMN_TYPE_NUMBER:
        return Number(row, ParseNumber(cell), "a number");
      case v1::COLUMN_TYPE_DATE:
        return Number(row, ParseDateDays(cell), "a date");
      case v1::COLUMN_TYPE_BOOLEAN: {
        const std::optional<bool> value = ParseBoolean(cell);
        if (!value) return Number(row, std::nullopt, "true or false");
        return *value ? 1.0F : 0.0F;
      }
      default:
        break;
    }
    const auto found = code_.find(cell);
    if (found == code_.end()) return kMissing;
    if (column_.table().type() == v1::COLUMN_TYPE_CATEGORY) {
      return found->second;
    }
    return found->second == equal_code_ ? 1.0F : 0.0F;
  }

 private:
  absl::StatusOr<float> Number(int row, std::optional<double> value,
                               absl::string_view wanted) const {
    if (value) return static_cast<float>(*value);
    return absl::InvalidArgumentError(
        absl::StrCat(table_.name(), " line ", table_.line(row), ": column \"",
                     column_.table().source(), "\" holds \"",
                     table_.cell(row, source_), "\", which is not ", wanted));
  }

  const CsvTable& table_;
  const int source_;
  const v1::Column& column_;
  absl::flat_hash_map<std::string, float> code_;
  float equal_code_ = -1;
};

}  // namespace

TableSchema LearnSchema(absl::Span<const TypedColumn> columns,
                        absl::Span<const int> train_rows) {
  TableSchema schema;
  for (const TypedColumn& column : columns) {
    std::string reason = ReasonToDrop(column, train_rows);
    if (!reason.empty()) {
      schema.dropped.push_back({column.name, std::move(reason)});
    } else if (column.type == v1::COLUMN_TYPE_CATEGORY) {
      AddCategory(column, train_rows, schema.columns);
    } else {
      v1::Column learned;
      learned.set_name(column.name);
      learned.mutable_table()->set_type(column.type);
      learned.mutable_table()->set_source(column.name);
      schema.columns.push_back(std::move(learned));
    }
  }
  return schema;
}

absl::StatusOr<std::vector<float>> EncodeTable(
    const CsvTable& table, absl::Span<const v1::Column> columns,
    absl::Span<const int> rows) {
  std::vector<float> values(columns.size() * rows.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    TENUTO_ASSIGN_OR_RETURN(
        const int source,
        table.Column(columns[c].table().source(), "the model's column"));
    const CellEncoder encoder(table, source, columns[c]);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      TENUTO_ASSIGN_OR_RETURN(values[r * columns.size() + c],
                              encoder.Encode(rows[r]));
    }
  }
  return values;
}

}  // namespace tenuto
