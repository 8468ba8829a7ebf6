#include "features/base/log.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tenuto {
namespace {

void WriteLine(const std::string& line) {
  // A log that cannot be written is not worth failing for.
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void LogInfo(absl::string_view text) {
  WriteLine(absl::StrCat("I tenuto: ", text, "\n"));
}

void LogWarning(absl::string_view text) {
  WriteLine(absl::StrCat("W tenuto: ", text, "\n"));
}

void DieOfCheck(const char* file, int line, absl::string_view reason) {
  WriteLine(absl::StrCat("F tenuto: ", file, ":", line, ": ", reason, "\n"));
  std::abort();
}

}  // namespace tenuto
