#include "server/grace_service.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/rocks_ledger.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc_status.h"
#include "tests/support/grace_fixture.h"
#include "tests/support/pending_ledger.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class GraceServiceTest : public GraceTest {
 protected:
  absl::Status Refusal(const v1::PlanGracePeriodRequest& request) {
    v1::PlanGracePeriodResponse response;
    const absl::Status status = service_->Plan(request, response);
    EXPECT_EQ(response.ByteSizeLong(), 0u);
    return status;
  }
  // The plans of `anna` that the log holds.
  std::vector<v1::GracePlanned> Logged() {
    return parts_.Logged(parts_.keys.Of("anna"), &v1::Event::has_grace_planned,
                         &v1::Event::grace_planned);
  }
};

TEST_F(GraceServiceTest, CommitsWhatItAnswers) {
  const v1::PlanGracePeriodResponse plan = Plan(Request("r1"));
  const std::vector<v1::GracePlanned> logged = Logged();
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_EQ(logged[0].plan_id(), plan.plan_id());
  EXPECT_EQ(plan.plan_id().size(), 32u);
  EXPECT_EQ(logged[0].full_days(), plan.full_days());
  EXPECT_EQ(logged[0].reduced_days(), plan.reduced_days());
  EXPECT_EQ(logged[0].propensity(), plan.propensity());
  EXPECT_EQ(logged[0].request_id(),
            parts_.keys.Pseudonym("tenuto grace request ids", "r1"));
  EXPECT_EQ(logged[0].invoice_id(), "inv-1");
  EXPECT_EQ(logged[0].failed_epoch_s(), absl::ToUnixSeconds(kFailed));
  EXPECT_EQ(logged[0].model(), "grace/1");
  EXPECT_EQ(logged[0].rules(), PaymentRules::Embedded().version());
  EXPECT_EQ(plan.rules_version(), logged[0].rules());
  EXPECT_EQ(plan.values_version(), values_->version());
  EXPECT_EQ(plan.model(), "grace");
  EXPECT_EQ(plan.model_version(), 1);
  EXPECT_EQ(plan.currency(), "EUR");
  EXPECT_EQ(plan.elapsed_days(), 0);
  EXPECT_FALSE(plan.replayed());
  EXPECT_EQ(plan.planned_time().seconds(), absl::ToUnixSeconds(kTestNow));
  EXPECT_TRUE(plan.lease_id().empty()) << "nothing is due on day 0";
  EXPECT_GT(plan.attempt_days_size(), 0);
}

TEST_F(GraceServiceTest, TellsWhyUnlessOnlyThePlanIsWanted) {
  const v1::PlanGracePeriodResponse told = Plan(Request("r1"));
  ASSERT_EQ(told.curve_size(), 60);
  double before = 0;
  for (const v1::RecoveredByDay& point : told.curve()) {
    EXPECT_LE(point.low(), point.probability() + 1e-9);
    EXPECT_GE(point.high(), point.probability() - 1e-9);
    EXPECT_GE(point.probability(), before);
    before = point.probability();
  }
  EXPECT_GT(before, 0.2);
  EXPECT_GE(told.alternatives_size(), 2);
  EXPECT_GE(told.reasons_size(), 4);
  v1::PlanGracePeriodRequest request = Request("r2");
  request.set_plan_only(true);
  const v1::PlanGracePeriodResponse bare = Plan(request);
  EXPECT_EQ(bare.full_days(), told.full_days());
  EXPECT_EQ(bare.attempt_days_size(), told.attempt_days_size());
  EXPECT_EQ(bare.net_value_minor(), told.net_value_minor());
  EXPECT_EQ(bare.phases_size(), told.phases_size());
  EXPECT_EQ(bare.curve_size() + bare.alternatives_size() + bare.reasons_size() +
                bare.binding_size(),
            0);
}

