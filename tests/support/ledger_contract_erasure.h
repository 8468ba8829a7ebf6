// LedgerContract: a user is erased and starts blank.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_ERASURE_H_
#define TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_ERASURE_H_

#include "features/commit_plan.h"
#include "tests/support/ledger_contract_requests.h"

namespace tenuto::testing {

inline Erasure EraseOnce(Ledger& ledger, const UserKey& user,
                         const RequestKey& request, absl::Time now) {
  const auto erasure = ledger.Erase(user, request, now);
  EXPECT_TRUE(erasure.ok()) << erasure.status();
  return erasure.ok() ? *erasure : Erasure();
}

TYPED_TEST_P(LedgerContract, ErasesAUserAndNobodyElse) {
  const UserKey gone = TestUser(3, 1);
  const UserKey other = TestUser(3, 2);
  const auto kept = this->random_.Life(other, 12);
  const auto life = this->random_.Life(gone, 12);
  for (std::size_t k = 0; k < 12; ++k) this->Commit({life[k], kept[k]});
  const std::string others_state = StateOf(*this->ledger_, other);
  const std::string state = StateOf(*this->ledger_, gone);
  const LedgerFacts before = this->ledger_->Facts();

  const Erasure receipt =
      EraseOnce(*this->ledger_, gone, {"e1", 1}, this->clock_.Now());
  EXPECT_EQ(receipt.events, 12u);
  EXPECT_GT(receipt.bytes, state.size());
  EXPECT_EQ(receipt.through, before.last_position);
  EXPECT_EQ(receipt.time_us, absl::ToUnixMicros(this->clock_.Now()));
  EXPECT_FALSE(receipt.replayed);

  EXPECT_EQ(StateOf(*this->ledger_, gone), "");
  EXPECT_EQ(StateOf(*this->ledger_, other), others_state);
  std::vector<std::string> texts;
  for (const LoggedEvent& event : ScanAll(*this->ledger_, 3, 0, texts)) {
    EXPECT_EQ(event.user, other);
  }
  ASSERT_EQ(texts.size(), kept.size());
  const LedgerFacts facts = this->ledger_->Facts();
  EXPECT_EQ(facts.last_position, before.last_position);
  EXPECT_EQ(facts.history_start, before.history_start);
  EXPECT_EQ(this->Commit(kept),
            std::vector<Admission>(12, Admission::kDuplicate));
}

TYPED_TEST_P(LedgerContract, LetsAnErasedUserStartBlank) {
  const auto life = this->Life(3, 20);
  this->Commit(life);
  EraseOnce(*this->ledger_, TestUser(3), {"e1", 1}, this->clock_.Now());
  EXPECT_EQ(this->Commit(life),
            std::vector<Admission>(20, Admission::kAccepted))
      << "no mark is left";
  EXPECT_EQ(this->ledger_->Facts().last_position, 40u)
      << "no position is given twice";
  // As if they had come for the first time, but for the positions.
  Position next = 21;
  UserWrite fresh;
  const SignalFold fold(Catalogue::Embedded());
  ASSERT_TRUE(CommitPlan(fold, life, /*receipt_day=*/0)
                  .Plan(GroupByUser(life)[0], "", {}, next, fresh)
                  .ok());
  EXPECT_EQ(StateOf(*this->ledger_, TestUser(3)), fresh.state);
  const Erasure again =
      EraseOnce(*this->ledger_, TestUser(3), {"e2", 1}, this->clock_.Now());
  EXPECT_EQ(again.events, 20u) << "markers are no events";
}

TYPED_TEST_P(LedgerContract, GivesTheSameReceiptForTheSameErasure) {
  const absl::Time now = this->clock_.Now();
  this->Commit(this->Life(3, 5));
  const Erasure first = EraseOnce(*this->ledger_, TestUser(3), {"e1", 1}, now);
  this->Commit(this->Life(3, 5));
  const Erasure again =
      EraseOnce(*this->ledger_, TestUser(3), {"e1", 1}, now + absl::Hours(23));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.events, first.events);
  EXPECT_EQ(again.bytes, first.bytes);
  EXPECT_EQ(again.through, first.through);
  EXPECT_EQ(again.time_us, first.time_us);
  EXPECT_NE(StateOf(*this->ledger_, TestUser(3)), "")
      << "a repeat erases nothing that came later";
  EXPECT_EQ(this->ledger_->Erase(TestUser(4), {"e1", 2}, now).status().code(),
            absl::StatusCode::kInvalidArgument);
  const Erasure stranger =
      EraseOnce(*this->ledger_, TestUser(9), {"e3", 1}, now);
  EXPECT_EQ(stranger.events, 0u);
}

TYPED_TEST_P(LedgerContract, ForgetsTheAnswersAboutAnErasedUser) {
  const auto events = this->Life(3, 2);
  const auto others = this->Life(4, 1);
  int asked = 0;
  const absl::Time now = this->clock_.Now();
  const auto ask = [&](const UserKey& user, const RequestKey& request,
                       const GatedEvent& event) {
    const auto answer =
        this->ledger_->CommitOnce(user, request, now, Deciding(event, asked));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() && answer->replayed;
  };
  EXPECT_FALSE(ask(TestUser(3), {"r1", 7}, events[0]));
  EXPECT_FALSE(ask(TestUser(4), {"r2", 7}, others[0]));
  EraseOnce(*this->ledger_, TestUser(3), {"e1", 1}, now);
  EXPECT_TRUE(ask(TestUser(4), {"r2", 7}, others[0]));
  EXPECT_FALSE(ask(TestUser(3), {"r1", 7}, events[1]));
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_ERASURE_H_
