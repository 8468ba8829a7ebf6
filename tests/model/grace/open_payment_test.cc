#include "model/grace/open_payment.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "features/signal_fold.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

// 2024-06-05 10:00 UTC.
const absl::Time kFailed = absl::FromUnixSeconds(1'717'581'600);

class OpenPaymentTest : public ::testing::Test {
 protected:
  static v1::Event At(absl::Time time) {
    v1::Event event;
    event.mutable_event_time()->set_seconds(absl::ToUnixSeconds(time));
    return event;
  }
  void Fold(const v1::Event& event) {
    const std::string bytes = event.SerializeAsString();
    EventView view;
    ASSERT_TRUE(view.Parse(bytes));
    fold_.Apply(view, 1, state_);
  }
  static v1::PaymentAttempted Declined(const std::string& code = "51") {
    v1::PaymentAttempted attempt;
    attempt.set_invoice_id("inv-1");
    attempt.set_amount_minor(1099);
    attempt.set_currency("EUR");
    attempt.set_outcome(v1::PAYMENT_OUTCOME_DECLINED);
    attempt.set_decline_code(code);
    attempt.set_network(v1::CARD_NETWORK_VISA);
    attempt.set_initiator(v1::PAYMENT_INITIATOR_MERCHANT);
    attempt.set_method_kind(v1::PAYMENT_METHOD_KIND_CARD);
    return attempt;
  }
  void Try(absl::Time time, const v1::PaymentAttempted& attempt) {
    v1::Event event = At(time);
    *event.mutable_payment_attempted() = attempt;
    Fold(event);
  }
  void Plan(absl::Time time, int full_days, int reduced_days) {
    v1::Event event = At(time);
    v1::GracePlanned& planned = *event.mutable_grace_planned();
    planned.set_invoice_id("inv-1");
    planned.set_failed_epoch_s(absl::ToUnixSeconds(kFailed));
    planned.set_full_days(full_days);
    planned.set_reduced_days(reduced_days);
    Fold(event);
  }
  absl::StatusOr<OpenPayment> Read(absl::Time now,
                                   const ToldPayment& told = {}) const {
    std::string bytes;
    state_.Encode(bytes);
    const auto reader = StateReader::Open(Catalogue::Embedded(), bytes);
    EXPECT_TRUE(reader.ok());
    return ReadOpenPayment(*reader, told, PaymentRules::Embedded(), now);
  }
  OpenPayment MustRead(absl::Time now, const ToldPayment& told = {}) const {
    const auto open = Read(now, told);
    EXPECT_TRUE(open.ok()) << open.status();
    return open.ok() ? *open : OpenPayment();
  }
  void ExpectNone(absl::Time now, absl::string_view says) const {
    const auto open = Read(now);
    EXPECT_TRUE(absl::IsNotFound(open.status())) << open.status();
    EXPECT_NE(open.status().message().find(says), absl::string_view::npos)
        << open.status();
  }

  const SignalFold fold_{Catalogue::Embedded()};
  UserState state_{fold_.layout()};
};

TEST_F(OpenPaymentTest, TellsTheFailureAsItWasReported) {
  Try(kFailed, Declined());
  const OpenPayment open = MustRead(kFailed + absl::Minutes(5));
  EXPECT_EQ(open.invoice_id, "inv-1");
  EXPECT_EQ(open.currency, "EUR");
  EXPECT_EQ(open.payment.failed, kFailed);
  EXPECT_EQ(open.payment.decline_class, v1::DECLINE_CLASS_SOFT);
  EXPECT_EQ(open.payment.network, v1::CARD_NETWORK_VISA);
  EXPECT_EQ(open.payment.method_kind, v1::PAYMENT_METHOD_KIND_CARD);
  EXPECT_EQ(open.payment.amount_minor, 1099);
  EXPECT_EQ(open.payment.failed_attempts, 1);
  EXPECT_EQ(open.today, 0);
  EXPECT_EQ(open.past.day, 0);
  EXPECT_EQ(open.past.attempts, 1);
  EXPECT_EQ(open.past.access, Access::kFull);
  EXPECT_EQ(open.history.size(), 1);
  EXPECT_FALSE(open.planned);
  EXPECT_FALSE(open.card_changed);
}

TEST_F(OpenPaymentTest, IsNoneWithoutAFailureOrAfterItsEnd) {
  ExpectNone(kFailed, "no failed attempt");
  Try(kFailed, Declined());
  EXPECT_TRUE(Read(kFailed + absl::Hours(24 * 60)).ok());
  ExpectNone(kFailed + absl::Hours(24 * 61), "61 days old");
  ExpectNone(kFailed - absl::Hours(24), "-1 days old");
  const UserState failed = state_;
  v1::PaymentAttempted approved = Declined("");
  approved.set_outcome(v1::PAYMENT_OUTCOME_APPROVED);
  Try(kFailed + absl::Hours(30), approved);
  ExpectNone(kFailed + absl::Hours(40), "approved");
  state_ = failed;
  v1::Event event = At(kFailed + absl::Hours(30));
  event.mutable_renewed();
  Fold(event);
  ExpectNone(kFailed + absl::Hours(40), "renewed");
  state_ = failed;
  event.mutable_cancelled()->set_involuntary(false);
  Fold(event);
  ExpectNone(kFailed + absl::Hours(40), "ended");
}

TEST_F(OpenPaymentTest, GoesOnFromWhatWasTried) {
  Try(kFailed, Declined());
  Try(kFailed + absl::Hours(24 * 2), Declined());
  Try(kFailed + absl::Hours(24 * 2 + 1),
      Declined());  // The same day counts once.
  v1::PaymentAttempted by_customer = Declined("54");
  by_customer.set_initiator(v1::PAYMENT_INITIATOR_CUSTOMER);
  Try(kFailed + absl::Hours(24 * 3), by_customer);
  OpenPayment open = MustRead(kFailed + absl::Hours(24 * 4));
  EXPECT_EQ(open.today, 4);
  EXPECT_EQ(open.past.day, 3);
  EXPECT_EQ(open.past.attempts, 2);
  EXPECT_EQ(open.past.last_attempt_day, 2);
  EXPECT_EQ(open.payment.decided_day, 3);
  EXPECT_EQ(open.payment.failed, kFailed);
  EXPECT_EQ(open.payment.decline_class, v1::DECLINE_CLASS_FIX_NEEDED)
      << "the newest code, whoever tried";
  EXPECT_EQ(open.history.size(), 4);
  // Today is over once it was tried.
  Try(kFailed + absl::Hours(24 * 4), Declined());
  open = MustRead(kFailed + absl::Hours(24 * 4 + 1));
  EXPECT_EQ(open.past.day, 4);
  EXPECT_EQ(open.past.attempts, 3);
  EXPECT_EQ(open.past.last_attempt_day, 4);
}

TEST_F(OpenPaymentTest, IsOfTheNewestInvoiceUnlessAnotherIsNamed) {
  Try(kFailed - absl::Hours(24 * 31), Declined());
  v1::PaymentAttempted next = Declined();
  next.set_invoice_id("inv-2");
  Try(kFailed, next);
  EXPECT_EQ(MustRead(kFailed).invoice_id, "inv-2");
  EXPECT_EQ(MustRead(kFailed).payment.failed, kFailed);
  ToldPayment told;
  told.invoice_id = "inv-1";
  EXPECT_EQ(MustRead(kFailed, told).today, 31);
  told.invoice_id = "inv-3";
  EXPECT_TRUE(absl::IsNotFound(Read(kFailed, told).status()));
  told.failed = kFailed - absl::Hours(2);
  EXPECT_EQ(MustRead(kFailed, told).payment.failed, *told.failed);
}

// Where no invoice is named the time of the failure tells payments apart.
TEST_F(OpenPaymentTest, KnowsWhatWasDoneAboutAPaymentWithoutAnInvoice) {
  v1::PaymentAttempted attempt = Declined();
  attempt.clear_invoice_id();
  Try(kFailed - absl::Hours(24 * 40), attempt);
  Try(kFailed, attempt);
  Try(kFailed + absl::Hours(24 * 2), attempt);
  const auto plan = [&](absl::Time failed, int full_days) {
    v1::Event event = At(kFailed + absl::Hours(24 * 2));
    event.mutable_grace_planned()->set_failed_epoch_s(
        absl::ToUnixSeconds(failed));
    event.mutable_grace_planned()->set_full_days(full_days);
    Fold(event);
  };
  ToldPayment told;
  told.failed = kFailed;
  const absl::Time now = kFailed + absl::Hours(24 * 5);
  plan(kFailed, 3);
  const OpenPayment open = MustRead(now, told);
  EXPECT_EQ(open.past.attempts, 2);
  EXPECT_EQ(open.past.last_attempt_day, 2);
  ASSERT_TRUE(open.planned);
  EXPECT_EQ(open.planned->full_days, 3);
  EXPECT_EQ(open.past.access, Access::kNone);
  const OpenPayment today = MustRead(kFailed + absl::Hours(24 * 2 + 3), told);
  EXPECT_EQ(today.past.last_attempt_day, today.today);
  told.failed = kFailed + absl::Hours(24 * 2);
  const OpenPayment other = MustRead(now, told);
  EXPECT_FALSE(other.planned);
  EXPECT_EQ(other.past.attempts, 1);
  ExpectNone(now, "with an invoice_id");
}

TEST_F(OpenPaymentTest, BelievesTheCallerMore) {
  Try(kFailed, Declined());
  ToldPayment told;
  told.amount_minor = 500;
  told.currency = "USD";
  told.decline_code = "R1";
  told.network = v1::CARD_NETWORK_AMEX;
  const OpenPayment open = MustRead(kFailed + absl::Hours(1), told);
  EXPECT_EQ(open.payment.amount_minor, 500);
  EXPECT_EQ(open.currency, "USD");
  EXPECT_EQ(open.payment.decline_class, v1::DECLINE_CLASS_HARD);
  EXPECT_EQ(open.payment.network, v1::CARD_NETWORK_AMEX);
  EXPECT_EQ(open.history.size(), 1);
  EXPECT_TRUE(open.history.codes()[PaymentRules::Embedded().CodeOf("R1")]);
}

// What the newest attempt does not say is not known: an older one was perhaps
// of another method.
TEST_F(OpenPaymentTest, TakesNothingFromAnOlderAttempt) {
  v1::PaymentAttempted by_store = Declined();
  by_store.set_store(v1::STORE_APP_STORE);
  by_store.set_advice_code("02");
  Try(kFailed, by_store);
  EXPECT_EQ(MustRead(kFailed).payment.store, v1::STORE_APP_STORE);
  v1::PaymentAttempted bare;
  bare.set_invoice_id("inv-2");
  bare.set_outcome(v1::PAYMENT_OUTCOME_ERROR);
  Try(kFailed + absl::Hours(24), bare);
  const OpenPayment open = MustRead(kFailed + absl::Hours(24));
  EXPECT_EQ(open.payment.store, v1::STORE_UNSPECIFIED);
  EXPECT_EQ(open.payment.network, v1::CARD_NETWORK_UNSPECIFIED);
  EXPECT_EQ(open.payment.decline_class, v1::DECLINE_CLASS_TECHNICAL);
  EXPECT_EQ(open.currency, "");
  EXPECT_EQ(open.advised_wait, absl::ZeroDuration());
  EXPECT_TRUE(std::isnan(open.payment.amount_minor));
}

TEST_F(OpenPaymentTest, GivesANewCardAHistoryOfItsOwn) {
  Try(kFailed, Declined("R1"));
  EXPECT_FALSE(MustRead(kFailed).MayAttempt(PaymentRules::Embedded(),
                                            kFailed + absl::Hours(24)));
  v1::Event updated = At(kFailed + absl::Hours(3));
  updated.mutable_payment_method_updated()->set_card_expiry_epoch_s(
      1'800'000'000);
  Fold(updated);
  const OpenPayment open = MustRead(kFailed + absl::Hours(4));
  EXPECT_TRUE(open.card_changed);
  EXPECT_EQ(open.history.size(), 0);
  EXPECT_EQ(open.payment.card_expiry_s, 1'800'000'000);
  EXPECT_TRUE(
      open.MayAttempt(PaymentRules::Embedded(), kFailed + absl::Hours(24)));
}

TEST_F(OpenPaymentTest, WaitsAsANetworkAdvises) {
  v1::PaymentAttempted advised = Declined();
  advised.set_network(v1::CARD_NETWORK_MASTERCARD);
  advised.set_advice_code("02");  // Three days.
  Try(kFailed, advised);
  const OpenPayment open = MustRead(kFailed);
  EXPECT_EQ(open.advised_wait, absl::Hours(72));
  const PaymentRules& rules = PaymentRules::Embedded();
  EXPECT_FALSE(open.MayAttempt(rules, kFailed + absl::Hours(71)));
  EXPECT_TRUE(open.MayAttempt(rules, kFailed + absl::Hours(72)));
}

TEST_F(OpenPaymentTest, KnowsAccessMessagesAndLeaseFromWhatWasPlanned) {
  Try(kFailed, Declined());
  Plan(kFailed + absl::Hours(1), 3, 2);
  for (const auto& [day, access] :
       {std::pair(3, Access::kFull), std::pair(4, Access::kReduced),
        std::pair(5, Access::kReduced), std::pair(6, Access::kNone)}) {
    const UnpaidPast past =
        MustRead(kFailed + absl::Hours(24 * (day + 1))).past;
    EXPECT_EQ(past.day, day);
    EXPECT_EQ(past.access, access) << day;
    if (access == Access::kFull) continue;
    EXPECT_EQ(past.full_days, 3);
    EXPECT_EQ(past.reduced_days, std::min(day - 3, 2));
  }
  // A length of nothing is a length, too, and does not carry the one before.
  Plan(kFailed + absl::Hours(2), 0, 0);
  ASSERT_TRUE(MustRead(kFailed + absl::Hours(3)).planned);
  EXPECT_EQ(MustRead(kFailed + absl::Hours(3)).planned->full_days, 0);

  v1::Event leased = At(kFailed + absl::Hours(24));
  leased.mutable_grace_planned()->set_invoice_id("inv-1");
  leased.mutable_grace_planned()->set_randomised(true);
  leased.mutable_grace_planned()->set_propensity_billionths(1'612'903);
  leased.mutable_grace_planned()->set_lease_until_epoch_s(1'717'700'000);
  Fold(leased);
  const OpenPayment open = MustRead(kFailed + absl::Hours(24));
  EXPECT_EQ(open.lease_until, absl::FromUnixSeconds(1'717'700'000));
  EXPECT_TRUE(open.planned->randomised);
  EXPECT_DOUBLE_EQ(open.planned->propensity, 0.001612903);
  EXPECT_EQ(open.last_planned, kFailed + absl::Hours(24));
  // Also after a plan for another invoice, and of each.
  v1::Event other = At(kFailed + absl::Hours(25));
  other.mutable_grace_planned()->set_invoice_id("inv-2");
  other.mutable_grace_planned()->set_failed_epoch_s(
      absl::ToUnixSeconds(kFailed));
  Fold(other);
  for (const char* invoice : {"inv-1", "inv-2"}) {
    ToldPayment told;
    told.invoice_id = invoice;
    const OpenPayment either = MustRead(kFailed + absl::Hours(26), told);
    EXPECT_EQ(either.lease_until, open.lease_until) << invoice;
    EXPECT_EQ(either.last_planned, kFailed + absl::Hours(25));
  }

  for (const int day : {0, 2}) {
    v1::Event sent = At(kFailed + absl::Hours(24 * day + 1));
    sent.mutable_message_sent()->set_surface(v1::SURFACE_EMAIL);
    Fold(sent);
  }
  EXPECT_EQ(MustRead(kFailed + absl::Hours(72)).messages_sent, 2);
  EXPECT_EQ(MustRead(kFailed + absl::Hours(72)).past.last_message_day, 2);
}

// Against the rules as a person reads them, on the whole truth: what is
// remembered may forbid more, but never allow more.
TEST_F(OpenPaymentTest, NeverAllowsWhatTheWholeHistoryForbids) {
  const PaymentRules& rules = PaymentRules::Embedded();
  int forbidden = 0;
  for (const auto network :
       {v1::CARD_NETWORK_VISA, v1::CARD_NETWORK_MASTERCARD,
        v1::CARD_NETWORK_AMEX, v1::CARD_NETWORK_UNSPECIFIED}) {
    for (const int hours : {1, 7, 30}) {
      state_ = UserState(fold_.layout());
      CardHistory whole(network);
      for (int k = 0; k < 39; ++k) {
        const absl::Time time = kFailed + absl::Hours(hours * k);
        v1::PaymentAttempted attempt = Declined();
        attempt.set_network(network);
        attempt.set_initiator(k % 3 == 1 ? v1::PAYMENT_INITIATOR_CUSTOMER
                                         : v1::PAYMENT_INITIATOR_MERCHANT);
        const bool collected = k % 13 == 5;
        attempt.set_outcome(collected ? v1::PAYMENT_OUTCOME_APPROVED
                                      : v1::PAYMENT_OUTCOME_DECLINED);
        Try(time, attempt);
        whole.Add({.time = time,
                   .initiator = attempt.initiator(),
                   .outcome = attempt.outcome(),
                   .code = collected ? kNoCode : rules.CodeOf("51"),
                   .amount_minor = 1099});
        const absl::Time now = time + absl::Minutes(20);
        const auto open = Read(now);
        if (!open.ok()) continue;
        const bool lawful =
            rules.Judge(whole, {now, v1::PAYMENT_INITIATOR_MERCHANT, 1099})
                .allowed;
        forbidden += lawful ? 0 : 1;
        if (open->MayAttempt(rules, now)) {
          EXPECT_TRUE(lawful) << network << " " << hours << " " << k;
        }
      }
    }
  }
  EXPECT_GT(forbidden, 20);
}

}  // namespace
}  // namespace tenuto