// On every day from the failure until it is lost.
TEST_F(GraceServiceTest, TellsThePhaseOfTodayAndThoseToCome) {
  const std::int64_t failed_s = absl::ToUnixSeconds(kFailed);
  const std::int64_t midnight_s = failed_s - failed_s % 86'400;
  const auto begins = [](const v1::SubscriptionSpan& span) {
    return span.begin_time().seconds();
  };
  std::set<int> held;
  for (const int day : {0, 1, 5, 9, 14, 20, 31, 45, 60}) {
    GoTo(day);
    const v1::PlanGracePeriodResponse plan =
        Plan(Request(absl::StrCat("day-", day)));
    ASSERT_GE(plan.phases_size(), 1) << day;
    const v1::SubscriptionSpan& now = plan.phases(0);
    held.insert(now.phase());
    const std::int64_t grace_days = plan.full_days() + plan.reduced_days();
    EXPECT_EQ(now.phase(), day <= grace_days ? v1::SUBSCRIPTION_PHASE_IN_GRACE
                                             : v1::SUBSCRIPTION_PHASE_ON_HOLD);
    EXPECT_EQ(now.access(),
              day <= plan.full_days() ? v1::SUBSCRIPTION_ACCESS_FULL
              : day <= grace_days     ? v1::SUBSCRIPTION_ACCESS_REDUCED
                                      : v1::SUBSCRIPTION_ACCESS_NONE);
    EXPECT_EQ(begins(now), day <= plan.full_days() ? failed_s
                           : day <= grace_days
                               ? midnight_s + 86'400 * (plan.full_days() + 1)
                               : midnight_s + 86'400 * (grace_days + 1));
    const v1::SubscriptionSpan& last = plan.phases(plan.phases_size() - 1);
    EXPECT_EQ(last.phase(), v1::SUBSCRIPTION_PHASE_EXPIRED);
    EXPECT_EQ(begins(last), midnight_s + 86'400 * 61);
  }
  EXPECT_EQ(held.size(), 2u) << "grace and hold";
}

TEST_F(GraceServiceTest, TellsOfAStoresSilentHours) {
  v1::PlanGracePeriodRequest request = Request("r1");
  request.set_store(v1::STORE_GOOGLE_PLAY);
  const v1::PlanGracePeriodResponse plan = Plan(request);
  ASSERT_GE(plan.phases_size(), 3);
  EXPECT_EQ(plan.phases(0).phase(), v1::SUBSCRIPTION_PHASE_ACTIVE);
  EXPECT_EQ(plan.phases(1).phase(), v1::SUBSCRIPTION_PHASE_IN_GRACE);
  EXPECT_EQ(plan.phases(1).begin_time().seconds(),
            absl::ToUnixSeconds(kFailed + kDay));
}

// Only of a country whose custom is known.
TEST_F(GraceServiceTest, TellsWhichAttemptsFollowAPayday) {
  const auto says = [&](const std::string& id) {
    const v1::PlanGracePeriodResponse plan = Plan(Request(id));
    for (const std::string& reason : plan.reasons()) {
      if (reason.find("Tries again") == 0) return reason;
    }
    return std::string();
  };
  EXPECT_THAT(says("r1"), Not(HasSubstr("payday")));
  v1::Event moved = MakeEvent("anna", "zone", kFailed);
  moved.mutable_time_zone_changed()->set_time_zone("Europe/Helsinki");
  parts_.TakeIn({moved});
  parts_.clock.Set(kTestNow + absl::Seconds(1));
  EXPECT_THAT(says("r2"), HasSubstr("; on or soon after a usual payday: "));
}

TEST_F(GraceServiceTest, GivesARepeatedRequestTheStoredAnswer) {
  GoTo(1);
  v1::PlanGracePeriodResponse first = Plan(Request("r1"));
  ASSERT_FALSE(first.lease_id().empty());
  first.set_replayed(true);
  parts_.clock.Set(parts_.clock.Now() + kLease - absl::Seconds(1));
  const v1::PlanGracePeriodResponse soon = Plan(Request("r1"));
  EXPECT_EQ(first.SerializeAsString(), soon.SerializeAsString());
  parts_.clock.Set(parts_.clock.Now() + absl::Seconds(1));
  const v1::PlanGracePeriodResponse again = Plan(Request("r1"));
  EXPECT_TRUE(again.replayed());
  EXPECT_TRUE(again.lease_id().empty()) << "it may be another caller's";
  EXPECT_FALSE(again.has_lease_until());
  first.clear_lease_id();
  first.clear_lease_until();
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(Logged().size(), 1u);
  v1::PlanGracePeriodRequest other = Request("r1");
  other.set_plan_only(true);
  EXPECT_EQ(ReasonOf(Refusal(other)), "REQUEST_ID_REUSED");
  EXPECT_EQ(Logged().size(), 1u);
}

TEST_F(GraceServiceTest, LeasesAnAttemptToOneCaller) {
  GoTo(1);
  const v1::PlanGracePeriodResponse first = Plan(Request("r1"));
  ASSERT_TRUE(Attempts(first, 1));
  EXPECT_EQ(first.lease_id().size(), 32u);
  EXPECT_EQ(first.lease_until().seconds(),
            absl::ToUnixSeconds(parts_.clock.Now() + kLease));
  const v1::PlanGracePeriodResponse second = Plan(Request("r2"));
  EXPECT_TRUE(second.lease_id().empty());
  EXPECT_FALSE(second.has_lease_until());
  EXPECT_EQ(second.full_days(), first.full_days());
  EXPECT_TRUE(Attempts(second, 1)) << "the same plan";
  // A third caller after the plan of the second still has to wait.
  parts_.clock.Set(parts_.clock.Now() + kLease - absl::Seconds(1));
  EXPECT_TRUE(Plan(Request("r3")).lease_id().empty());
  parts_.clock.Set(parts_.clock.Now() + absl::Seconds(1));
  const v1::PlanGracePeriodResponse later = Plan(Request("r4"));
  EXPECT_FALSE(later.lease_id().empty()) << "nobody reported an attempt";
  EXPECT_NE(later.lease_id(), first.lease_id());
}

TEST_F(GraceServiceTest, LeasesNothingTwiceADayOnceItWasTried) {
  GoTo(1);
  ASSERT_FALSE(Plan(Request("r1")).lease_id().empty());
  Try("anna", parts_.clock.Now());
  parts_.clock.Set(parts_.clock.Now() + absl::Hours(1));
  const v1::PlanGracePeriodResponse after = Plan(Request("r2"));
  EXPECT_TRUE(after.lease_id().empty());
  EXPECT_EQ(after.elapsed_days(), 1);
  EXPECT_FALSE(Attempts(after, 1));
  for (const std::int64_t day : after.attempt_days()) EXPECT_GT(day, 1);
}

TEST_F(GraceServiceTest, GoesOnFromWhatWasDoneUntilItIsPaid) {
  std::int64_t full_days = -1;
  int leases = 0;
  for (int day = 0; day <= 20; ++day) {
    GoTo(day);
    const v1::PlanGracePeriodResponse plan =
        Plan(Request(absl::StrCat("day-", day)));
    EXPECT_EQ(plan.elapsed_days(), std::max(0, day - 1));
    if (full_days >= 0 && full_days < day - 1) {
      EXPECT_EQ(plan.full_days(), full_days) << "access does not come back";
    }
    full_days = plan.full_days();
    if (plan.lease_id().empty()) continue;
    ++leases;
    Try("anna", parts_.clock.Now());
  }
  EXPECT_GT(leases, 2);
  EXPECT_LE(leases, values_->ceilings().attempts_max);
  v1::PaymentAttempted paid = Declined();
  paid.set_outcome(v1::PAYMENT_OUTCOME_APPROVED);
  GoTo(21);
  Try("anna", parts_.clock.Now(), paid);
  EXPECT_EQ(ReasonOf(Refusal(Request("day-21"))), "NO_FAILED_PAYMENT");
}

TEST_F(GraceServiceTest, HoldsALengthThatWasDrawn) {
  Explore(1);
  Renew();
  const v1::PlanGracePeriodResponse drawn = Plan(Request("r1"));
  EXPECT_TRUE(drawn.randomised());
  EXPECT_NEAR(drawn.propensity(), 1 / 31.0, 1e-9);
  EXPECT_EQ(Logged()[0].propensity_billionths(), 32'258'065);
  std::set<std::int64_t> others;
  for (std::uint64_t seed = 2; seed < 12; ++seed) {
    // Another chance does not count any more.
    const GraceService other(OptionsOf(parts_.ledger, seed));
    v1::PlanGracePeriodResponse plan;
    parts_.clock.Set(parts_.clock.Now() + absl::Seconds(1));
    ASSERT_TRUE(other.Plan(Request(absl::StrCat("s", seed)), plan).ok());
    others.insert(plan.full_days());
    EXPECT_EQ(plan.propensity(), drawn.propensity());
  }
  EXPECT_EQ(others, std::set<std::int64_t>{drawn.full_days()});
  GoTo(1);
  Explore(0);
  Renew();
  const v1::PlanGracePeriodResponse held = Plan(Request("r2"));
  EXPECT_EQ(held.full_days(), drawn.full_days());
  EXPECT_TRUE(held.randomised());
  EXPECT_EQ(held.propensity(), drawn.propensity());
  EXPECT_GT(held.alternatives_size(), 1);
}

TEST_F(GraceServiceTest, DrawsNothingForWhoWasPlannedWithoutChance) {
  Explore(0);
  Renew();
  const v1::PlanGracePeriodResponse best = Plan(Request("r1"));
  EXPECT_FALSE(best.randomised());
  EXPECT_EQ(best.propensity(), 1);
  Explore(1);
  Renew();
  GoTo(1);
  const v1::PlanGracePeriodResponse next = Plan(Request("r2"));
  EXPECT_FALSE(next.randomised());
  EXPECT_EQ(next.propensity(), 1);
}

TEST_F(GraceServiceTest, RefusesWhatItCannotReadByFieldAndWritesNothing) {
  const Position before = parts_.ledger.Facts().last_position;
  const auto says = [&](auto edit) {
    v1::PlanGracePeriodRequest request = Request("r1");
    edit(request);
    const absl::Status status = Refusal(request);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  EXPECT_EQ(says([](auto& r) { r.set_request_id(""); }), "request_id is empty");
  EXPECT_EQ(says([](auto& r) { r.set_user_id(""); }), "user_id is empty");
  EXPECT_EQ(says([](auto& r) { r.set_invoice_id(std::string(129, 'i')); }),
            "invoice_id has more than 128 bytes");
  EXPECT_EQ(says([](auto& r) { r.set_decline_code("nonsense"); }),
            "decline_code has no entry in payment_rules.textproto");
  EXPECT_EQ(says([](auto& r) { r.set_advice_code("99"); }),
            "advice_code has no entry in payment_rules.textproto");
  EXPECT_EQ(says([](auto& r) { r.set_currency("QQQ"); }),
            "currency has no entry in grace_values.textproto");
  EXPECT_EQ(says([](auto& r) { r.set_amount_minor(5); }),
            "currency is empty, and amount_minor is given");
  EXPECT_EQ(says([](auto& r) { r.set_amount_minor(-5); }),
            "amount_minor is negative");
  EXPECT_EQ(says([](auto& r) { r.set_network(v1::CardNetwork(77)); }),
            "network has no value 77");
  EXPECT_EQ(says([](auto& r) { r.set_store(v1::Store(77)); }),
            "store has no value 77");
  EXPECT_EQ(says([](auto& r) {
              r.mutable_failed_time()->set_seconds(
                  absl::ToUnixSeconds(kTestNow + absl::Hours(1)));
            }),
            "failed_time lies in the future");
  EXPECT_EQ(says([](auto& r) { r.mutable_failed_time()->set_seconds(1); }),
            "failed_time is more than 60 days ago");
  EXPECT_EQ(says([](auto& r) { r.mutable_failed_time()->set_nanos(-1); }),
            "failed_time is no time");
  EXPECT_EQ(parts_.ledger.Facts().last_position, before);
  EXPECT_FALSE(Plan(Request("r1")).replayed());
}

TEST_F(GraceServiceTest, BlamesTheCallerForAModelOnlyWhereOthersServe) {
  v1::PlanGracePeriodRequest request = Request("r1");
  request.set_model("absent");
  absl::Status status = Refusal(request);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
  EXPECT_EQ(status.message(),
            "model \"absent\" does not serve; serving: grace");
  const TempFolder models;
  RecoveryRegistry none{models.path(), parts_.catalogue};
  const GraceService service(OptionsOf(parts_.ledger, 1, &none));
  for (const char* model : {"", "grace", "absent"}) {
    request.set_model(model);
    v1::PlanGracePeriodResponse response;
    status = service.Plan(request, response);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(ReasonOf(status), "NO_RECOVERY_MODEL");
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("`tenuto train grace --ledger DIR --models DIR` into "
                          "its models_dir and then calls Admin.ReloadModels"));
  }
}

TEST_F(GraceServiceTest, NamesWhatTheLogLacks) {
  v1::PlanGracePeriodRequest request = Request("r1");
  request.set_user_id("stranger");
  EXPECT_EQ(ReasonOf(Refusal(request)), "NO_FAILED_PAYMENT");
  parts_.TakeIn(SubscriberEvents("bert", 5, kFailed));
  request.set_user_id("bert");
  EXPECT_EQ(ReasonOf(Refusal(request)), "NO_FAILED_PAYMENT");
  request.set_invoice_id("inv-9");
  EXPECT_EQ(ReasonOf(Refusal(request)), "NO_FAILED_PAYMENT");
  request.mutable_failed_time()->set_seconds(absl::ToUnixSeconds(kFailed));
  EXPECT_EQ(Refusal(request).message(),
            "currency is not told by the newest attempt; give it");
  request.set_amount_minor(1099);
  request.set_currency("EUR");
  const v1::PlanGracePeriodResponse plan = Plan(request);
  EXPECT_EQ(plan.attempt_days_size(), 0)
      << "nobody knows why it failed, so nobody tries again";
  request.set_request_id("r2");
  request.set_decline_code("insufficient_funds");
  EXPECT_GT(Plan(request).attempt_days_size(), 0);
  // From the plan it is known from now on.
  request = Request("r3");
  request.set_user_id("bert");
  request.set_invoice_id("inv-9");
  request.set_currency("EUR");
  GoTo(2);
  EXPECT_EQ(Plan(request).elapsed_days(), 1);
  v1::PaymentAttempted foreign = Declined();
  foreign.set_currency("CHF");
  parts_.TakeIn(SubscriberEvents("carl", 5, kFailed));
  Try("carl", kFailed, foreign);
  request = Request("r4");
  request.set_user_id("carl");
  EXPECT_EQ(Refusal(request).message(),
            "currency of the newest attempt has no entry in "
            "grace_values.textproto");
}

TEST_F(GraceServiceTest, KeepsToWhatRulesAllowThisCard) {
  v1::PaymentAttempted stopped = Declined();
  stopped.set_decline_code("R1");
  Try("anna", kFailed + absl::Minutes(1), stopped);
  const v1::PlanGracePeriodResponse plan = Plan(Request("r1"));
  EXPECT_EQ(plan.attempt_days_size(), 0);
  // Of a window that is full nothing is due before it opens.
  parts_.TakeIn(SubscriberEvents("busy", 5, kFailed));
  const absl::Time tried = kTestNow + kDay - absl::Hours(16);
  parts_.clock.Set(tried + absl::Hours(1));
  for (int k = 0; k < 10; ++k) {
    v1::PaymentAttempted attempt = Declined();
    attempt.set_network(v1::CARD_NETWORK_MASTERCARD);
    Try("busy", tried + absl::Minutes(k), attempt);
  }
  GoTo(1);
  v1::PlanGracePeriodRequest request = Request("r2");
  request.set_user_id("busy");
  const v1::PlanGracePeriodResponse full = Plan(request);
  EXPECT_TRUE(full.lease_id().empty()) << "10 attempts in 24 hours";
  GoTo(2);
  request.set_request_id("r3");
  EXPECT_FALSE(Plan(request).lease_id().empty());
}

TEST_F(GraceServiceTest, PlansNothingByWhatMissesThePast) {
  for (const char* signal :
       {"failed_attempts", "planned_invoice", "consent_messages"}) {
    PendingLedger ledger(parts_.ledger,
                         PendingSignals({SignalId(parts_.catalogue, signal)}));
    v1::PlanGracePeriodResponse response;
    const absl::Status status =
        GraceService(OptionsOf(ledger)).Plan(Request("r1"), response);
    EXPECT_EQ(ReasonOf(status), "SIGNALS_PENDING") << signal;
  }
  EXPECT_TRUE(Logged().empty());
  EXPECT_FALSE(Plan(Request("r1")).replayed());
}

TEST_F(GraceServiceTest, DrawsWhatTheSeedSays) {
  const auto lengths = [&](std::uint64_t seed) {
    std::vector<std::int64_t> drawn;
    Explore(1);
    const GraceService service(OptionsOf(parts_.ledger, seed));
    for (int k = 0; k < 12; ++k) {
      v1::PlanGracePeriodRequest request = Request(absl::StrCat("d", k));
      request.set_user_id(absl::StrCat("user-", seed, "-", k));
      parts_.TakeIn(SubscriberEvents(request.user_id(), 3, kFailed));
      Try(request.user_id(), kFailed);
      v1::PlanGracePeriodResponse plan;
      EXPECT_TRUE(service.Plan(request, plan).ok());
      drawn.push_back(plan.full_days());
    }
    return drawn;
  };
  const std::vector<std::int64_t> drawn = lengths(3);
  EXPECT_GT(std::set<std::int64_t>(drawn.begin(), drawn.end()).size(), 5u);
}

// On a real ledger: many callers, a restart, the lease of before.
TEST_F(GraceServiceTest, OneOfManyCallersGetsTheLeaseAlsoAfterARestart) {
  GoTo(1);
  RocksLedgerOptions options;
  options.directory = parts_.folder.path() / "ledger";
  options.clock = &parts_.clock;
  auto ledger = *OpenRocksLedger(options, parts_.catalogue, parts_.keys);
  GatedEvent gated;
  v1::Event failure = AttemptEvent("anna", kFailed, Declined());
  ASSERT_FALSE(parts_.gate.Admit(failure, parts_.clock.Now(), gated));
  ASSERT_TRUE(ledger->Commit({&gated, 1}).ok());
  std::atomic<int> leases{0};
  const auto ask = [&](const GraceService& service, const std::string& id) {
    v1::PlanGracePeriodResponse plan;
    EXPECT_TRUE(service.Plan(Request(id), plan).ok());
    EXPECT_TRUE(Attempts(plan, 1));
    if (!plan.lease_id().empty()) ++leases;
  };
  {
    const GraceService service(OptionsOf(*ledger));
    std::vector<std::thread> callers;
    for (int k = 0; k < 8; ++k) {
      callers.emplace_back([&, k] { ask(service, absl::StrCat("c", k)); });
    }
    for (std::thread& caller : callers) caller.join();
  }
  EXPECT_EQ(leases, 1);
  ledger.reset();
  ledger = *OpenRocksLedger(options, parts_.catalogue, parts_.keys);
  const GraceService service(OptionsOf(*ledger, 2));
  ask(service, "after");
  EXPECT_EQ(leases, 1);
  parts_.clock.Set(parts_.clock.Now() + kLease);
  ask(service, "expired");
  EXPECT_EQ(leases, 2);
}

}  // namespace
}  // namespace tenuto
