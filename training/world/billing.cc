#include "training/world/billing.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/decision/payment_rules.h"
#include "training/world/decline_answer.h"

namespace tenuto::world {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

const Market& MarketOf(const Traits& traits) {
  return Markets()[static_cast<std::size_t>(traits.market)];
}

// A subscription payload with its price.
template <typename Payload>
void FillPrice(const Traits& traits, Payload& payload) {
  const Market& market = MarketOf(traits);
  payload.set_price_minor(market.price_minor);
  payload.set_currency(market.currency);
  payload.set_billing_days(kBillingDays);
}

std::int64_t ExpirySeconds(const Payments& payments, const Calendar& calendar) {
  const bool has_expiry = payments.kind == v1::PAYMENT_METHOD_KIND_CARD ||
                          payments.kind == v1::PAYMENT_METHOD_KIND_WALLET;
  return has_expiry ? calendar.StartOf(payments.expiry_day) : 0;
}

std::string InvoiceOf(const Person& person) {
  return absl::StrCat("i", person.traits.user, "-",
                      person.hidden.payments.invoice);
}

std::string PlanIdOf(const Person& person) {
  return absl::StrCat("g", person.traits.user, "-",
                      person.hidden.payments.invoice);
}

template <typename Days>
void FillDays(std::uint64_t set, Days& days) {
  for (int day = 1; day <= kUnpaidDays; ++day) {
    if (HasDay(set, day)) days.Add(day);
  }
}

void WriteAttempt(const Person& person, const ChargeAttempt& attempt,
                  std::int64_t ms, const Scene& scene) {
  const Traits& traits = person.traits;
  const Payments& payments = person.hidden.payments;
  v1::PaymentAttempted& paid = *scene.diary.Add(ms).mutable_payment_attempted();
  paid.set_invoice_id(InvoiceOf(person));
  paid.set_attempt_number(attempt.number);
  paid.set_amount_minor(MarketOf(traits).price_minor);
  paid.set_currency(MarketOf(traits).currency);
  paid.set_outcome(attempt.cause == DeclineCause::kNone
                       ? v1::PAYMENT_OUTCOME_APPROVED
                   : attempt.cause == DeclineCause::kIssuerOutage
                       ? v1::PAYMENT_OUTCOME_ERROR
                       : v1::PAYMENT_OUTCOME_DECLINED);
  const DeclineAnswer answer =
      AnswerOf(attempt.cause, traits,
               CureOf(traits, attempt.cause, payments.next_payday - scene.day),
               scene.luck.On(scene.day, Purpose::kAnswer));
  paid.set_decline_code(answer.decline_code);
  paid.set_advice_code(answer.advice_code);
  paid.set_network(NetworkOf(traits));
  paid.set_store(StoreOf(traits));
  paid.set_initiator(attempt.by_customer ? v1::PAYMENT_INITIATOR_CUSTOMER
                                         : v1::PAYMENT_INITIATOR_MERCHANT);
  paid.set_method_kind(payments.kind);
  paid.set_card_expiry_epoch_s(ExpirySeconds(payments, scene.calendar));
}

void WriteUpdate(const Person& person, std::int64_t ms, const Scene& scene) {
  const Payments& payments = person.hidden.payments;
  scene.diary.Add(ms).mutable_page_view()->set_page(v1::PAGE_BILLING);
  v1::PaymentMethodUpdated& update =
      *scene.diary.Add(ms + 60'000).mutable_payment_method_updated();
  update.set_method_kind(payments.kind);
  update.set_card_expiry_epoch_s(ExpirySeconds(payments, scene.calendar));
}

// What was drawn for a payment that failed at `failed_ms`.
void WritePlan(const Person& person, std::int64_t failed_ms,
               const Scene& scene) {
  const DunningPlan& plan = person.hidden.payments.plan;
  v1::GracePlanned& planned =
      *scene.diary.Add(failed_ms + 1'000).mutable_grace_planned();
  planned.set_plan_id(PlanIdOf(person));
  planned.set_invoice_id(InvoiceOf(person));
  planned.set_failed_epoch_s(scene.calendar.StartOf(scene.day) +
                             failed_ms / 1000);
  planned.set_full_days(plan.full_days);
  planned.set_reduced_days(plan.reduced_days);
  FillDays(plan.attempt_days, *planned.mutable_attempt_days());
  FillDays(plan.message_days, *planned.mutable_message_days());
  planned.set_propensity(plan.propensity);
  planned.set_propensity_billionths(std::llround(plan.propensity * 1e9));
  planned.set_randomised(plan.propensity < 1);
  planned.set_policy("world-house-1");
  planned.set_rules(PaymentRules::Embedded().version());
}

void WriteReminder(const Person& person, std::int64_t ms, const Scene& scene) {
  const std::string id = absl::StrCat(PlanIdOf(person), "-", scene.day);
  const auto fill = [&](auto* echo) {
    echo->set_decision_id(id);
    echo->set_treatment("payment_reminder");
    echo->set_surface(v1::SURFACE_EMAIL);
  };
  fill(scene.diary.Add(ms).mutable_message_sent());
  fill(scene.diary.Add(ms + 2'000).mutable_message_delivered());
}

// Who cannot pay falls back to the free plan; a hard decline ends the account.
void WriteLoss(std::int64_t ms, const Scene& scene, Person& person) {
  const bool hard = person.hidden.payments.blocked != DeclineCause::kNone;
  const v1::Plan after = hard ? v1::PLAN_NONE : v1::PLAN_FREE;
  v1::Event& event = scene.diary.AddChange(ms, after);
  if (hard) {
    event.mutable_cancelled()->set_involuntary(true);
  } else {
    event.mutable_expired()->set_involuntary(true);
  }
  EndSubscription(scene.day, after, person.hidden);
}

}  // namespace

bool StartPaying(const Scene& scene, std::int64_t ms, bool by_customer,
                 Person& person) {
  Payments& payments = person.hidden.payments;
  ++payments.invoice;
  const ChargeAttempt attempt = {
      by_customer, 1,
      TryCharge(person.traits, scene.day, scene.luck, payments)};
  WriteAttempt(person, attempt, ms, scene);
  if (attempt.cause != DeclineCause::kNone) return false;
  payments.due_day = scene.day + kBillingDays;
  Subscription& subscription = person.hidden.subscription;
  subscription.since_day =
      subscription.plan == v1::PLAN_TRIAL ? subscription.since_day : scene.day;
  subscription.plan = v1::PLAN_PREMIUM;
  FillPrice(person.traits, *scene.diary.AddChange(ms + 1'000, v1::PLAN_PREMIUM)
                                .mutable_subscription_started());
  return true;
}

void EndSubscription(int day, v1::Plan plan_after, Hidden& hidden) {
  hidden.subscription.plan = plan_after;
  hidden.subscription.left_day = day;
  hidden.intention = Intention::kContented;
  hidden.payments.is_failing = false;
}

void WriteCharges(const ChargeDay& charge, const Scene& scene, Person& person,
                  PlanMoves& moves) {
  Draws draws = scene.luck.On(scene.day, Purpose::kBilling);
  const std::int64_t ms = 3 * kHourMs + draws.Below(3 * kHourMs);
  const std::int64_t mended_ms = 8 * kHourMs + draws.Below(12 * kHourMs);
  if (charge.messaged) WriteReminder(person, 7 * kHourMs, scene);
  if (charge.method_updated) WriteUpdate(person, mended_ms, scene);
  std::int64_t done_ms = ms;
  if (charge.attempted) {
    const ChargeAttempt& attempt = charge.attempt;
    if (attempt.by_customer) done_ms = mended_ms + 90'000;
    WriteAttempt(person, attempt, done_ms, scene);
    moves.failed = attempt.number == 1 && attempt.cause != DeclineCause::kNone;
    if (charge.planned) WritePlan(person, done_ms, scene);
  }
  moves.recovered = charge.recovered;
  moves.renewed = charge.paid && !charge.recovered;
  if (charge.paid) {
    FillPrice(person.traits,
              *scene.diary.Add(done_ms + 1'000).mutable_renewed());
  } else if (charge.gave_up) {
    WriteLoss(done_ms + kHourMs, scene, person);
    moves.lost = true;
  }
}

}  // namespace tenuto::world
