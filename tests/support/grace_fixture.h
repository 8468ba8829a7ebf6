// "anna", whose payment failed an hour ago, and a service that plans for her.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_GRACE_FIXTURE_H_
#define TENUTO_TESTS_SUPPORT_GRACE_FIXTURE_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/grace_service.h"
#include "tests/support/recovery_bundle.h"
#include "tests/support/server_parts.h"

namespace tenuto {

inline constexpr absl::Duration kLease = absl::Minutes(15);
inline constexpr absl::Duration kDay = absl::Hours(24);
inline const absl::Time kFailed = kTestNow - absl::Hours(1);

class GraceTest : public ::testing::Test {
 protected:
  GraceTest() {
    WriteRecoveryBundle(parts_.models_dir);
    EXPECT_TRUE(parts_.recovery_registry.Refresh().empty());
    parts_.TakeIn(SubscriberEvents("anna", 10, kFailed));
    Try("anna", kFailed);
  }

  GraceService::Options OptionsOf(Ledger& ledger, std::uint64_t seed = 1,
                                  const RecoveryRegistry* registry = nullptr) {
    return {.clock = parts_.clock,
            .catalogue = parts_.catalogue,
            .keys = parts_.keys,
            .gate = parts_.gate,
            .ledger = ledger,
            .scorer = scorer_,
            .registry = registry ? *registry : parts_.recovery_registry,
            .rules = PaymentRules::Embedded(),
            .values = *values_,
            .default_model = "grace",
            .lease = kLease,
            .metrics = parts_.metrics,
            .calls = parts_.calls,
            .seed = seed};
  }
  // From now on every length is drawn, or none.
  void Explore(double share) {
    const std::string text = absl::StrCat(
        "margin_share: 0.3 months_after_recovery: 7 "
        "full_day_share: 0.54 reduced_day_share: 0.13 "
        "least_gain_minor: 0.01 attempts_max: 12 messages_max: 3 "
        "full_days_max: 30 collect_days: 60 exploration_share: ",
        share, " currencies { currency: 'EUR' month_price_minor: 1099 ",
        "attempt_minor: 5 message_minor: 0.2 }");
    drawn_ = *GraceValues::FromText(text, "test");
    values_ = &*drawn_;
  }

  static v1::PaymentAttempted Declined() {
    v1::PaymentAttempted attempt;
    attempt.set_invoice_id("inv-1");
    attempt.set_amount_minor(1099);
    attempt.set_currency("EUR");
    attempt.set_outcome(v1::PAYMENT_OUTCOME_DECLINED);
    attempt.set_decline_code("51");
    attempt.set_network(v1::CARD_NETWORK_VISA);
    attempt.set_initiator(v1::PAYMENT_INITIATOR_MERCHANT);
    attempt.set_method_kind(v1::PAYMENT_METHOD_KIND_CARD);
    return attempt;
  }
  static v1::Event AttemptEvent(const std::string& user, absl::Time time,
                                const v1::PaymentAttempted& attempt) {
    v1::Event event = MakeEvent(
        user, absl::StrCat("attempt-", absl::ToUnixSeconds(time)), time);
    *event.mutable_payment_attempted() = attempt;
    return event;
  }
  void Try(const std::string& user, absl::Time time,
           const v1::PaymentAttempted& attempt = Declined()) {
    parts_.TakeIn({AttemptEvent(user, time, attempt)});
  }

  static v1::PlanGracePeriodRequest Request(const std::string& id,
                                            const std::string& invoice = "") {
    v1::PlanGracePeriodRequest request;
    request.set_request_id(id);
    request.set_user_id("anna");
    request.set_invoice_id(invoice);
    return request;
  }
  v1::PlanGracePeriodResponse Plan(const v1::PlanGracePeriodRequest& request) {
    v1::PlanGracePeriodResponse response;
    const absl::Status status = service_->Plan(request, response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  void Renew() {
    service_ = std::make_unique<GraceService>(OptionsOf(parts_.ledger));
  }
  void GoTo(int day) { parts_.clock.Set(kTestNow + day * kDay); }

  static bool Attempts(const v1::PlanGracePeriodResponse& plan, int day) {
    return std::count(plan.attempt_days().begin(), plan.attempt_days().end(),
                      day) > 0;
  }

  ServerParts parts_;
  const UserScorer scorer_ = parts_.MakeScorer();
  std::optional<GraceValues> drawn_;
  const GraceValues* values_ = &GraceValues::Embedded();
  std::unique_ptr<GraceService> service_ =
      std::make_unique<GraceService>(OptionsOf(parts_.ledger));
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_GRACE_FIXTURE_H_
