#include "training/grace/unpaid_days.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "features/event_view.h"
#include "features/user_state.h"
#include "tenuto/v1/event.pb.h"
#include "xxhash.h"

namespace tenuto {
namespace {

using Kind = PaymentMoment::Kind;

std::uint64_t HashOf(const std::string& id) {
  return XXH3_64bits(id.data(), id.size());
}

int ClampDays(std::int64_t days) {
  return static_cast<int>(std::clamp<std::int64_t>(days, 0, kUnpaidDays));
}

template <class Days>
std::uint64_t BitsOf(const Days& days) {
  std::uint64_t bits = 0;
  for (const std::int64_t day : days) {
    if (day >= 1 && day <= kUnpaidDays) bits |= std::uint64_t{1} << day;
  }
  return bits;
}

bool ReadAttempt(const v1::PaymentAttempted& attempt, absl::Time time,
                 const PaymentRules& rules, PaymentMoment& moment) {
  if (attempt.outcome() == v1::PAYMENT_OUTCOME_UNSPECIFIED) return false;
  moment.kind = Kind::kAttempt;
  moment.invoice = HashOf(attempt.invoice_id());
  moment.number = attempt.attempt_number();
  moment.outcome = attempt.outcome();
  moment.collected = attempt.outcome() == v1::PAYMENT_OUTCOME_APPROVED;
  moment.by_customer = attempt.initiator() == v1::PAYMENT_INITIATOR_CUSTOMER;
  moment.by_store = attempt.store() != v1::STORE_UNSPECIFIED;
  if (moment.collected) return true;
  FailedPayment& said = moment.said;
  said.decline_class = rules.At(time)
                           .Classify(attempt.network(), attempt.outcome(),
                                     rules.CodeOf(attempt.decline_code()),
                                     rules.CodeOf(attempt.advice_code()))
                           .decline_class;
  said.decline_code = ReadCode(attempt.decline_code());
  said.advice_code = ReadCode(attempt.advice_code());
  said.network = attempt.network();
  said.method_kind = attempt.method_kind();
  said.store = attempt.store();
  if (attempt.amount_minor() > 0) {
    said.amount_minor = static_cast<double>(attempt.amount_minor());
  }
  moment.decline_code = attempt.decline_code();
  moment.advice_code = attempt.advice_code();
  moment.currency = attempt.currency();
  if (attempt.card_expiry_epoch_s() > 0) {
    said.card_expiry_s = static_cast<double>(attempt.card_expiry_epoch_s());
  }
  return true;
}

void ReadPlan(const v1::GracePlanned& plan, PaymentMoment& moment) {
  moment.kind = Kind::kPlanned;
  moment.invoice = HashOf(plan.invoice_id());
  moment.elapsed_days = ClampDays(plan.elapsed_days());
  moment.full_days = ClampDays(plan.full_days());
  moment.reduced_days = ClampDays(plan.reduced_days());
  moment.attempt_days = BitsOf(plan.attempt_days());
  moment.message_days = BitsOf(plan.message_days());
  moment.propensity = std::clamp(plan.propensity(), 0.0, 1.0);
}

// False for what does not matter here.
bool ReadPayload(const v1::Event& event, absl::Time time,
                 const PaymentRules& rules, PaymentMoment& moment) {
  switch (event.payload_case()) {
    case v1::Event::kPaymentAttempted:
      return ReadAttempt(event.payment_attempted(), time, rules, moment);
    case v1::Event::kGracePlanned:
      ReadPlan(event.grace_planned(), moment);
      return true;
    case v1::Event::kPaymentMethodUpdated:
      moment.kind = Kind::kMethodUpdated;
      return true;
    case v1::Event::kRenewed:
    case v1::Event::kSubscriptionStarted:
      moment.kind = Kind::kPaid;
      return true;
    case v1::Event::kCancelled:
      moment.kind =
          event.cancelled().involuntary() ? Kind::kEnded : Kind::kLeft;
      return true;
    case v1::Event::kDowngraded:
      moment.kind =
          event.downgraded().involuntary() ? Kind::kEnded : Kind::kLeft;
      return true;
    case v1::Event::kExpired:
      moment.kind = Kind::kEnded;
      return true;
    case v1::Event::kMessageSent:
      moment.kind = Kind::kMessage;
      return true;
    default:
      return false;
  }
}

bool MayMatter(int payload) {
  static constexpr int kPayloads[] = {
      v1::Event::kPaymentAttempted,     v1::Event::kGracePlanned,
      v1::Event::kPaymentMethodUpdated, v1::Event::kRenewed,
      v1::Event::kSubscriptionStarted,  v1::Event::kCancelled,
      v1::Event::kDowngraded,           v1::Event::kExpired,
      v1::Event::kMessageSent};
  return std::find(std::begin(kPayloads), std::end(kPayloads), payload) !=
         std::end(kPayloads);
}

// Goes through the moments of one user in order of time.
class SpellReader {
 public:
  explicit SpellReader(int last_day) : last_day_(last_day) {}

