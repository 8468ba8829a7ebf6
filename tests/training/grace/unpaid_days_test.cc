#include "training/grace/unpaid_days.h"

#include <algorithm>
#include <string>
#include <vector>

#include "features/user_state.h"
#include "gtest/gtest.h"
#include "tenuto/v1/event.pb.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kStart = 1'700'006'400;  // Midnight UTC.

// A log by hand: events at `hour` of `day`.
class Log {
 public:
  v1::Event& At(int day, int hour) {
    v1::Event& event = events_.emplace_back();
    event.mutable_event_time()->set_seconds(kStart + day * kDaySeconds +
                                            hour * 3600);
    return event;
  }
  v1::PaymentAttempted& Attempt(int day, int hour, const std::string& invoice,
                                int number, v1::PaymentOutcome outcome,
                                bool by_customer = false,
                                const std::string& code = "51") {
    v1::PaymentAttempted& attempt = *At(day, hour).mutable_payment_attempted();
    attempt.set_invoice_id(invoice);
    attempt.set_attempt_number(number);
    attempt.set_outcome(outcome);
    attempt.set_decline_code(code);
    attempt.set_network(v1::CARD_NETWORK_VISA);
    attempt.set_amount_minor(1099);
    attempt.set_initiator(by_customer ? v1::PAYMENT_INITIATOR_CUSTOMER
                                      : v1::PAYMENT_INITIATOR_MERCHANT);
    return attempt;
  }
  void Decline(int day, int number, const std::string& invoice = "a") {
    Attempt(day, 4, invoice, number, v1::PAYMENT_OUTCOME_DECLINED);
  }
  std::vector<PaymentMoment> Moments() const {
    std::vector<std::string> bytes;
    for (const v1::Event& event : events_) {
      bytes.push_back(event.SerializeAsString());
    }
    std::vector<LoggedEvent> logged(events_.size());
    for (std::size_t k = 0; k < logged.size(); ++k) {
      logged[k].event = bytes[k];
      logged[k].known_time_us = events_[k].event_time().seconds() * 1'000'000;
    }
    return ReadPaymentMoments(logged, PaymentRules::Embedded());
  }
  std::vector<UnpaidSpell> Read(int end_day = 300) const {
    return ReadUnpaidSpells(
        Moments(), absl::FromUnixSeconds(kStart + end_day * kDaySeconds));
  }

 private:
  std::vector<v1::Event> events_;
};

TEST(UnpaidDays, EndWhenAnAttemptOfOursCollects) {
  Log log;
  log.Decline(10, 1);
  log.Decline(11, 2);
  log.Attempt(14, 4, "a", 3, v1::PAYMENT_OUTCOME_APPROVED);
  log.At(14, 5).mutable_renewed();
  const auto spells = log.Read();
  ASSERT_EQ(spells.size(), 1u);
  const UnpaidSpell& spell = spells[0];
  EXPECT_EQ(spell.end, RecoveryEnd::kByRetry);
  ASSERT_EQ(spell.days.size(), 4u);
  EXPECT_TRUE(spell.days[0].attempted);
  EXPECT_EQ(spell.days[0].attempts_before, 1);
  EXPECT_EQ(spell.days[0].days_since_attempt, 1);
  EXPECT_FALSE(spell.days[1].attempted);
  EXPECT_EQ(spell.days[3].attempts_before, 2);
  EXPECT_EQ(spell.days[3].days_since_attempt, 3);
  EXPECT_EQ(spell.days[3].end, RecoveryEnd::kByRetry);
  EXPECT_FALSE(spell.days[3].may_cancel);
  EXPECT_TRUE(spell.days[2].may_cancel);
  EXPECT_EQ(spell.days[2].access, Access::kFull);
  EXPECT_EQ(spell.KnownAt(0).decline_class, v1::DECLINE_CLASS_SOFT);
  EXPECT_EQ(spell.KnownAt(0).amount_minor, 1099);
}

