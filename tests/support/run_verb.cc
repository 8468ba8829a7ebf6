#include "tests/support/run_verb.h"

#include <algorithm>

#include "CLI/CLI.hpp"
#include "gtest/gtest.h"

namespace tenuto::testing {

absl::Status RunVerb(AddVerb add, const Workshop& workshop,
                     std::vector<std::string> words, std::string& shown) {
  CLI::App app("tenuto");
  VerbRun run;
  add(app, workshop, run);
  std::reverse(words.begin(), words.end());  // As CLI11 takes them.
  try {
    app.parse(words);
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(error.what());
  }
  ::testing::internal::CaptureStdout();
  const absl::Status status = run();
  shown = ::testing::internal::GetCapturedStdout();
  return status;
}

}  // namespace tenuto::testing