  void Take(const PaymentMoment& moment) {
    const int today = DayOf(moment.event_us);
    if (today > last_day_) return;
    if (open_ && today - failed_day_ > kUnpaidDays)
      Close(RecoveryEnd::kOpen, kUnpaidDays, true);
    if (moment.kind == Kind::kAttempt) return TakeAttempt(moment);
    if (!open_) return;
    const int day = today - failed_day_;
    switch (moment.kind) {
      case Kind::kMethodUpdated:
        updated_day_ = day;
        break;
      case Kind::kPaid:
        Close(RecoveryEnd::kByUser, day, false);
        break;
      case Kind::kLeft:
        Close(RecoveryEnd::kCancelled, day, true);
        break;
      case Kind::kEnded:
        Close(RecoveryEnd::kOpen, day, false);
        break;
      case Kind::kMessage:
        messages_[static_cast<std::size_t>(day)] = true;
        break;
      case Kind::kPlanned:
        if (moment.invoice == open_->invoice) plans_.push_back(moment);
        break;
      case Kind::kAttempt:
        break;
    }
  }

  std::vector<UnpaidSpell> Finish() {
    if (open_) {
      Close(RecoveryEnd::kOpen, std::min(kUnpaidDays, last_day_ - failed_day_),
            true);
    }
    return std::move(spells_);
  }

 private:
  void TakeAttempt(const PaymentMoment& attempt) {
    const int day = DayOf(attempt.event_us) - failed_day_;
    if (open_ && !attempt.by_customer && IsOfAnother(attempt)) {
      Close(RecoveryEnd::kOpen, day - 1, true);
    }
    if (!open_) {
      if (!attempt.collected && !attempt.by_customer && IsFirst(attempt)) {
        Begin(attempt);
      }
      return;
    }
    // What a store tries in vain it tells nobody, so that of its attempts only
    // the end is known.
    const bool by_user =
        attempt.by_customer || attempt.by_store || updated_day_ == day;
    if (attempt.collected) {
      if (!by_user) attempted_[static_cast<std::size_t>(day)] = true;
      Close(by_user ? RecoveryEnd::kByUser : RecoveryEnd::kByRetry, day, false);
      return;
    }
    if (!attempt.by_customer && !attempt.by_store) {
      attempted_[static_cast<std::size_t>(day)] = true;
    }
    open_->attempts.push_back({day, attempt.said});
  }

  bool IsOfAnother(const PaymentMoment& attempt) const {
    static const std::uint64_t kNoInvoice = HashOf("");
    return attempt.invoice != open_->invoice ||
           (attempt.invoice == kNoInvoice && attempt.number == 1);
  }
  // A later attempt of an invoice whose first one we did not see, or that is
  // over, begins nothing.
  bool IsFirst(const PaymentMoment& attempt) const {
    if (attempt.number > 1) return false;
    return attempt.number == 1 || spells_.empty() ||
           spells_.back().invoice != attempt.invoice;
  }

  void Begin(const PaymentMoment& attempt) {
    open_.emplace();
    open_->failed = absl::FromUnixMicros(attempt.event_us);
    open_->known_us = attempt.known_us;
    open_->invoice = attempt.invoice;
    open_->outcome = attempt.outcome;
    open_->decline_code = attempt.decline_code;
    open_->advice_code = attempt.advice_code;
    open_->currency = attempt.currency;
    open_->attempts.push_back({0, attempt.said});
    failed_day_ = DayOf(attempt.event_us);
    updated_day_ = -1;
    attempted_ = {};
    attempted_[0] = true;
    messages_ = {};
    plans_.clear();
  }