TEST(UnpaidDays, CountAsTheSubscribersWhatFollowsTheirOwnDoing) {
  for (const int way : {0, 1, 2, 3}) {
    Log log;
    log.Decline(10, 1);
    if (way == 0) {
      log.Attempt(12, 9, "a", 2, v1::PAYMENT_OUTCOME_APPROVED, true);
    } else if (way == 1) {
      log.At(12, 8).mutable_payment_method_updated();
      log.Attempt(12, 9, "a", 2, v1::PAYMENT_OUTCOME_APPROVED);
    } else if (way == 2) {
      log.At(12, 9).mutable_renewed();
    } else {
      log.Attempt(12, 9, "b", 1, v1::PAYMENT_OUTCOME_APPROVED, true);
    }
    const auto spells = log.Read();
    ASSERT_EQ(spells.size(), 1u) << way;
    EXPECT_EQ(spells[0].end, RecoveryEnd::kByUser) << way;
    ASSERT_EQ(spells[0].days.size(), 2u) << way;
    EXPECT_FALSE(spells[0].days[1].attempted) << way;
  }
  // A card mended on an earlier day is what an attempt of ours may meet.
  Log log;
  log.Decline(10, 1);
  log.At(11, 8).mutable_payment_method_updated();
  log.Attempt(12, 9, "a", 2, v1::PAYMENT_OUTCOME_APPROVED);
  EXPECT_EQ(log.Read()[0].end, RecoveryEnd::kByRetry);
}

// A store tells only the attempt that collected. If it counted as one of ours,
// every attempt that is known of would have collected.
TEST(UnpaidDays, CountAsTheSubscribersWhatAStoreCollects) {
  Log log;
  log.Decline(10, 1);
  log.Attempt(12, 9, "a", 2, v1::PAYMENT_OUTCOME_APPROVED)
      .set_store(v1::STORE_APP_STORE);
  const auto spells = log.Read();
  ASSERT_EQ(spells.size(), 1u);
  EXPECT_EQ(spells[0].end, RecoveryEnd::kByUser);
  ASSERT_EQ(spells[0].days.size(), 2u);
  EXPECT_FALSE(spells[0].days[1].attempted);
}

TEST(UnpaidDays, EndByLeavingAndStayOpenWhenTheCompanyEndsThem) {
  Log left;
  left.Decline(10, 1);
  left.At(13, 20).mutable_downgraded();
  EXPECT_EQ(left.Read()[0].end, RecoveryEnd::kCancelled);
  EXPECT_TRUE(left.Read()[0].days[2].may_cancel);
  EXPECT_EQ(left.Read()[0].days[2].end, RecoveryEnd::kCancelled);
  Log ended;
  ended.Decline(10, 1);
  ended.Decline(13, 2);
  ended.At(13, 20).mutable_expired()->set_involuntary(true);
  ended.Attempt(15, 4, "a", 3, v1::PAYMENT_OUTCOME_APPROVED);
  const auto spells = ended.Read();
  ASSERT_EQ(spells.size(), 1u);
  EXPECT_EQ(spells[0].end, RecoveryEnd::kOpen);
  ASSERT_EQ(spells[0].days.size(), 3u);
  EXPECT_TRUE(spells[0].days[2].attempted) << "that day counts until then";
  EXPECT_FALSE(spells[0].days[2].may_cancel);
}

TEST(UnpaidDays, AreCutByTheNextInvoiceTheLogsEndAndSixtyDays) {
  Log log;
  log.Decline(10, 1);
  log.Decline(40, 1, "b");
  auto spells = log.Read();
  ASSERT_EQ(spells.size(), 2u);
  EXPECT_EQ(spells[0].days.size(), 29u);
  EXPECT_EQ(spells[1].days.size(), 60u);
  EXPECT_EQ(spells[1].end, RecoveryEnd::kOpen);
  spells = log.Read(/*end_day=*/50);
  EXPECT_EQ(spells[1].days.size(), 9u) << "whole days only";
  EXPECT_EQ(log.Read(/*end_day=*/40).size(), 1u);
}

TEST(UnpaidDays, BeginWithAFirstAttemptOfOursOnly) {
  Log log;
  log.Attempt(10, 4, "a", 1, v1::PAYMENT_OUTCOME_DECLINED, true);
  log.Attempt(12, 4, "b", 3, v1::PAYMENT_OUTCOME_DECLINED);
  log.Attempt(14, 4, "c", 1, v1::PAYMENT_OUTCOME_APPROVED);
  EXPECT_TRUE(log.Read().empty());
  // The same day again: nothing is known of a day after it.
  log.Attempt(16, 4, "d", 1, v1::PAYMENT_OUTCOME_DECLINED);
  log.Attempt(16, 9, "d", 2, v1::PAYMENT_OUTCOME_APPROVED, true);
  ASSERT_EQ(log.Read().size(), 1u);
  EXPECT_TRUE(log.Read()[0].days.empty());
}

