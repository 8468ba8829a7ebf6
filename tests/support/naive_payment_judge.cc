#include "tests/support/naive_payment_judge.h"

#include <algorithm>
#include <cstring>

namespace tenuto::testing {
namespace {

constexpr std::int64_t kDayS = 86'400;
constexpr std::int64_t kNewVisaS = 1'747'612'800;  // 2025-05-19 00:00 UTC.

const std::vector<const char*>& NeverByVisa() {
  static const std::vector<const char*> codes = {
      "04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"};
  return codes;
}

bool IsOne(const char* code, const std::vector<const char*>& codes) {
  if (*code == '\0') return false;
  return std::any_of(codes.begin(), codes.end(), [&](const char* one) {
    return std::strcmp(code, one) == 0;
  });
}

bool CountsFor(const NaiveAttempt& attempt, v1::PaymentInitiator initiator) {
  return initiator == v1::PAYMENT_INITIATOR_UNSPECIFIED ||
         attempt.initiator == v1::PAYMENT_INITIATOR_UNSPECIFIED ||
         attempt.initiator == initiator;
}

}  // namespace

void NaivePaymentJudge::Add(const NaiveAttempt& attempt) {
  past_.push_back(attempt);
  if (attempt.approved) return;
  if (network_ == v1::CARD_NETWORK_VISA && IsOne(attempt.code, NeverByVisa())) {
    stopped_ = true;
  }
  if (network_ == v1::CARD_NETWORK_MASTERCARD &&
      IsOne(attempt.advice, {"03", "21"})) {
    stopped_ = true;
  }
}

bool NaivePaymentJudge::Allows(std::int64_t time_s,
                               v1::PaymentInitiator initiator) const {
  if (stopped_) return false;
  if (network_ == v1::CARD_NETWORK_MASTERCARD) return MastercardAllows(time_s);
  if (network_ != v1::CARD_NETWORK_VISA || time_s < kNewVisaS) {
    return VisaAllows(time_s, initiator, false, 15);
  }
  if (initiator != v1::PAYMENT_INITIATOR_UNSPECIFIED) {
    return VisaAllows(time_s, initiator, true, 20);
  }
  return VisaAllows(time_s, v1::PAYMENT_INITIATOR_CUSTOMER, true, 20) &&
         VisaAllows(time_s, v1::PAYMENT_INITIATOR_MERCHANT, true, 20);
}

bool NaivePaymentJudge::VisaAllows(std::int64_t time_s,
                                   v1::PaymentInitiator initiator,
                                   bool customer_apart,
                                   int attempts_max) const {
  if (past_.empty() || past_.back().approved) return true;
  int reattempts = 1;
  for (std::size_t i = 1; i < past_.size(); ++i) {
    if (past_[i].time_s <= time_s - 30 * kDayS) continue;
    if (past_[i - 1].approved) continue;
    if (customer_apart && !CountsFor(past_[i], initiator)) continue;
    ++reattempts;
  }
  return reattempts <= attempts_max;
}

bool NaivePaymentJudge::MastercardAllows(std::int64_t time_s) const {
  int in_day = 1;
  int in_month = 1;
  for (const NaiveAttempt& attempt : past_) {
    if (attempt.time_s > time_s - kDayS) ++in_day;
    if (attempt.time_s > time_s - 30 * kDayS) ++in_month;
  }
  return in_day <= 10 && in_month <= 35;
}

std::int64_t NaivePaymentJudge::Earliest(std::int64_t time_s,
                                         v1::PaymentInitiator initiator) const {
  // Only when something leaves a window, or rules change, can a no become a
  // yes.
  std::vector<std::int64_t> moments = {time_s, kNewVisaS};
  for (const NaiveAttempt& attempt : past_) {
    moments.push_back(attempt.time_s);
    moments.push_back(attempt.time_s + kDayS);
    moments.push_back(attempt.time_s + 30 * kDayS);
  }
  std::sort(moments.begin(), moments.end());
  for (const std::int64_t moment : moments) {
    if (moment < time_s) continue;
    if (!past_.empty() && moment < past_.back().time_s) continue;
    if (Allows(moment, initiator)) return moment;
  }
  return -1;
}

}  // namespace tenuto::testing
