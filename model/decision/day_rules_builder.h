// Resolves the dated entries of a checked rules file for one moment.
// Thread-safe: immutable.
#ifndef TENUTO_MODEL_DECISION_DAY_RULES_BUILDER_H_
#define TENUTO_MODEL_DECISION_DAY_RULES_BUILDER_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "model/decision/day_rules.h"
#include "model/decision/rule_days.h"
#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {

class DayRulesBuilder {
 public:
  using Codes = absl::flat_hash_map<std::string, CodeNumber>;

  // Both must outlive it; `rules` was found right by CheckPaymentRules and
  // `codes` has every code of it in its normal form.
  DayRulesBuilder(const v1::PaymentRules& rules, const Codes& codes)
      : rules_(rules), codes_(codes) {}

  // `stretch` lies within or outside each entry's days, never across their
  // ends.
  DayRules Build(const RuleDays& stretch) const;

 private:
  void AddCodes(absl::Time at, DayRules& day) const;
  void AddAdvice(absl::Time at, DayRules& day) const;
  void AddStops(absl::Time at, DayRules& day) const;
  void AddLimits(absl::Time at, DayRules& day) const;
  void AddStores(absl::Time at, DayRules& day) const;
  CodeNumber NumberOf(absl::string_view raw) const;

  const v1::PaymentRules& rules_;
  const Codes& codes_;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_DAY_RULES_BUILDER_H_
