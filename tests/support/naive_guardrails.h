// The guardrails once more, as slow and plain as they can be: local times come
// from the C library and not from Abseil, days are compared as texts. Tests
// hold the real ones against it.
// Not thread-safe: it sets the process's TZ.
#ifndef TENUTO_TESTS_SUPPORT_NAIVE_GUARDRAILS_H_
#define TENUTO_TESTS_SUPPORT_NAIVE_GUARDRAILS_H_

#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "features/user_key.h"
#include "model/decision/guardrails.h"
#include "model/decision/standing.h"
#include "tenuto/v1/treatments.pb.h"

namespace tenuto::testing {

// Zones with and without daylight saving, on both half-globes; the empty one
// is a user whose zone nobody told.
const std::vector<std::string>& Zones();

// Local time of `zone` by the C library, until the next one is made.
class LibcZone {
 public:
  explicit LibcZone(const std::string& zone);
  std::string Day(absl::Time time) const;  // "2025-03-30"
  int Hour(absl::Time time) const;
};

// Everything a decision depends on, but the policy and the draw.
struct Case {
  std::string zone;
  UserKey user;
  Standing standing;
  absl::Time now;
  double churn_probability = 0;
  std::vector<v1::Surface> surfaces;
};

// Most cases are harmless in most respects, so that every rule gets to bind;
// times crowd around clock changes, midnights and the edges of windows.
Case RandomCase(const std::string& zone, const v1::Treatments& treatments,
                std::mt19937_64& random);

// The first rule that forbids, or an empty text. `clock` is of the case's zone.
std::string NaiveFirstBinding(const v1::Guardrails& limits,
                              const v1::Treatment& treatment,
                              v1::Surface surface, const Case& a_case,
                              bool held_out, const LibcZone& clock);

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_NAIVE_GUARDRAILS_H_