TEST(UnpaidDays, ReadAccessFromThePlanInForceAndMessagesFromTheirDays) {
  Log log;
  log.Decline(10, 1);
  v1::GracePlanned& plan = *log.At(10, 5).mutable_grace_planned();
  plan.set_invoice_id("a");
  plan.set_full_days(3);
  plan.set_reduced_days(2);
  plan.add_attempt_days(9);
  log.At(12, 6).mutable_message_sent();
  v1::GracePlanned& again = *log.At(17, 1).mutable_grace_planned();
  again.set_invoice_id("a");
  again.set_elapsed_days(7);
  again.set_full_days(8);
  again.add_attempt_days(9);
  log.At(19, 12).mutable_cancelled();
  log.At(19, 13).mutable_message_sent();
  const auto spells = log.Read();
  ASSERT_EQ(spells.size(), 1u);
  std::string access, messaged;
  for (const UnpaidDay& day : spells[0].days) {
    access += std::to_string(static_cast<int>(day.access));
    messaged += day.messaged ? 'm' : '.';
  }
  EXPECT_EQ(access, "222110020");
  EXPECT_EQ(messaged, ".mmm.....");
  const DayActions actions =
      spells[0].Actions({.attempts = 1 << 20, .messages = 1 << 22});
  EXPECT_TRUE(actions[2].messages);
  EXPECT_FALSE(actions[3].messages);
  EXPECT_FALSE(actions[20].attempts) << "a plan is known";
  EXPECT_FALSE(actions[22].messages);
  EXPECT_EQ(actions[30].access, Access::kNone);
}

// Whoever pays early gets no more messages; what their plan held must not
// depend on that.
TEST(UnpaidDays, HoldThePlannedMessagesAfterTheEndToo) {
  for (const bool pays : {true, false}) {
    Log log;
    log.Decline(10, 1);
    v1::GracePlanned& plan = *log.At(10, 5).mutable_grace_planned();
    plan.set_invoice_id("a");
    for (const int day : {1, 4, 9}) plan.add_message_days(day);
    log.At(11, 6).mutable_message_sent();
    if (pays) log.At(14, 3).mutable_renewed();
    if (!pays) log.At(14, 3).mutable_cancelled();
    const DayActions actions = log.Read()[0].Actions({});
    EXPECT_TRUE(actions[1].messages);
    EXPECT_FALSE(actions[2].messages);
    EXPECT_TRUE(actions[4].messages) << "it ended before it was sent";
    EXPECT_TRUE(actions[9].messages);
    EXPECT_FALSE(actions[10].messages);
  }
}

TEST(UnpaidDays, SayWhetherTheNetworkAnsweredAtAll) {
  Log log;
  log.Attempt(10, 4, "a", 1, v1::PAYMENT_OUTCOME_ERROR, false, "");
  log.Decline(50, 1, "b");
  const auto spells = log.Read();
  ASSERT_EQ(spells.size(), 2u);
  EXPECT_EQ(spells[0].outcome, v1::PAYMENT_OUTCOME_ERROR);
  EXPECT_EQ(spells[0].KnownAt(0).decline_class, v1::DECLINE_CLASS_TECHNICAL);
  EXPECT_EQ(spells[1].outcome, v1::PAYMENT_OUTCOME_DECLINED);
}

TEST(UnpaidDays, GoOnAsUsualWhereNoPlanIsKnown) {
  Log log;
  log.Decline(10, 1);
  log.Decline(12, 2);
  log.At(13, 5).mutable_cancelled();
  const DayActions actions =
      log.Read()[0].Actions({std::uint64_t{1} << 1 | std::uint64_t{1} << 7, 0});
  EXPECT_FALSE(actions[1].attempts) << "what was done, not what is usual";
  EXPECT_TRUE(actions[2].attempts);
  EXPECT_TRUE(actions[7].attempts);
  EXPECT_EQ(actions[7].access, Access::kFull);
}

