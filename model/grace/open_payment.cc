#include "model/grace/open_payment.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/user_state.h"
#include "model/decision/standing.h"
#include "xxhash.h"

namespace tenuto {
namespace {

// Longer than any window of a network's rules.
constexpr int kWindowDays = CardHistory::kWindowDaysMax + 1;  // One is cut.
constexpr double kBillion = 1e9;

std::uint64_t HashOf(absl::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

int DayOfTime(absl::Time time) { return DayOf(absl::ToUnixMicros(time)); }

absl::Time EndOfDay(int day) {
  return absl::UnixEpoch() + absl::Hours(24) * (day + 1) -
         absl::Microseconds(1);
}

bool IsAfter(std::optional<absl::Time> time, absl::Time moment) {
  return time && *time > moment;
}

class Reader {
 public:
  Reader(const StateReader& state, const ToldPayment& told,
         const PaymentRules& rules, absl::Time now)
      : state_(state),
        told_(told),
        rules_(rules),
        now_(now),
        newest_failed_(state.LastTime("last_payment_failed")) {}

  absl::StatusOr<OpenPayment> Read() {
    open_.invoice_id = told_.invoice_id.empty()
                           ? state_.LastText("failed_invoice")
                           : told_.invoice_id;
    open_.invoice_id.empty() ? FindUnnamedAttempts() : FindAttempts();
    ReadPlan();
    TENUTO_RETURN_IF_ERROR(FindFailure());
    TENUTO_RETURN_IF_ERROR(CheckOpen());
    ReadNewestAttempt();
    ReadHistory();
    ReadMessages();
    ReadPast();
    ReadStanding(state_, open_.payment);
    open_.payment.decided_day = open_.past.day;
    return std::move(open_);
  }

 private:
  // Of the event that happened then.
  std::int64_t Number(absl::string_view signal, absl::Time time) const {
    if (state_.LastValueTime(signal) != time) return 0;
    return state_.LastValue(signal).value_or(0);
  }
  template <class Enum>
  Enum Value(absl::string_view signal, absl::Time time) const {
    return static_cast<Enum>(Number(signal, time));
  }

  // Of the newest attempt.
  std::string Text(absl::string_view signal) const {
    if (state_.LastTextTime(signal) != newest_) return "";
    return state_.LastText(signal);
  }

  void FindAttempts() {
    for (const RecentEntry& entry : state_.Recent("failed_attempts")) {
      if (entry.text_hash == HashOf(open_.invoice_id)) {
        attempts_.push_back(absl::FromUnixMicros(entry.time_us));
      }
    }
  }

  // Without an invoice_id whatever failed since, and is of no invoice, is taken
  // to be this payment's: an attempt too many costs less than a card that is
  // charged twice.
  void FindUnnamedAttempts() {
    if (!told_.failed) return;
    std::set<std::int64_t> named, times;
    for (const RecentEntry& entry : state_.Recent("failed_attempts")) {
      named.insert(entry.time_us);
    }
    for (const char* codes : {"decline_codes", "advice_codes"}) {
      for (const RecentEntry& entry : state_.Recent(codes)) {
        times.insert(entry.time_us);
      }
    }
    if (newest_failed_) times.insert(absl::ToUnixMicros(*newest_failed_));
    for (const std::int64_t time_us : times) {
      const absl::Time time = absl::FromUnixMicros(time_us);
      if (time >= *told_.failed && !named.contains(time_us)) {
        attempts_.push_back(time);
      }
    }
  }

  void ReadPlan() {
    // A plan whose invoice has no name leaves the text of an older one.
    const auto named = state_.LastTextTime("planned_invoice");
    const auto planned =
        std::max(named, state_.LastValueTime("planned_failure"));
    // Plans without a lease, for whatever payment, leave this as it is.
    open_.lease_until =
        absl::FromUnixSeconds(state_.LastValue("lease_until").value_or(0));
    if (!planned) return;
    open_.last_planned = *planned;
    const std::int64_t failed_s = Number("planned_failure", *planned);
    const std::string invoice =
        named == planned ? state_.LastText("planned_invoice") : "";
    if (invoice != open_.invoice_id) return;
    if (invoice.empty() &&
        (!told_.failed || failed_s != absl::ToUnixSeconds(*told_.failed))) {
      return;
    }
    open_.planned.emplace();
    open_.planned->full_days =
        static_cast<int>(Number("planned_full_days", *planned));
    open_.planned->reduced_days =
        static_cast<int>(Number("planned_reduced_days", *planned));
    open_.planned->randomised = Number("planned_by_chance", *planned) != 0;
    const std::int64_t billionths = Number("planned_propensity", *planned);
    if (billionths > 0) {
      open_.planned->propensity = static_cast<double>(billionths) / kBillion;
    }
    if (failed_s > 0) planned_failure_ = absl::FromUnixSeconds(failed_s);
  }

  absl::Status FindFailure() {
    absl::Time& failed = open_.payment.failed;
    if (told_.failed) {
      failed = *told_.failed;
    } else if (!attempts_.empty()) {
      failed = *std::min_element(attempts_.begin(), attempts_.end());
      // The oldest attempts of many are forgotten, but the plan knows.
      if (planned_failure_ && *planned_failure_ < failed - absl::Seconds(1)) {
        failed = *planned_failure_;
      }
    } else if (planned_failure_) {
      failed = *planned_failure_;
    } else if (told_.invoice_id.empty()) {
      return absl::NotFoundError(
          "the log has no failed attempt of ours with an invoice_id; send the "
          "PaymentAttempted event, or give invoice_id and failed_time");
    } else {
      return absl::NotFoundError(
          "the log has no failed attempt of ours of this invoice_id; send the "
          "PaymentAttempted event, or give failed_time");
    }
    return absl::OkStatus();
  }

  absl::Status CheckOpen() {
    const absl::Time failed = open_.payment.failed;
    if (state_.LastValue("payment_failing") == v1::PAYMENT_OUTCOME_APPROVED &&
        IsAfter(state_.LastValueTime("payment_failing"), failed)) {
      return absl::NotFoundError("a payment was approved after the failure");
    }
    if (IsAfter(state_.LastTime("last_renewal"), failed)) {
      return absl::NotFoundError(
          "the subscription was renewed after the "
          "failure");
    }
    if (IsAfter(state_.LastTime("last_downgrade"), failed)) {
      return absl::NotFoundError("the subscription ended after the failure");
    }
    open_.today = DayOfTime(now_) - DayOfTime(failed);
    if (open_.today < 0 || open_.today > kUnpaidDays) {
      return absl::NotFoundError(
          absl::StrCat("the failure is ", open_.today,
                       " days old; payments are collected "
                       "from day 0 to day ",
                       kUnpaidDays));
    }
    return absl::OkStatus();
  }

  void ReadNewestAttempt() {
    FailedPayment& payment = open_.payment;
    // An older failure than this one says nothing about it.
    newest_ = IsAfter(newest_failed_, payment.failed) ? *newest_failed_
                                                      : payment.failed;
    open_.last_attempt = newest_;
    payment.network = told_.network != v1::CARD_NETWORK_UNSPECIFIED
                          ? told_.network
                          : Value<v1::CardNetwork>("failed_network", newest_);
    payment.store = told_.store != v1::STORE_UNSPECIFIED
                        ? told_.store
                        : Value<v1::Store>("failed_store", newest_);
    amount_ = told_.amount_minor > 0 ? told_.amount_minor
                                     : Number("failed_amount_minor", newest_);
    if (amount_ > 0) payment.amount_minor = static_cast<double>(amount_);
    open_.currency = told_.currency;
    if (open_.currency.empty()) open_.currency = Text("failed_currency");
    payment.decline_code =
        ReadCode(told_.decline_code.empty() ? Text("failed_decline_code")
                                            : told_.decline_code);
    payment.advice_code =
        ReadCode(told_.advice_code.empty() ? Text("failed_advice_code")
                                           : told_.advice_code);
    payment.method_kind = static_cast<v1::PaymentMethodKind>(
        state_.LastValue("payment_method").value_or(0));
    if (const auto expiry = state_.LastValue("card_expiry")) {
      payment.card_expiry_s = static_cast<double>(*expiry);
    }
    code_ = told_.decline_code.empty() ? CodeAt("decline_codes", newest_)
                                       : rules_.CodeOf(told_.decline_code);
    advice_ = told_.advice_code.empty() ? CodeAt("advice_codes", newest_)
                                        : rules_.CodeOf(told_.advice_code);
    v1::PaymentOutcome outcome =
        Value<v1::PaymentOutcome>("payment_failing", newest_);
    if (outcome != v1::PAYMENT_OUTCOME_ERROR) {
      outcome = v1::PAYMENT_OUTCOME_DECLINED;
    }
    const Decline decline =
        rules_.At(newest_).Classify(payment.network, outcome, code_, advice_);
    payment.decline_class = decline.decline_class;
    open_.advised_wait = decline.advised_wait;
    open_.card_changed =
        IsAfter(state_.LastTime("last_method_update"), newest_);
  }

  CodeNumber CodeAt(absl::string_view signal, absl::Time time) const {
    for (const RecentEntry& entry : state_.Recent(signal)) {
      if (entry.time_us == absl::ToUnixMicros(time)) {
        return rules_.CodeOfHash(entry.text_hash);
      }
    }
    return kNoCode;
  }

  PastAttempt& AttemptAt(std::int64_t time_us) {
    PastAttempt& attempt = known_[time_us];
    attempt.time = absl::FromUnixMicros(time_us);
    attempt.outcome = v1::PAYMENT_OUTCOME_DECLINED;
    attempt.amount_minor = amount_;
    return attempt;
  }

  void ReadHistory() {
    for (const RecentEntry& entry : state_.Recent("failed_attempts")) {
      AttemptAt(entry.time_us);
    }
    for (const RecentEntry& entry : state_.Recent("decline_codes")) {
      AttemptAt(entry.time_us).code = rules_.CodeOfHash(entry.text_hash);
    }
    for (const RecentEntry& entry : state_.Recent("advice_codes")) {
      AttemptAt(entry.time_us).advice = rules_.CodeOfHash(entry.text_hash);
    }
    PastAttempt& newest = AttemptAt(absl::ToUnixMicros(newest_));
    newest.code = code_;
    newest.advice = advice_;
    std::map<int, int> known_on;
    for (const auto& [time_us, attempt] : known_) ++known_on[DayOf(time_us)];
    std::vector<PastAttempt> attempts;
    for (const auto& [time_us, attempt] : known_) attempts.push_back(attempt);
    const int today = DayOfTime(now_);
    std::array<std::int64_t, kWindowDays + 1> failed, made;
    state_.DailySums("payments_failed", today - kWindowDays,
                     absl::MakeSpan(failed));
    state_.DailySums("payments_made", today - kWindowDays,
                     absl::MakeSpan(made));
    for (std::size_t at = 0; at < failed.size(); ++at) {
      if (failed[at] + made[at] == 0) continue;
      const int day = today - kWindowDays + static_cast<int>(at);
      const auto found = known_on.find(day);
      AddUnknown(day, failed[at], made[at],
                 found == known_on.end() ? 0 : found->second, attempts);
    }
    std::stable_sort(attempts.begin(), attempts.end(),
                     [](const PastAttempt& a, const PastAttempt& b) {
                       return a.time < b.time;
                     });
    // A new card has a history of its own.
    const auto changed = state_.LastTime("last_method_update");
    open_.history = CardHistory(open_.payment.network);
    for (const PastAttempt& attempt : attempts) {
      if (!changed || attempt.time > *changed) open_.history.Add(attempt);
    }
  }

  // Those attempts of a day of which only the number is known.
  void AddUnknown(int day, std::int64_t failed, std::int64_t made, int known,
                  std::vector<PastAttempt>& attempts) const {
    const auto count = static_cast<int>(std::min<std::int64_t>(
        failed + made, CardHistory::kAttemptsMax + known));
    // Nothing lies later than the newest attempt.
    const absl::Time newest = std::max(
        newest_,
        state_.LastValueTime("payment_failing").value_or(absl::InfinitePast()));
    for (int k = known; k < count; ++k) {
      attempts.push_back({.time = std::min(EndOfDay(day), newest),
                          .outcome = failed > 0 ? v1::PAYMENT_OUTCOME_DECLINED
                                                : v1::PAYMENT_OUTCOME_APPROVED,
                          .amount_minor = amount_});
    }
  }

  void ReadMessages() {
    // Reminders go by mail.
    const Standing standing = StandingOf(&state_);
    open_.messages_permitted =
        standing.messages_granted && !standing.opted_out[v1::SURFACE_EMAIL];
    const auto last = state_.LastTime("last_message");
    if (!last || *last < open_.payment.failed) return;
    const int failed_day = DayOfTime(open_.payment.failed);
    open_.messages_sent = static_cast<int>(
        state_.DailySum("messages_sent", failed_day, failed_day + open_.today));
    open_.past.last_message_day =
        std::min(DayOfTime(*last) - failed_day, open_.today);
  }

  void ReadPast() {
    UnpaidPast& past = open_.past;
    const int failed_day = DayOfTime(open_.payment.failed);
    std::set<int> days = {0};
    for (const absl::Time time : attempts_) {
      days.insert(std::clamp(DayOfTime(time) - failed_day, 0, open_.today));
    }
    past.attempts = static_cast<int>(days.size());
    past.last_attempt_day = *days.rbegin();
    const bool tried = open_.today > 0 && past.last_attempt_day == open_.today;
    past.day = tried ? open_.today : std::max(0, open_.today - 1);
    past.access = Access::kFull;
    if (!open_.planned || past.day <= open_.planned->full_days) return;
    const int lower = past.day - open_.planned->full_days;
    past.access =
        lower <= open_.planned->reduced_days ? Access::kReduced : Access::kNone;
    past.full_days = open_.planned->full_days;
    past.reduced_days = std::min(lower, open_.planned->reduced_days);
  }

  const StateReader& state_;
  const ToldPayment& told_;
  const PaymentRules& rules_;
  const absl::Time now_;
  const std::optional<absl::Time> newest_failed_;
  OpenPayment open_;
  std::vector<absl::Time> attempts_;  // Ours for this invoice that failed.
  std::optional<absl::Time> planned_failure_;
  absl::Time newest_;
  std::int64_t amount_ = 0;
  CodeNumber code_ = kNoCode;
  CodeNumber advice_ = kNoCode;
  std::map<std::int64_t, PastAttempt> known_;
};

}  // namespace

PlanSituation OpenPayment::Situation(const PaymentRules& rules) const {
  PlanSituation situation;
  situation.rules = &rules;
  situation.history = &history;
  situation.decline_class = payment.decline_class;
  situation.advised_wait = advised_wait;
  situation.card_changed = card_changed;
  situation.store = payment.store;
  situation.failed_time = payment.failed;
  if (payment.amount_minor > 0) {
    situation.amount_minor = static_cast<std::int64_t>(payment.amount_minor);
  }
  situation.messages_permitted = messages_permitted;
  situation.messages_sent = messages_sent;
  situation.past = past;
  return situation;
}

bool OpenPayment::MayAttempt(const PaymentRules& rules, absl::Time now) const {
  if (!card_changed && now < last_attempt + advised_wait) return false;
  const PlanSituation situation = Situation(rules);
  return rules
      .Judge(history,
             {now, v1::PAYMENT_INITIATOR_MERCHANT, situation.amount_minor})
      .allowed;
}

absl::StatusOr<OpenPayment> ReadOpenPayment(const StateReader& state,
                                            const ToldPayment& told,
                                            const PaymentRules& rules,
                                            absl::Time now) {
  return Reader(state, told, rules, now).Read();
}

}  // namespace tenuto
