// LedgerContract: commits of batches, and scans.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_BATCHES_H_
#define TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_BATCHES_H_

#include "tests/support/ledger_contract.h"

namespace tenuto::testing {

TYPED_TEST_P(LedgerContract, AcceptsNewEventsAndFoldsThem) {
  EXPECT_EQ(StateOf(*this->ledger_, TestUser(3)), "");
  const auto verdicts = this->Commit(this->Life(3, 30));
  EXPECT_EQ(verdicts, std::vector<Admission>(30, Admission::kAccepted));
  EXPECT_NE(StateOf(*this->ledger_, TestUser(3)), "");
  EXPECT_EQ(StateOf(*this->ledger_, TestUser(4)), "");
  EXPECT_TRUE(this->Commit({}).empty());
}

TYPED_TEST_P(LedgerContract, KnowsDuplicatesInsideABatch) {
  auto events = this->Life(3, 2);
  events.push_back(events[0]);
  auto other = events[0];  // Another user may use the same id.
  other.user = TestUser(4);
  events.push_back(other);
  EXPECT_EQ(
      this->Commit(events),
      (std::vector<Admission>{Admission::kAccepted, Admission::kAccepted,
                              Admission::kDuplicate, Admission::kAccepted}));
}

TYPED_TEST_P(LedgerContract, KnowsDuplicatesAcrossCommits) {
  const auto events = this->Life(3, 20);
  this->Commit(events);
  const std::string state = StateOf(*this->ledger_, TestUser(3));
  const Position last = this->ledger_->Facts().last_position;
  EXPECT_EQ(this->Commit(events),
            std::vector<Admission>(20, Admission::kDuplicate));
  EXPECT_EQ(StateOf(*this->ledger_, TestUser(3)), state);
  EXPECT_EQ(this->ledger_->Facts().last_position, last);
}

TYPED_TEST_P(LedgerContract, AgesMarksByReceipt) {
  const auto old = this->Life(3, 5);
  this->Commit(old);
  this->clock_.Set(this->clock_.Now() + absl::Hours(24 * 35));
  this->Commit(this->Life(3, 1));
  EXPECT_EQ(this->Commit({old[0]})[0], Admission::kDuplicate);
  this->clock_.Set(this->clock_.Now() + absl::Hours(24));
  this->Commit(this->Life(3, 1));
  EXPECT_EQ(this->Commit({old[0]})[0], Admission::kAccepted);
}

TYPED_TEST_P(LedgerContract, ScansFromAPosition) {
  const auto mine = this->Life(3, 12);
  auto other = this->Life(4, 5);
  this->Commit({mine.begin(), mine.begin() + 7});
  this->Commit(other);
  this->Commit({mine.begin() + 7, mine.end()});
  std::vector<std::string> texts;
  const auto all = ScanAll(*this->ledger_, 3, 0, texts);
  ASSERT_EQ(all.size(), mine.size());
  for (std::size_t k = 0; k < all.size(); ++k) {
    EXPECT_EQ(all[k].user, TestUser(3));
    EXPECT_EQ(all[k].event_hash, mine[k].event_hash);
    EXPECT_EQ(all[k].known_time_us, mine[k].known_time_us);
    EXPECT_EQ(texts[k], mine[k].event);
    EXPECT_EQ(all[k].position, k + (k < 7 ? 1 : 6));
  }
  for (Position from = 0; from <= 18; ++from) {
    std::vector<std::string> ignored;
    const auto some = ScanAll(*this->ledger_, 3, from, ignored);
    std::size_t expected = 0;
    for (const auto& event : all) expected += event.position >= from;
    ASSERT_EQ(some.size(), expected) << from;
    EXPECT_TRUE(some.empty() || some[0].position >= from);
  }
  std::vector<std::string> ignored;
  EXPECT_TRUE(ScanAll(*this->ledger_, 255, 0, ignored).empty());
}

TYPED_TEST_P(LedgerContract, ScansUntilToldToStop) {
  this->Commit(this->Life(3, 9));
  int visits = 0;
  EXPECT_TRUE(this->ledger_
                  ->Scan(3, 0, [&](const LoggedEvent&) { return ++visits < 4; })
                  .ok());
  EXPECT_EQ(visits, 4);
}

TYPED_TEST_P(LedgerContract, ShowsStatesOfOnePartitionInKeyOrder) {
  for (const int number : {2, 0, 1}) {
    this->Commit(this->random_.Life(TestUser(255, number), 3));
  }
  this->Commit(this->Life(254, 3));
  std::vector<UserKey> users;
  ASSERT_TRUE(this->ledger_
                  ->ScanStates(255,
                               [&](const UserKey& user, absl::string_view s) {
                                 EXPECT_EQ(std::string(s),
                                           StateOf(*this->ledger_, user));
                                 users.push_back(user);
                                 return true;
                               })
                  .ok());
  EXPECT_EQ(users, (std::vector<UserKey>{TestUser(255, 0), TestUser(255, 1),
                                         TestUser(255, 2)}));
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_BATCHES_H_
