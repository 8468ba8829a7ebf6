// LedgerContract: what a ledger says of itself and of its sources.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_FACTS_H_
#define TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_FACTS_H_

#include "tests/support/ledger_contract.h"

namespace tenuto::testing {

TYPED_TEST_P(LedgerContract, CommitsSourceMarksWithTheEvents) {
  EXPECT_EQ(*this->ledger_->LoadMark("file"), "");
  const auto events = this->Life(3, 2);
  const SourceMark first{"file", "line 2"};
  this->Commit(events, &first);
  EXPECT_EQ(*this->ledger_->LoadMark("file"), "line 2");
  const SourceMark second{"file", "line 4"};
  this->Commit(events, &second);
  EXPECT_EQ(*this->ledger_->LoadMark("file"), "line 4") << "duplicates only";
  EXPECT_EQ(*this->ledger_->LoadMark("other"), "");
  // An event that is none: nothing of the batch happens, the mark neither.
  auto broken = this->Life(4, 2);
  broken[1].user = TestUser(5);
  broken[1].event = "\xff";
  const SourceMark third{"file", "line 6"};
  EXPECT_FALSE(this->ledger_->Commit(broken, &third).ok());
  EXPECT_EQ(*this->ledger_->LoadMark("file"), "line 4");
  EXPECT_EQ(StateOf(*this->ledger_, TestUser(4)), "");
}

TYPED_TEST_P(LedgerContract, StatesItsFacts) {
  EXPECT_EQ(this->ledger_->Facts().history_start, absl::InfiniteFuture());
  EXPECT_EQ(this->ledger_->Facts().history_end, absl::InfinitePast());
  EXPECT_EQ(this->ledger_->Facts().last_position, 0u);
  auto events = this->Life(3, 3);
  events[0].known_time_us = 50;
  events[1].known_time_us = 20;
  events[2].known_time_us = 40;
  this->Commit(events);
  EXPECT_EQ(this->ledger_->Facts().history_start, absl::FromUnixMicros(20));
  EXPECT_EQ(this->ledger_->Facts().history_end, absl::FromUnixMicros(50));
  EXPECT_EQ(this->ledger_->Facts().last_position, 3u);
  // What a duplicate says counts for nothing.
  events[0].known_time_us = 1;
  this->Commit({events[0]});
  EXPECT_EQ(this->ledger_->Facts().history_start, absl::FromUnixMicros(20));
  events = this->Life(4, 1);
  events[0].known_time_us = 10;
  this->Commit(events);
  EXPECT_EQ(this->ledger_->Facts().history_start, absl::FromUnixMicros(10));
  EXPECT_EQ(this->ledger_->Facts().history_end, absl::FromUnixMicros(50));
}

TYPED_TEST_P(LedgerContract, LoadsManyStatesAsItLoadsEach) {
  std::vector<UserKey> users;
  for (int user = 0; user < 70; ++user) {
    users.push_back(TestUser(user % 7, user % 30));  // Some twice.
    if (user % 3 != 0) this->Commit(this->random_.Life(users.back(), 1));
  }
  for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 64u, 65u, 70u}) {
    std::size_t next = 0;
    const auto visit = [&](const UserKey& user, absl::string_view state) {
      EXPECT_EQ(user, users[next]);
      EXPECT_EQ(state, StateOf(*this->ledger_, users[next++]));
      return absl::OkStatus();
    };
    const auto some = absl::MakeConstSpan(users).first(count);
    EXPECT_EQ(this->ledger_->LoadStates(some, visit), absl::OkStatus());
    EXPECT_EQ(next, count);
  }
  int visited = 0;
  const auto refuse = [&](const UserKey&, absl::string_view) {
    return ++visited < 40 ? absl::OkStatus() : absl::AbortedError("enough");
  };
  EXPECT_EQ(this->ledger_->LoadStates(users, refuse),
            absl::AbortedError("enough"));
  EXPECT_EQ(visited, 40);
}

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_FACTS_H_
