// The policies that people write down to compare: what is done about a failed
// payment, the same for everybody, a mixture, or planned for each. Read whole
// and checked before anything runs, so that a typo costs a second, not a night.
// Thread-safe: immutable after FromText.
#ifndef TENUTO_TRAINING_SIMULATION_POLICY_FILE_H_
#define TENUTO_TRAINING_SIMULATION_POLICY_FILE_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "model/decision/payment_rules.h"
#include "model/grace/unpaid_day.h"

namespace tenuto {

enum class PolicyKind {
  kFixed,
  kMixture,
  kPersonal,  // The planner, by the recovery model.
  kOracle     // The planner, by the true chances; in a world only.
};

struct ComparedPolicy {
  struct Part {
    std::size_t policy = 0;  // Index in the file.
    double share = 0;
  };

  std::string name;
  PolicyKind kind = PolicyKind::kFixed;
  DayActions actions;          // Of a fixed one.
  int last_day = kUnpaidDays;  // Of a fixed one; open after it is lost.
  std::vector<Part> parts;     // Of a mixture; shares sum to 1.
};

class PolicyFile {
 public:
  // kInvalidArgument "FILE:LINE: policy "NAME": field is VALUE; it must be
  // ..."; `file` is used in the text only.
  static absl::StatusOr<PolicyFile> FromText(absl::string_view text,
                                             absl::string_view file);
  static absl::StatusOr<PolicyFile> Read(const std::filesystem::path& path);

  absl::Span<const ComparedPolicy> policies() const { return policies_; }
  // Index of the policy that the others are compared with; fixed or a mixture.
  std::size_t current() const { return current_; }
  const std::string& currency() const { return currency_; }

  // Which policy serves a failed payment, by a uniform number in [0, 1): a part
  // of a mixture, any other itself. Never a mixture.
  const ComparedPolicy& Serving(std::size_t policy, double unit) const;

 private:
  PolicyFile() = default;

  std::vector<ComparedPolicy> policies_;
  std::size_t current_ = 0;
  std::string currency_;
};

// kFailedPrecondition naming the policy, the network, how many attempts of how
// many, the first of them and its rule, if a network would refuse attempts of a
// fixed policy on a card that was never tried before the failure, on that day.
// Of several networks the strictest.
absl::Status CheckLawful(const ComparedPolicy& policy,
                         const PaymentRules& rules, absl::Time failed_time);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_POLICY_FILE_H_
