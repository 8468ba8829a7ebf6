// XGBoost itself as a predictor, behind the one door to its C API outside of
// training: what our engines are held against. It is given only bytes that we
// wrote: XGBoost crashes, hangs or scores differently on damaged models.
#ifndef TENUTO_MODEL_BOOSTER_H_
#define TENUTO_MODEL_BOOSTER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tenuto {

// Thread-safe: immutable after Load().
class Booster {
 public:
  // `model_json` is XGBoost's JSON format. kInvalidArgument with XGBoost's
  // reason, or if it wants another number of columns.
  static absl::StatusOr<Booster> Load(absl::string_view model_json,
                                      int columns);

  Booster(Booster&&) noexcept;
  Booster& operator=(Booster&&) noexcept;
  ~Booster();

  int columns() const { return columns_; }
  int trees() const { return trees_; }

  // `rows` is row-major, columns() wide, NaN is missing; one margin (log-odds)
  // a row. Does not depend on how rows are batched. kDataLoss when a margin is
  // not finite: a leaf is damaged.
  absl::Status PredictMargins(absl::Span<const float> rows,
                              absl::Span<float> margins) const;

  // Exact tree contributions (TreeSHAP, Lundberg et al. 2018) of one row:
  // columns() of them and the bias last; they sum to the margin.
  absl::Status Contributions(absl::Span<const float> row,
                             absl::Span<float> contributions) const;

 private:
  struct Handle;
  Booster(std::unique_ptr<Handle> handle, int columns, int trees);
  absl::Status PredictSome(absl::Span<const float> rows,
                           absl::Span<float> margins) const;
  std::unique_ptr<Handle> handle_;
  int columns_;
  int trees_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_BOOSTER_H_
