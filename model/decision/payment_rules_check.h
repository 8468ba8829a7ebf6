// Is a rules file right? Everything that could make the judge contradict itself
// or allow too much is refused here, with one line that names file, line and
// field.
// Thread-safe.
#ifndef TENUTO_MODEL_DECISION_PAYMENT_RULES_CHECK_H_
#define TENUTO_MODEL_DECISION_PAYMENT_RULES_CHECK_H_

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/text_format.h"
#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {

// Where the rules were read from, for what is said about them.
struct RulesText {
  absl::string_view file;
  absl::string_view text;
  const google::protobuf::TextFormat::ParseInfoTree& places;
};

// kInvalidArgument "FILE:LINE: entry: field is VALUE; it must be ..."; the
// first one of each kind of entry in file order.
absl::Status CheckPaymentRules(const v1::PaymentRules& rules,
                               const RulesText& text);

// Every decline and advice code that is named, in its normal form.
std::set<std::string> CodesOf(const v1::PaymentRules& rules);

}  // namespace tenuto

#endif  // TENUTO_MODEL_DECISION_PAYMENT_RULES_CHECK_H_
