// LedgerContract: what a decision of ours leaves in a ledger beside its event.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_DECISIONS_H_
#define TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_DECISIONS_H_

#include "tests/support/ledger_contract.h"

namespace tenuto::testing {

// However late we decide, silence means nothing after the last that was told.
TYPED_TEST_P(LedgerContract, KnowsHowFarItWasTold) {
  EXPECT_EQ(this->ledger_->Facts().told_end, absl::InfinitePast());
  auto events = this->Life(3, 3);
  events[0].known_time_us = 50;
  events[1].known_time_us = 90;
  events[2].known_time_us = 70;
  this->Commit({events[0]});
  EXPECT_EQ(this->ledger_->Facts().told_end, absl::FromUnixMicros(50));
  const auto decided = this->ledger_->CommitOnce(
      TestUser(3), {"r1", 7}, this->clock_.Now(),
      [&](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
        return Ledger::Outcome{events[1], "a plan"};
      });
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(this->ledger_->Facts().history_end, absl::FromUnixMicros(90));
  EXPECT_EQ(this->ledger_->Facts().told_end, absl::FromUnixMicros(50));
  this->Commit({events[2]});
  EXPECT_EQ(this->ledger_->Facts().history_end, absl::FromUnixMicros(90));
  EXPECT_EQ(this->ledger_->Facts().told_end, absl::FromUnixMicros(70));
}

TYPED_TEST_P(LedgerContract, RemembersAnAnswerWithoutAnEvent) {
  int asked = 0;
  const auto decide =
      [&](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
    ++asked;
    return Ledger::Outcome{std::nullopt, "nobody"};
  };
  const absl::Time now = this->clock_.Now();
  for (const bool replayed : {false, true}) {
    const auto answer =
        this->ledger_->CommitOnce(TestUser(3), {"r1", 7}, now, decide);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->response, "nobody");
    EXPECT_EQ(answer->replayed, replayed);
  }
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(StateOf(*this->ledger_, TestUser(3)), "");
  const LedgerFacts facts = this->ledger_->Facts();
  EXPECT_EQ(facts.last_position, 0u);
  EXPECT_EQ(facts.history_start, absl::InfiniteFuture());
  int states = 0;
  ASSERT_TRUE(this->ledger_
                  ->ScanStates(TestUser(3).partition(),
                               [&](const UserKey&, absl::string_view) {
                                 ++states;
                                 return true;
                               })
                  .ok());
  EXPECT_EQ(states, 0);
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_DECISIONS_H_
