// What should we do for this user? A score and a state in, one treatment out,
// with the probability with which it was chosen, so that every decision can be
// judged and re-simulated later. What a treatment changes is believed, not
// measured: the priors of treatments.textproto stand in until effect models.
#ifndef TENUTO_MODEL_DECISION_POLICY_H_
#define TENUTO_MODEL_DECISION_POLICY_H_

#include <string>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "features/state_reader.h"
#include "features/user_key.h"
#include "model/decision/guardrails.h"
#include "model/decision/standing.h"
#include "tenuto/v1/event.pb.h"
#include "tenuto/v1/treatments.pb.h"

namespace tenuto {

struct DecisionInput {
  UserKey user;
  const StateReader* state = nullptr;  // Null: a user whom nobody has seen.
  double churn_probability = 0;        // Not a number counts as 0.
  absl::Time now;
  std::vector<v1::Surface> surfaces;  // Empty: every surface.
};

// One (treatment, surface), or "none".
struct Candidate {
  std::string treatment;
  v1::Surface surface = v1::SURFACE_UNSPECIFIED;
  double expected_value_minor = 0;
  double propensity = 0;   // 0 when blocked.
  std::string blocked_by;  // First guardrail that removed it.
};

struct Decision {
  int chosen = 0;  // Index in `candidates`; 0 is always "none".
  bool explored = false;
  std::vector<Candidate> candidates;
  std::string explanation;
  const Candidate& choice() const {
    return candidates[static_cast<std::size_t>(chosen)];
  }
};

// Thread-safe: immutable. The same class runs in the server and in the
// simulator; only the caller differs.
class Policy {
 public:
  // The treatments compiled into this program.
  static const Policy& Embedded();
  // kInvalidArgument naming the line, or the treatment and field, that is
  // wrong.
  static absl::StatusOr<Policy> Parse(absl::string_view textproto);
  static absl::StatusOr<Policy> Create(v1::Treatments treatments);

  // Candidates -> guardrails -> expected value -> exploration -> one choice:
  // with probability 1 - share the best allowed candidate (of equals the
  // first), else any allowed one, "none" included, with equal chances. Draws
  // exactly one number from `random`. Propensities of the candidates sum to 1;
  // the chosen one's is positive.
  Decision Decide(const DecisionInput& input, absl::BitGenRef random) const;
  // The same for a standing that the caller states; `input.state` is not read.
  Decision DecideFor(const Standing& standing, const DecisionInput& input,
                     absl::BitGenRef random) const;

  absl::string_view version() const { return version_; }  // Digest.
  const v1::Treatments& treatments() const { return treatments_; }
  const Guardrails& guardrails() const { return guardrails_; }

 private:
  Policy(v1::Treatments treatments, std::string version);
  std::vector<Candidate> Consider(const Situation& situation,
                                  double churn_probability) const;
  double ExpectedValue(const v1::Treatment& treatment,
                       double churn_probability) const;

  v1::Treatments treatments_;
  std::string version_;
  Guardrails guardrails_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_POLICY_H_
