#include "model/decision/policy.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "embedded/treatments.textproto.h"
#include "features/base/digest.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "model/decision/explanation.h"
#include "model/decision/treatments.h"

namespace tenuto {
namespace {

constexpr std::size_t kVersionDigits = 16;

std::vector<std::size_t> Allowed(const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> allowed;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].blocked_by.empty()) allowed.push_back(i);
  }
  return allowed;
}

// The first of the best, so that ties never depend on a machine.
std::size_t Best(const std::vector<Candidate>& candidates,
                 const std::vector<std::size_t>& allowed) {
  return *std::max_element(allowed.begin(), allowed.end(),
                           [&](std::size_t a, std::size_t b) {
                             return candidates[a].expected_value_minor <
                                    candidates[b].expected_value_minor;
                           });
}

// One draw in [0, 1). Taken from the bits here, because a library's
// distribution may draw again and differ between versions.
double DrawUnit(absl::BitGenRef random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

double Believable(double churn_probability) {
  if (std::isnan(churn_probability)) return 0;
  return std::clamp(churn_probability, 0.0, 1.0);
}

}  // namespace

const Policy& Policy::Embedded() {
  static const absl::StatusOr<Policy> policy =
      Parse(kEmbeddedTreatmentsTextproto);
  TENUTO_CHECK(policy.ok(), policy.status().message());
  return *policy;
}

absl::StatusOr<Policy> Policy::Parse(absl::string_view textproto) {
  TENUTO_ASSIGN_OR_RETURN(v1::Treatments treatments,
                          ParseTreatments(textproto));
  return Create(std::move(treatments));
}

absl::StatusOr<Policy> Policy::Create(v1::Treatments treatments) {
  TENUTO_RETURN_IF_ERROR(CheckTreatments(treatments));
  std::string version =
      Sha256Hex(treatments.SerializeAsString()).substr(0, kVersionDigits);
  return Policy(std::move(treatments), std::move(version));
}

Policy::Policy(v1::Treatments treatments, std::string version)
    : treatments_(std::move(treatments)),
      version_(std::move(version)),
      guardrails_(treatments_.guardrails()) {}

Decision Policy::Decide(const DecisionInput& input,
                        absl::BitGenRef random) const {
  return DecideFor(StandingOf(input.state), input, random);
}

Decision Policy::DecideFor(const Standing& standing, const DecisionInput& input,
                           absl::BitGenRef random) const {
  const double churn_probability = Believable(input.churn_probability);
  const Situation situation =
      guardrails_.Assess(input.user, standing, input.surfaces, input.now);
  Decision decision;
  decision.candidates = Consider(situation, churn_probability);

  const std::vector<std::size_t> allowed = Allowed(decision.candidates);
  const std::size_t best = Best(decision.candidates, allowed);
  const double share = treatments_.exploration().share();
  const double count = static_cast<double>(allowed.size());
  for (const std::size_t i : allowed) {
    decision.candidates[i].propensity = share / count;
  }
  decision.candidates[best].propensity += 1 - share;

  // The draw's first `share` is cut into equal parts, one an allowed candidate.
  const double draw = DrawUnit(random);
  decision.explored = draw < share;
  const std::size_t part =
      decision.explored ? static_cast<std::size_t>(draw / share * count) : 0;
  decision.chosen = static_cast<int>(
      decision.explored ? allowed[std::min(part, allowed.size() - 1)] : best);
  decision.explanation = Explain(decision, treatments_, churn_probability);
  return decision;
}

std::vector<Candidate> Policy::Consider(const Situation& situation,
                                        double churn_probability) const {
  std::vector<Candidate> candidates(1);
  candidates[0].treatment = "none";
  for (const v1::Treatment& treatment : treatments_.treatments()) {
    const double value = ExpectedValue(treatment, churn_probability);
    for (const int number : treatment.surfaces()) {
      const auto surface = static_cast<v1::Surface>(number);
      Candidate& candidate = candidates.emplace_back();
      candidate.treatment = treatment.name();
      candidate.surface = surface;
      candidate.expected_value_minor = value;
      candidate.blocked_by =
          std::string(guardrails_.FirstBinding(treatment, surface, situation));
    }
  }
  return candidates;
}

double Policy::ExpectedValue(const v1::Treatment& treatment,
                             double churn_probability) const {
  const v1::Objectives& objectives = treatments_.objectives();
  const double kept_value =
      static_cast<double>(objectives.month_value_minor()) *
      objectives.kept_months();
  return churn_probability * treatment.saves_mean() * kept_value -
         treatment.opt_out_mean() *
             static_cast<double>(objectives.opt_out_cost_minor()) -
         static_cast<double>(objectives.fatigue_cost_minor()) -
         static_cast<double>(treatment.cost_minor());
}

}  // namespace tenuto
