// Lives of subscribers of whom we know nothing but their payments, many of
// which fail: small logs for tests of what comes after a failure.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_FAILURE_LIVES_H_
#define TENUTO_TESTS_SUPPORT_FAILURE_LIVES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "features/event_gate.h"
#include "features/ledger.h"
#include "tenuto/v1/event.pb.h"
#include "training/split_mix.h"

namespace tenuto {

class FailureLives {
 public:
  // Chances of a day: soft declines are collected, cards out of date wait for
  // their owners. Retries on days 1, 3, 6 and 10; the company ends it on
  // day 21.
  static constexpr double kSoftRetry = 0.4, kFixRetry = 0.02;
  static constexpr double kSoftUser = 0.02, kFixUser = 0.08, kCancels = 0.01;

  FailureLives(Ledger& ledger, const UserKeys& keys, std::uint64_t seed)
      : ledger_(ledger), keys_(keys), gate_(keys), random_(seed) {}

  // From here on a plan of kShortDays or kLongDays is drawn for each failure,
  // which changes no chance of these lives, and logged; cards out of date are
  // not tried again, as is lawful. On day 5 the share `replanned` of those
  // still open gets a plan without further attempts.
  static constexpr int kShortDays = 7, kLongDays = 21;
  void Plan(double replanned) { replanned_ = replanned; }

  // One user, an invoice every 30 days for `invoices` times, half of them fail.
  void Live(const std::string& user, int invoices);

 private:
  bool Chance(double p) {
    return static_cast<double>(random_.Next() >> 11) * 0x1.0p-53 < p;
  }
  v1::Event& Add(int hour);
  void Commit();
  void Attempt(int invoice, int number, bool collects, const char* code,
               bool by_customer = false);
  void LogPlan(int invoice, int elapsed, int full_days,
               const std::vector<int>& attempts);
  // False when it is all over.
  bool Fail(int invoice, bool soft);

  Ledger& ledger_;
  const UserKeys& keys_;
  const EventGate gate_;
  SplitMix64 random_;
  double replanned_ = -1;  // No plans.
  std::string user_;
  int day_ = 0;
  int count_ = 0;
  absl::Time at_;
  v1::Event event_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_FAILURE_LIVES_H_
