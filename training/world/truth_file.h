// The truth beside a ledger, written as the world is lived and put in place
// whole at the end: a reader finds the old file, the new one or none.
// Not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_TRUTH_FILE_H_
#define TENUTO_TRAINING_WORLD_TRUTH_FILE_H_

#include <cstdio>
#include <filesystem>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tenuto::world {

// "x" and "x/" -> "x.truth.csv": beside the ledger, never in it.
std::filesystem::path TruthPathOf(const std::filesystem::path& ledger);

class TruthFile {
 public:
  // Begins beside `path`. kUnavailable with the path and the system's reason.
  static absl::StatusOr<TruthFile> Create(std::filesystem::path path);
  TruthFile(TruthFile&&) noexcept = default;
  TruthFile& operator=(TruthFile&&) = delete;
  // Takes away what was not finished.
  ~TruthFile();

  absl::Status Append(absl::string_view lines);
  // Syncs and renames; nothing may be appended afterwards.
  absl::Status Finish();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  TruthFile(std::filesystem::path path, std::FILE* file);
  absl::Status Failed(absl::string_view what) const;

  std::filesystem::path path_;
  std::filesystem::path unfinished_path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_TRUTH_FILE_H_
