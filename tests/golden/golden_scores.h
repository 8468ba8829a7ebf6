// Who is in the archives of tests/golden, and how they score.
// Thread-safe.
#ifndef TENUTO_TESTS_GOLDEN_GOLDEN_SCORES_H_
#define TENUTO_TESTS_GOLDEN_GOLDEN_SCORES_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "features/base/status_macros.h"
#include "features/catalogue.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "model/model_bundle.h"
#include "tests/support/test_events.h"
#include "training/score_ledger.h"

namespace tenuto {

inline constexpr char kGoldenModel[] = "churn_14d";

inline std::vector<std::string> GoldenUsers() {
  return {"listener-anna", "listener-ben", "listener-cleo", "listener-dan"};
}

// A line a listener: the probability by the first version of the model in
// `models`, every bit of it, from what was known at kTestNow.
inline absl::StatusOr<std::string> GoldenScores(
    const Ledger& ledger, const UserKeys& keys,
    const std::filesystem::path& models) {
  TENUTO_ASSIGN_OR_RETURN(
      const auto bundle,
      ModelBundle::Open(models / kGoldenModel / "1", Catalogue::Embedded()));
  std::vector<UserKey> users;
  for (const std::string& user : GoldenUsers()) users.push_back(keys.Of(user));
  TENUTO_ASSIGN_OR_RETURN(const std::vector<PastScore> scores,
                          ScorePast(ledger, *bundle, users, kTestNow, 0, 1));
  std::string lines;
  for (std::size_t k = 0; k < users.size(); ++k) {
    absl::StrAppendFormat(&lines, "%s %.17g%s\n", GoldenUsers()[k],
                          scores[k].probability,
                          scores[k].known ? "" : " unknown");
  }
  return lines;
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_GOLDEN_GOLDEN_SCORES_H_
