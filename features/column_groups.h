// The columns of a feature plan, put in groups of one read each: a loop a group
// is cheaper than a jump a column, which the processor cannot foresee.
#ifndef TENUTO_FEATURES_COLUMN_GROUPS_H_
#define TENUTO_FEATURES_COLUMN_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "features/state_windows.h"
#include "tenuto/v1/catalogue.pb.h"

namespace tenuto {

// What one column reads, resolved to numbers.
struct Column {
  std::uint8_t read = v1::Feature::READ_NOT_SET;  // A ReadCase.
  bool since_first = false;
  std::uint8_t consents = 0;  // Bits of consent slots that must be granted.
  std::int16_t place = 0;     // In the row.
  std::int16_t slot = 0;
  std::int16_t slot2 = 0;
  std::int16_t window = -1;    // Index in the window plan.
  std::int16_t baseline = -1;  // The same, of a trend.
  std::int16_t days = 0;       // How long they are.
  std::int16_t baseline_days = 0;
  std::int16_t days_max = 0;  // Longest window it looks at.
  std::int16_t decay = -1;    // Index in the window plan.
  std::int32_t list = -1;     // Index in lists_: slots or values.
  double prior = 0;
  double prior_weight = 0;
  double min = 0;
  double max = 0;
  double missing =
      std::numeric_limits<double>::quiet_NaN();  // Its value if it has none.
};

// What a row is filled from, and where to.
struct RowSource {
  const StateWindows& state;
  std::int64_t as_of_us;
  int history_days;   // Longer windows are missing.
  unsigned withheld;  // Bits of consent slots.
  absl::Span<float> row;
};

// Thread-safe: immutable after Group().
class ColumnGroups {
 public:
  // The next of the row.
  void Add(Column column) {
    column.place = static_cast<std::int16_t>(columns_.size());
    columns_.push_back(column);
  }
  // Slots or values of a column; what it is to call them.
  std::int32_t AddList(std::vector<std::int64_t> list) {
    lists_.push_back(std::move(list));
    return static_cast<std::int32_t>(lists_.size()) - 1;
  }
  void Group();  // After the last Add().

  void Fill(const RowSource& source) const {
    for (const Run& run : runs_) FillRun(run, source);
  }

 private:
  struct Run {
    std::uint8_t read;
    std::size_t first, end;
  };
  void FillRun(const Run& run, const RowSource& source) const;
  void FillLatest(const Run& run, const RowSource& source) const;
  void FillWindows(const Run& run, const RowSource& source) const;
  template <typename Read>
  void FillEach(const Run& run, const RowSource& source, Read read) const;
  double Entropy(const Column& column, const StateWindows& state) const;

  std::vector<Column> columns_;  // By read once they are grouped.
  std::vector<Run> runs_;
  std::vector<std::vector<std::int64_t>> lists_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_COLUMN_GROUPS_H_
