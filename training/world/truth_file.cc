#include "training/world/truth_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tenuto::world {

std::filesystem::path TruthPathOf(const std::filesystem::path& ledger) {
  std::filesystem::path path = ledger.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  path += ".truth.csv";
  return path;
}

absl::StatusOr<TruthFile> TruthFile::Create(std::filesystem::path path) {
  const std::string unfinished = absl::StrCat(path.string(), ".unfinished");
  std::FILE* file = std::fopen(unfinished.c_str(), "wb");
  if (file == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot write ", unfinished, ": ", std::strerror(errno)));
  }
  // It names users, as the ledger beside it does.
  ::fchmod(::fileno(file), 0600);
  return TruthFile(std::move(path), file);
}

TruthFile::TruthFile(std::filesystem::path path, std::FILE* file)
    : path_(std::move(path)),
      unfinished_path_(absl::StrCat(path_.string(), ".unfinished")),
      file_(file) {}

TruthFile::~TruthFile() {
  if (file_ == nullptr) return;
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(unfinished_path_, ignored);
}

absl::Status TruthFile::Append(absl::string_view lines) {
  if (std::fwrite(lines.data(), 1, lines.size(), file_.get()) != lines.size()) {
    return Failed("write");
  }
  return absl::OkStatus();
}

absl::Status TruthFile::Finish() {
  if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0) {
    return Failed("write");
  }
  if (std::rename(unfinished_path_.c_str(), path_.c_str()) != 0) {
    return Failed("rename");
  }
  file_.reset();
  return absl::OkStatus();
}

absl::Status TruthFile::Failed(absl::string_view what) const {
  return absl::UnavailableError(absl::StrCat("cannot ", what, " ",
                                             unfinished_path_.string(), ": ",
                                             std::strerror(errno)));
}

}  // namespace tenuto::world
