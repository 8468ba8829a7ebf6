// The payment rules of one stretch of days, resolved into arrays: a judge that
// is asked millions of times a second looks no name up and allocates nothing.
// Thread-safe: immutable after PaymentRules made it.
#ifndef TENUTO_MODEL_DECISION_DAY_RULES_H_
#define TENUTO_MODEL_DECISION_DAY_RULES_H_

#include <array>
#include <bitset>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/decision/card_history.h"
#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {

// An attempt that somebody would like to make.
struct ProposedAttempt {
  absl::Time time;
  v1::PaymentInitiator initiator = v1::PAYMENT_INITIATOR_MERCHANT;
  std::int64_t amount_minor = 0;
};

struct AttemptVerdict {
  bool allowed = false;
  // Not before the asked time; the infinite future: never. As long as nothing
  // else is tried on the card.
  absl::Time earliest;
  // Of several rules the one that forbids longest; empty where allowed. Lives
  // as long as the rules.
  absl::string_view rule;
};

struct Decline {
  v1::DeclineClass decline_class = v1::DECLINE_CLASS_UNSPECIFIED;
  bool known = false;           // Some entry names its code or advice.
  absl::Duration advised_wait;  // Before the next try; advice, not a rule.
};

// What a store lets us choose while it collects.
struct StoreChoices {
  static constexpr int kDaysMax = 366;
  std::bitset<kDaysMax + 1> grace_days;  // Bit n: n days may be chosen.
  int silent_hours = 0;
  int retry_days = 0;  // 0: no terms are known, nothing may be chosen.
  int hold_days = -1;  // -1: what grace leaves of retry_days.

  bool AllowsGraceDays(int days) const;
  int HoldDays(int grace) const;
};

class DayRules {
 public:
  // Of an attempt that lies before the history's newest.
  static constexpr absl::string_view kNotInOrder = "not_in_order";

  // Under these rules only, whatever the day; PaymentRules::Judge picks them.
  AttemptVerdict Judge(const CardHistory& history,
                       const ProposedAttempt& proposed) const;
  // Why an attempt did not collect.
  Decline Classify(v1::CardNetwork network, v1::PaymentOutcome outcome,
                   CodeNumber code, CodeNumber advice) const;
  // Stops the card for ever under these rules?
  bool Stops(v1::CardNetwork network, CodeNumber code, CodeNumber advice) const;
  const v1::DeclinePolicy& PolicyOf(v1::DeclineClass decline_class) const {
    return policies_[static_cast<std::size_t>(decline_class)];
  }
  const StoreChoices& ChoicesOf(v1::Store store) const {
    return stores_[static_cast<std::size_t>(store)];
  }
  // The moments at which these rules count: from (included) until (excluded).
  absl::Time from() const { return from_; }
  absl::Time until() const { return until_; }

 private:
  friend class DayRulesBuilder;
  struct Limit {
    std::string name;
    bool reattempts_only;
    bool separate_initiators;
    bool same_amount;
    int attempts_max;
    absl::Duration window;
  };
  struct Stop {
    std::string name;
    CodeSet codes;
    CodeSet advice_codes;
  };
  struct Network {
    std::vector<Limit> limits;
    std::vector<Stop> stops;
    std::array<Decline, kCodesMax> codes;
    std::array<Decline, kCodesMax> advice_codes;
  };

  // The first moment, not before `at`, at which the limit allows one more.
  static absl::Time Earliest(const Limit& limit, const CardHistory& history,
                             const ProposedAttempt& proposed, absl::Time at);
  static absl::Time EarliestOf(const Limit& limit, const CardHistory& history,
                               const ProposedAttempt& proposed,
                               v1::PaymentInitiator counted, absl::Time at);

  absl::Time from_;
  absl::Time until_;
  std::array<Network, v1::CardNetwork_ARRAYSIZE> networks_;
  std::array<StoreChoices, v1::Store_ARRAYSIZE> stores_;
  std::array<v1::DeclinePolicy, v1::DeclineClass_ARRAYSIZE> policies_;
  v1::DeclineClass unknown_code_class_ = v1::DECLINE_CLASS_UNSPECIFIED;
  v1::DeclineClass no_answer_class_ = v1::DECLINE_CLASS_UNSPECIFIED;
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_DAY_RULES_H_
