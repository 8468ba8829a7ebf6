#include "model/decision/explanation.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "features/base/log.h"
#include "model/decision/policy.h"

namespace tenuto {
namespace {

absl::string_view Where(v1::Surface surface) {
  switch (surface) {
    case v1::SURFACE_IN_APP:
      return "in the app";
    case v1::SURFACE_PUSH:
      return "by push";
    case v1::SURFACE_EMAIL:
      return "by e-mail";
    default:
      return "nowhere";
  }
}

std::string How(const Decision& decision) {
  return absl::StrFormat(
      "%s with probability %.4f",
      decision.explored ? "drawn by chance, to learn," : "chosen by value",
      decision.choice().propensity);
}

// The rule that binds first most often; of equals the first in the alphabet.
std::string Blocked(const Decision& decision) {
  std::map<std::string, int> count_by_rule;
  for (const Candidate& candidate : decision.candidates) {
    if (!candidate.blocked_by.empty()) ++count_by_rule[candidate.blocked_by];
  }
  const auto most = std::max_element(
      count_by_rule.begin(), count_by_rule.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  return absl::StrFormat("all %d candidates are blocked, %d of them by %s",
                         decision.candidates.size() - 1, most->second,
                         most->first);
}

std::string ExplainNone(const Decision& decision, absl::string_view currency,
                        double churn_probability) {
  const Candidate* best = nullptr;
  int allowed = 0;
  for (std::size_t i = 1; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    if (!candidate.blocked_by.empty()) continue;
    ++allowed;
    if (best == nullptr ||
        candidate.expected_value_minor > best->expected_value_minor) {
      best = &candidate;
    }
  }
  if (best == nullptr) {
    return absl::StrFormat("Nothing is sent: %s.", Blocked(decision));
  }
  return absl::StrFormat(
      "Nothing is sent: at a churn risk of %.1f %% the best of %d allowed "
      "candidates, %s %s, is worth %.1f %s minor units; %s.",
      100 * churn_probability, allowed, best->treatment, Where(best->surface),
      best->expected_value_minor, currency, How(decision));
}

const v1::Treatment& Find(const v1::Treatments& treatments,
                          absl::string_view name) {
  const auto found = std::find_if(
      treatments.treatments().begin(), treatments.treatments().end(),
      [&](const v1::Treatment& t) { return t.name() == name; });
  TENUTO_CHECK(found != treatments.treatments().end(),
               "a decision names a treatment of another policy");
  return *found;
}

}  // namespace

std::string Explain(const Decision& decision, const v1::Treatments& treatments,
                    double churn_probability) {
  const std::string& currency = treatments.objectives().currency();
  if (decision.chosen == 0) {
    return ExplainNone(decision, currency, churn_probability);
  }
  const Candidate& choice = decision.choice();
  const v1::Treatment& treatment = Find(treatments, choice.treatment);
  return absl::StrFormat(
      "%s %s %s: at a churn risk of %.1f %%, of which it is believed to keep "
      "%.1f %% (+/- %.1f), it is worth %.1f %s minor units after cost, "
      "fatigue and opt-outs; %s.",
      treatment.name(), Where(choice.surface), treatment.explanation(),
      100 * churn_probability, 100 * treatment.saves_mean(),
      100 * treatment.saves_sd(), choice.expected_value_minor, currency,
      How(decision));
}

}  // namespace tenuto
