#include "tests/faults/fault_history.h"

#include <map>
#include <set>
#include <utility>

#include "features/base/status_macros.h"
#include "features/event_view.h"
#include "features/signal_fold.h"
#include "features/user_state.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_file_system.h"

namespace tenuto::testing {

absl::StatusOr<std::unique_ptr<Ledger>> FaultHistory::Open(
    const std::filesystem::path& directory,
    std::shared_ptr<rocksdb::FileSystem> files) const {
  RocksLedgerOptions options;
  options.directory = directory;
  options.clock = &clock_;
  // A disk that does nothing but answer syncs at once.
  if (files == nullptr) files = std::make_shared<FaultyFileSystem>();
  options.files = std::move(files);
  return OpenRocksLedger(options, Catalogue::Embedded(), keys_);
}

absl::Status FaultHistory::Send(Ledger& ledger) {
  Sent sent;
  const auto first = draws().Between(0, kFaultUsers - 1);
  const auto users = draws().Between(1, 3);
  for (auto user = first; user < first + users; ++user) {
    for (GatedEvent& event :
         events_.Life(TestUser(static_cast<int>(user % kFaultUsers)),
                      static_cast<int>(draws().Between(1, 4)))) {
      sent.events.push_back(std::move(event));
    }
  }
  sent_.push_back(std::move(sent));
  return SendAgain(ledger);
}

absl::Status FaultHistory::SendAgain(Ledger& ledger) {
  Sent& sent = sent_.back();
  const absl::Status status = ledger.Commit(sent.events).status();
  sent.acknowledged = sent.acknowledged || status.ok();
  return status;
}

void FaultHistory::ExpectIn(const Ledger& ledger) {
  std::map<std::uint64_t, int> held;
  std::size_t total = 0;
  for (int partition = 0; partition < kFaultUsers; ++partition) {
    const absl::Status status =
        ledger.Scan(partition, 0, [&](const LoggedEvent& event) {
          ++held[event.event_hash];
          ++total;
          return true;
        });
    ASSERT_TRUE(status.ok()) << status;
  }
  std::vector<Sent> kept;
  std::size_t explained = 0;
  for (Sent& sent : sent_) {
    std::size_t there = 0;
    for (const GatedEvent& event : sent.events) {
      there += held.count(event.event_hash);
    }
    EXPECT_TRUE(there == 0 || there == sent.events.size()) << "half a commit";
    EXPECT_TRUE(there > 0 || !sent.acknowledged) << "acknowledged and lost";
    explained += there;
    if (there == 0) continue;
    sent.acknowledged = true;
    kept.push_back(std::move(sent));
  }
  EXPECT_EQ(total, explained) << "events that were never sent, or twice";
  sent_ = std::move(kept);
  ExpectStates(ledger);
}

absl::StatusOr<int> FaultHistory::Prefix(const Ledger& ledger) const {
  std::set<std::uint64_t> held;
  std::string state;
  for (int user = 0; user < kFaultUsers; ++user) {
    TENUTO_RETURN_IF_ERROR(ledger.Scan(user, 0, [&](const LoggedEvent& event) {
      held.insert(event.event_hash);
      return true;
    }));
    TENUTO_RETURN_IF_ERROR(ledger.LoadState(TestUser(user), state));
  }
  int commits = 0;
  std::size_t explained = 0;
  for (const Sent& sent : sent_) {
    std::size_t there = 0;
    for (const GatedEvent& event : sent.events) {
      there += held.count(event.event_hash);
    }
    if (there != sent.events.size()) break;
    explained += there;
    ++commits;
  }
  EXPECT_EQ(held.size(), explained) << "more than a prefix";
  ExpectStates(ledger);
  return commits;
}

void FaultHistory::ExpectStates(const Ledger& ledger, int users) {
  const SignalFold fold(Catalogue::Embedded());
  EventView view;
  std::string stored, folded;
  for (int user = 0; user < users; ++user) {
    UserState state(fold.layout());
    bool any = false;
    const auto apply = [&](const LoggedEvent& event) {
      any = view.Parse(event.event);
      if (any) fold.Apply(view, event.position, state);
      return any;
    };
    ASSERT_TRUE(ledger.Scan(user, 0, apply).ok());
    ASSERT_TRUE(ledger.LoadState(TestUser(user), stored).ok());
    folded.clear();
    if (any) state.Encode(folded);
    EXPECT_TRUE(stored == folded) << "the state of user " << user;
  }
}

}  // namespace tenuto::testing
