// A cell of a CSV file whose text people wrote: it may hold commas, quotes and
// line ends.
// Thread-safe.
#ifndef TENUTO_TRAINING_CSV_CELL_H_
#define TENUTO_TRAINING_CSV_CELL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tenuto {

// "word"; a quote inside is doubled.
std::string QuotedCell(absl::string_view text);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_CSV_CELL_H_
