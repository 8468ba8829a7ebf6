// What is each family of features worth? The model is fitted again without the
// family, and with nothing else.
// Thread-safe.
#ifndef TENUTO_TRAINING_ABLATION_H_
#define TENUTO_TRAINING_ABLATION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "features/catalogue.h"
#include "training/trainer.h"
#include "training/training_matrix.h"

namespace tenuto {

struct AblationLine {
  std::string family;  // "all" in the first line.
  int columns = 0;
  double auc_without = 0;
  double log_loss_without = 0;
  double auc_alone = 0;
};

// Columns are named as in the catalogue. `options` as ChooseForest gave them;
// fits run side by side on `threads`.
absl::StatusOr<std::vector<AblationLine>> AblateFamilies(
    const TrainingMatrix& train, const TrainingMatrix& calibrate,
    const TrainingMatrix& test, const Catalogue& catalogue,
    const ForestOptions& options, int threads);

// An aligned table for people.
std::string FormatAblation(absl::Span<const AblationLine> lines);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_ABLATION_H_
