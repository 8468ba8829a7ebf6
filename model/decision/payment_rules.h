// The dated rules of card networks and stores, and the judge of what they allow
// on a day. Everything about a file is checked when it is read, so that no plan
// can meet a rule that makes no sense.
// Thread-safe: immutable after FromText.
#ifndef TENUTO_MODEL_DECISION_PAYMENT_RULES_H_
#define TENUTO_MODEL_DECISION_PAYMENT_RULES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "model/decision/card_history.h"
#include "model/decision/day_rules.h"
#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {

class PaymentRules {
 public:
  // Those of payment_rules.textproto, compiled in.
  static const PaymentRules& Embedded();
  // kInvalidArgument "FILE:LINE: field ..." for what is unknown, doubled,
  // overlapping or impossible; `file` is used in the text only.
  static absl::StatusOr<PaymentRules> FromText(absl::string_view text,
                                               absl::string_view file);

  PaymentRules(PaymentRules&&) = default;
  PaymentRules& operator=(PaymentRules&&) = default;

  // Of a raw decline or advice code: kNoCode for "", kUnknownCode for one that
  // no entry names. Look it up once, when the attempt is read.
  CodeNumber CodeOf(absl::string_view raw) const;
  // The same of a code of which only the hash is kept (RecentEntry), as it is
  // listed, in small letters, or "04" as "4"; of other spellings kUnknownCode.
  CodeNumber CodeOfHash(std::uint64_t text_hash) const;

  // The rules in force at a moment; as long as DayRules::until() lies ahead,
  // they may be asked directly. Lives as long as this.
  const DayRules& At(absl::Time time) const;

  // May this be tried? Under the rules of the proposed moment; the earliest
  // moment otherwise is judged under those of its own day.
  AttemptVerdict Judge(const CardHistory& history,
                       const ProposedAttempt& proposed) const;

  // Whether all attempts of a plan, each judged by the rules of its day after
  // those before it failed, are allowed; names the first that is not, the rule
  // and when it would be. The history is that of the day of planning.
  absl::Status CheckSchedule(CardHistory history,
                             absl::Span<const ProposedAttempt> plan) const;
  // Whether the store lets us choose so many days of grace on that day.
  absl::Status CheckGrace(v1::Store store, absl::Time time, int days) const;

  // Changes with any rule; recorded with plans. 16 hexadecimal digits.
  const std::string& version() const { return version_; }

 private:
  explicit PaymentRules(const v1::PaymentRules& rules);

  std::string version_;
  absl::flat_hash_map<std::string, CodeNumber> codes_;
  absl::flat_hash_map<std::uint64_t, CodeNumber> codes_by_hash_;
  std::vector<DayRules> stretches_;  // One after the other, without gaps.
};

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_PAYMENT_RULES_H_