  // `whole_day`: the subscriber had all of the last day to leave.
  void Close(RecoveryEnd end, int last, bool whole_day) {
    open_->end = end;
    open_->messages_at_failure = messages_[0];
    int attempts = 0, last_attempt = 0;
    int last_message = -kMessageDays;
    for (int day = 0; day <= last; ++day) {
      const auto at = static_cast<std::size_t>(day);
      if (messages_[at]) last_message = day;
      if (day > 0) {
        UnpaidDay& unpaid = open_->days.emplace_back();
        if (const PaymentMoment* plan = PlanOf(day)) {
          unpaid.access = plan->AccessOn(day);
        }
        unpaid.messages = messages_[at];
        unpaid.messaged = day - last_message < kMessageDays;
        unpaid.attempted = attempted_[at];
        unpaid.attempts_before = static_cast<std::int8_t>(attempts);
        unpaid.days_since_attempt =
            static_cast<std::int8_t>(day - last_attempt);
        unpaid.end = day == last ? end : RecoveryEnd::kOpen;
        unpaid.may_cancel = day < last || whole_day;
      }
      if (attempted_[at]) {
        ++attempts;
        last_attempt = day;
      }
    }
    if (const PaymentMoment* plan = PlanOf(last + 1)) {
      open_->has_plan = true;
      open_->plan = *plan;
    }
    for (const PaymentMoment& plan : plans_) {
      if (plan.elapsed_days == 0 && !open_->first_plan) {
        open_->first_plan = plan;
      }
    }
    spells_.push_back(*std::move(open_));
    open_.reset();
  }

  // The newest plan that was made for the day; null without one.
  const PaymentMoment* PlanOf(int day) const {
    const PaymentMoment* found = nullptr;
    for (const PaymentMoment& plan : plans_) {
      if (plan.elapsed_days < day) found = &plan;
    }
    return found;
  }

  const int last_day_;
  std::vector<UnpaidSpell> spells_;
  std::optional<UnpaidSpell> open_;
  int failed_day_ = 0;
  int updated_day_ = -1;
  std::array<bool, kUnpaidDays + 1> attempted_{};
  std::array<bool, kUnpaidDays + 1> messages_{};
  std::vector<PaymentMoment> plans_;
};

}  // namespace

Access PaymentMoment::AccessOn(int day) const {
  if (day <= full_days) return Access::kFull;
  return day <= full_days + reduced_days ? Access::kReduced : Access::kNone;
}

std::vector<PaymentMoment> ReadPaymentMoments(
    absl::Span<const LoggedEvent> events, const PaymentRules& rules) {
  std::vector<PaymentMoment> moments;
  v1::Event event;
  for (const LoggedEvent& logged : events) {
    if (!MayMatter(PayloadOf(logged.event)) ||
        !event.ParseFromArray(logged.event.data(),
                              static_cast<int>(logged.event.size()))) {
      continue;  // One that does not parse, the replay reports.
    }
    PaymentMoment moment;
    moment.event_us = event.event_time().seconds() * 1'000'000 +
                      event.event_time().nanos() / 1'000;
    moment.known_us = logged.known_time_us;
    moment.sequence = event.sequence();
    if (ReadPayload(event, absl::FromUnixMicros(moment.event_us), rules,
                    moment)) {
      moments.push_back(moment);
    }
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const PaymentMoment& a, const PaymentMoment& b) {
                     return std::pair(a.event_us, a.sequence) <
                            std::pair(b.event_us, b.sequence);
                   });
  return moments;
}

std::vector<UnpaidSpell> ReadUnpaidSpells(
    absl::Span<const PaymentMoment> moments, absl::Time known_by) {
  const std::int64_t known_us = absl::ToUnixMicros(known_by);
  SpellReader reader(DayOf(known_us) - 1);
  for (const PaymentMoment& moment : moments) {
    if (moment.known_us <= known_us) reader.Take(moment);
  }
  return reader.Finish();
}

FailedPayment UnpaidSpell::KnownAt(int decided_day) const {
  FailedPayment known = attempts.front().said;
  for (const Attempt& attempt : attempts) {
    if (decided_day > 0 && attempt.day <= decided_day) known = attempt.said;
  }
  known.failed = failed;
  known.decided_day = decided_day;
  return known;
}

DayActions UnpaidSpell::Actions(const UsualDays& usual) const {
  DayActions actions;
  const std::uint64_t later = has_plan ? plan.attempt_days : usual.attempts;
  const std::uint64_t messages = has_plan ? plan.message_days : usual.messages;
  for (int day = 1; day <= kUnpaidDays; ++day) {
    DayAction& action = actions[static_cast<std::size_t>(day)];
    const auto at = static_cast<std::size_t>(day - 1);
    const bool later_message = (messages >> day & 1) != 0;
    if (at < days.size()) {
      action.access = days[at].access;
      action.attempts = days[at].attempted;
      action.messages = days[at].messages;
      // Ended before our attempt or message of the day: it would have been
      // made.
      if (days[at].end == RecoveryEnd::kByUser) {
        action.attempts = (later >> day & 1) != 0;
      }
      if (days[at].end != RecoveryEnd::kOpen && later_message) {
        action.messages = true;
      }
    } else {
      if (has_plan) action.access = plan.AccessOn(day);
      action.attempts = (later >> day & 1) != 0;
      action.messages = later_message;
    }
  }
  return actions;
}

}  // namespace tenuto
