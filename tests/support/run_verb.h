// A verb of `tenuto` within the test's process, from the words of its command
// line to its status.
// Not thread-safe: it takes standard output.
#ifndef TENUTO_TESTS_SUPPORT_RUN_VERB_H_
#define TENUTO_TESTS_SUPPORT_RUN_VERB_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "training/verb.h"

namespace tenuto::testing {

using AddVerb = void (*)(CLI::App&, const Workshop&, VerbRun&);

// `words` begin with the verb. What it prints goes to `shown`. kInvalidArgument
// where main would refuse the words.
absl::Status RunVerb(AddVerb add, const Workshop& workshop,
                     std::vector<std::string> words, std::string& shown);

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_RUN_VERB_H_
