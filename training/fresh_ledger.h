// Takes back a ledger that a failed run had made: after a mistake in --format
// or --input the directory is as it was.
// Not thread-safe.
#ifndef TENUTO_TRAINING_FRESH_LEDGER_H_
#define TENUTO_TRAINING_FRESH_LEDGER_H_

#include <filesystem>
#include <string>
#include <vector>

namespace tenuto {

class FreshLedger {
 public:
  // Looks at `directory` before the ledger is opened.
  explicit FreshLedger(const std::filesystem::path& directory);

  // Removes what was not there before, if there was no ledger: its files and
  // the directories made for it. The ledger must be closed and hold no event.
  void TakeBack() const;

 private:
  std::filesystem::path directory_;
  bool had_ledger_ = false;
  bool had_directory_ = false;
  std::vector<std::string> had_;                   // Names in the directory.
  std::vector<std::filesystem::path> made_above_;  // Innermost first.
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_FRESH_LEDGER_H_
