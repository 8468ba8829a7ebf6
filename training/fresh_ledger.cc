#include "training/fresh_ledger.h"

#include <algorithm>
#include <system_error>

namespace tenuto {
namespace {

// What opening a ledger for writing makes in its directory.
constexpr const char* kMadeNames[] = {"rocks", "user.key"};

}  // namespace

FreshLedger::FreshLedger(const std::filesystem::path& directory)
    : directory_(std::filesystem::absolute(directory).lexically_normal()) {
  // "ledger/" names the same directory as "ledger".
  if (!directory_.has_filename()) directory_ = directory_.parent_path();
  std::error_code error;
  had_ledger_ = std::filesystem::exists(directory_ / kMadeNames[0], error);
  had_directory_ = std::filesystem::exists(directory_, error);
  for (const char* name : kMadeNames) {
    if (std::filesystem::exists(directory_ / name, error)) had_.push_back(name);
  }
  for (std::filesystem::path above = directory_.parent_path();
       !above.empty() && !std::filesystem::exists(above, error);
       above = above.parent_path()) {
    made_above_.push_back(above);
  }
}

void FreshLedger::TakeBack() const {
  if (had_ledger_) return;
  std::error_code ignored;
  for (const char* name : kMadeNames) {
    if (std::find(had_.begin(), had_.end(), name) == had_.end()) {
      std::filesystem::remove_all(directory_ / name, ignored);
    }
  }
  // Directories go only when nobody put anything else there meanwhile.
  if (had_directory_) return;
  std::filesystem::remove(directory_, ignored);
  for (const std::filesystem::path& above : made_above_) {
    std::filesystem::remove(above, ignored);
  }
}

}  // namespace tenuto
