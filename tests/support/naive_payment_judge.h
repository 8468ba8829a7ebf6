// The card networks' rules written out a second time, from the figures that the
// networks published and not from payment_rules.textproto, and judged by
// looking at everything for every question: the reference for PaymentRules.
// Value type; not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_NAIVE_PAYMENT_JUDGE_H_
#define TENUTO_TESTS_SUPPORT_NAIVE_PAYMENT_JUDGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tenuto/v1/event.pb.h"

namespace tenuto::testing {

struct NaiveAttempt {
  std::int64_t time_s;
  v1::PaymentInitiator initiator;
  bool approved;
  const char* code;
  const char* advice;
};

class NaivePaymentJudge {
 public:
  explicit NaivePaymentJudge(v1::CardNetwork network) : network_(network) {}

  // In order of time.
  void Add(const NaiveAttempt& attempt);

  // Not before the newest attempt.
  bool Allows(std::int64_t time_s, v1::PaymentInitiator initiator) const;
  // The first allowed second from `time_s` on; -1 for never.
  std::int64_t Earliest(std::int64_t time_s,
                        v1::PaymentInitiator initiator) const;

 private:
  bool VisaAllows(std::int64_t time_s, v1::PaymentInitiator initiator,
                  bool customer_apart, int attempts_max) const;
  bool MastercardAllows(std::int64_t time_s) const;

  v1::CardNetwork network_;
  bool stopped_ = false;
  std::vector<NaiveAttempt> past_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_NAIVE_PAYMENT_JUDGE_H_
