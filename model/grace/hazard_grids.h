// The forests of a recovery model, asked about one failed payment: every day
// and everything that may be done on it are the lines and places of a grid, the
// user's row is shared by all of it.
#ifndef TENUTO_MODEL_GRACE_HAZARD_GRIDS_H_
#define TENUTO_MODEL_GRACE_HAZARD_GRIDS_H_

#include <array>
#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "model/forest/forest.h"
#include "model/forest/grid_forest.h"
#include "model/grace/failure_columns.h"
#include "model/grace/hazard_table.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

// What the forests say of the days first_day to last_day, not calibrated.
// Value type; not thread-safe.
struct HazardMargins {
  int first_day = 1;
  int last_day = 0;

  float by_user(int day, Access access, bool messaged) const {
    return by_user_[Choice(day, access, messaged)];
  }
  float cancels(int day, Access access, bool messaged) const {
    return cancels_[Choice(day, access, messaged)];
  }
  // Only where Ask() had `retries`. What no history can lead to has the margin
  // of its nearest neighbour.
  float by_retry(int day, int count_index, int gap_index) const;

 private:
  friend class HazardGrids;
  static constexpr int kAccessPlaces = 6;
  // Attempts after more than one: by count and gap, then the same once more for
  // where a payday came since the newest one, if paydays are known.
  static constexpr int kLaterPlaces =
      (HazardTable::kCounts - 1) * HazardTable::kGaps;
  static_assert(2 * kLaterPlaces <= GridForest::kPlacesMax);
  template <int kPlaces>
  using Margins =
      std::array<float, static_cast<std::size_t>(
                            kUnpaidDays* GridForest::StrideOf(kPlaces))>;
  template <int kPlaces>
  std::size_t Line(int day) const {
    return static_cast<std::size_t>((day - first_day) *
                                    GridForest::StrideOf(kPlaces));
  }
  std::size_t Choice(int day, Access access, bool messaged) const {
    return Line<kAccessPlaces>(day) + 2 * static_cast<std::size_t>(access) +
           (messaged ? 1 : 0);
  }
  Margins<kAccessPlaces> by_user_;
  Margins<kAccessPlaces> cancels_;
  Margins<1> first_retry_;
  Margins<2 * kLaterPlaces> later_retry_;
  bool has_retries_ = false;
  int later_places_ = kLaterPlaces;
  std::array<float, kUnpaidDays> days_since_payday_;  // Missing: not known.
};

// Thread-safe: immutable.
class HazardGrids {
 public:
  // Valid forests in the order of Hazard, of the same columns: a row's, then
  // those of a failed payment.
  explicit HazardGrids(const std::array<Forest, 3>& forests);

  // `row` has the columns of a row. Days from payment.decided_day + 1 on;
  // without `retries` nobody may ask for by_retry.
  void Ask(absl::Span<const float> row, const FailedPayment& payment,
           int last_day, bool retries, HazardMargins& margins) const;

  // What answers for the forest `index`, in the order given above.
  std::vector<const GridForest*> GridsOf(std::size_t index) const;

 private:
  GridForest by_user_;
  GridForest cancels_;
  GridForest first_retry_;
  GridForest later_retry_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_GRACE_HAZARD_GRIDS_H_
