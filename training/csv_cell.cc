#include "training/csv_cell.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tenuto {

std::string QuotedCell(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace tenuto