TEST(UnpaidDays, KnowOfAnAttemptOnlyOnceItsDayIsOver) {
  Log log;
  log.Decline(10, 1);
  log.Attempt(15, 4, "a", 2, v1::PAYMENT_OUTCOME_DECLINED, false, "54");
  log.At(30, 1).mutable_cancelled();
  const UnpaidSpell spell = log.Read()[0];
  EXPECT_EQ(spell.KnownAt(0).decline_class, v1::DECLINE_CLASS_SOFT);
  EXPECT_EQ(spell.KnownAt(4).decline_class, v1::DECLINE_CLASS_SOFT);
  EXPECT_EQ(spell.KnownAt(5).decline_class, v1::DECLINE_CLASS_FIX_NEEDED);
  EXPECT_EQ(spell.KnownAt(5).decided_day, 5);
}

TEST(UnpaidDays, IgnoreWhatWasNotKnownYet) {
  Log log;
  log.Decline(10, 1);
  log.At(13, 5).mutable_cancelled();
  std::vector<PaymentMoment> moments = log.Moments();
  moments[1].known_us += 20 * kDayUs;
  const auto at = [&](int day) {
    return ReadUnpaidSpells(
        moments, absl::FromUnixSeconds(kStart + day * kDaySeconds))[0];
  };
  EXPECT_EQ(at(20).end, RecoveryEnd::kOpen);
  EXPECT_EQ(at(20).days.size(), 9u);
  EXPECT_EQ(at(40).end, RecoveryEnd::kCancelled);
  EXPECT_EQ(at(40).days.size(), 3u);
}

// Each day asked of the whole log, one question after the other.
TEST(UnpaidDays, EqualTheDefinitionDayByDay) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    SplitMix64 random(seed);
    Log log;
    log.Decline(10, 1);
    std::vector<bool> attempted(kUnpaidDays + 1), messages(kUnpaidDays + 1);
    attempted[0] = true;
    int last = 0, number = 1;
    RecoveryEnd end = RecoveryEnd::kOpen;
    while (end == RecoveryEnd::kOpen && last < kUnpaidDays) {
      ++last;
      const auto day = static_cast<std::size_t>(last);
      if (random.Below(6) == 0) {
        messages[day] = true;
        log.At(10 + last, 1).mutable_message_sent();
      }
      if (random.Below(5) == 0) {
        attempted[day] = true;
        const bool collects = random.Below(6) == 0;
        log.Attempt(10 + last, 4, "a", ++number,
                    collects ? v1::PAYMENT_OUTCOME_APPROVED
                             : v1::PAYMENT_OUTCOME_ERROR);
        if (collects) end = RecoveryEnd::kByRetry;
      }
      if (end != RecoveryEnd::kOpen) break;
      const std::uint64_t luck = random.Below(60);
      if (luck == 0) {
        end = RecoveryEnd::kByUser;
        log.Attempt(10 + last, 9, "a", ++number, v1::PAYMENT_OUTCOME_APPROVED,
                    true);
      } else if (luck == 1) {
        end = RecoveryEnd::kCancelled;
        log.At(10 + last, 20).mutable_cancelled();
      }
    }
    const auto spells = log.Read();
    ASSERT_EQ(spells.size(), 1u);
    ASSERT_EQ(static_cast<int>(spells[0].days.size()), last);
    EXPECT_EQ(spells[0].end, end);
    for (int day = 1; day <= last; ++day) {
      const UnpaidDay& unpaid =
          spells[0].days[static_cast<std::size_t>(day - 1)];
      const auto begin = attempted.begin();
      EXPECT_EQ(unpaid.attempts_before, std::count(begin, begin + day, true));
      int since = 1;
      while (!attempted[static_cast<std::size_t>(day - since)]) ++since;
      EXPECT_EQ(unpaid.days_since_attempt, since);
      bool messaged = false;
      for (int back = 0; back < kMessageDays && back <= day; ++back) {
        messaged = messaged || messages[static_cast<std::size_t>(day - back)];
      }
      EXPECT_EQ(unpaid.messaged, messaged);
      EXPECT_EQ(unpaid.end, day == last ? end : RecoveryEnd::kOpen);
    }
  }
}

}  // namespace
}  // namespace tenuto
