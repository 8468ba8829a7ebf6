// LedgerContract: calls with an effect, once.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_REQUESTS_H_
#define TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_REQUESTS_H_

#include "tests/support/ledger_contract.h"

namespace tenuto::testing {

// Decides `event`, counting how often it is asked.
inline auto Deciding(const GatedEvent& event, int& asked) {
  return
      [&event, &asked](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
        ++asked;
        return Ledger::Outcome{event, "answer " + std::to_string(asked)};
      };
}

TYPED_TEST_P(LedgerContract, AnswersARepeatedRequestWithoutASecondEffect) {
  const auto event = this->Life(3, 1)[0];
  int asked = 0;
  const RequestKey request{"r1", 7};
  const absl::Time now = this->clock_.Now();
  const auto first = this->ledger_->CommitOnce(TestUser(3), request, now,
                                               Deciding(event, asked));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->response, "answer 1");
  EXPECT_FALSE(first->replayed);
  const std::string state = StateOf(*this->ledger_, TestUser(3));
  EXPECT_NE(state, "");
  const auto again = this->ledger_->CommitOnce(
      TestUser(3), request, now + absl::Hours(23), Deciding(event, asked));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->response, "answer 1");
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(StateOf(*this->ledger_, TestUser(3)), state);
  EXPECT_EQ(this->ledger_->Facts().last_position, 1u);
}

TYPED_TEST_P(LedgerContract, RefusesTheSameIdOnOtherBody) {
  const auto event = this->Life(3, 1)[0];
  int asked = 0;
  const absl::Time now = this->clock_.Now();
  ASSERT_TRUE(
      this->ledger_
          ->CommitOnce(TestUser(3), {"r1", 7}, now, Deciding(event, asked))
          .ok());
  EXPECT_EQ(
      this->ledger_
          ->CommitOnce(TestUser(3), {"r1", 8}, now, Deciding(event, asked))
          .status()
          .code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(asked, 1);
}

TYPED_TEST_P(LedgerContract, ForgetsARequestAfterADay) {
  const auto events = this->Life(3, 2);
  int asked = 0;
  const absl::Time now = this->clock_.Now();
  ASSERT_TRUE(
      this->ledger_
          ->CommitOnce(TestUser(3), {"r1", 7}, now, Deciding(events[0], asked))
          .ok());
  const auto next = this->ledger_->CommitOnce(
      TestUser(3), {"r1", 8}, now + kRequestMemory, Deciding(events[1], asked));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_FALSE(next->replayed);
  EXPECT_EQ(next->response, "answer 2");
  EXPECT_EQ(this->ledger_->Facts().last_position, 2u);
}

TYPED_TEST_P(LedgerContract, LeavesNothingOfADecisionThatFailed) {
  const auto event = this->Life(3, 1)[0];
  const absl::Time now = this->clock_.Now();
  const auto failed = this->ledger_->CommitOnce(
      TestUser(3), {"r1", 7}, now,
      [](absl::string_view) -> absl::StatusOr<Ledger::Outcome> {
        return absl::ResourceExhaustedError("no budget");
      });
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(this->ledger_->Facts().last_position, 0u);
  int asked = 0;
  const auto next = this->ledger_->CommitOnce(TestUser(3), {"r1", 7}, now,
                                              Deciding(event, asked));
  ASSERT_TRUE(next.ok());
  EXPECT_FALSE(next->replayed);
}

TYPED_TEST_P(LedgerContract, GivesTheStateToTheDecision) {
  const auto events = this->Life(3, 2);
  this->Commit({events[0]});
  const std::string before = StateOf(*this->ledger_, TestUser(3));
  std::string seen;
  ASSERT_TRUE(
      this->ledger_
          ->CommitOnce(
              TestUser(3), {"r1", 7}, this->clock_.Now(),
              [&](absl::string_view state) -> absl::StatusOr<Ledger::Outcome> {
                seen = std::string(state);
                return Ledger::Outcome{events[1], "done"};
              })
          .ok());
  EXPECT_EQ(seen, before);
  std::vector<std::string> texts;
  ScanAll(*this->ledger_, 3, 2, texts);
  EXPECT_EQ(texts, std::vector<std::string>{events[1].event});
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_REQUESTS_H_
