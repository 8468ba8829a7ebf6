// What was sent to a ledger that fails at times, what it acknowledged, and
// whether what it holds can be explained by that: acknowledged commits whole,
// others whole or not at all, no event twice, states the fold of the log.
// Not thread-safe.
#ifndef TENUTO_TESTS_FAULTS_FAULT_HISTORY_H_
#define TENUTO_TESTS_FAULTS_FAULT_HISTORY_H_

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "features/base/status_macros.h"
#include "features/event_view.h"
#include "features/rocks_ledger.h"
#include "features/signal_fold.h"
#include "features/user_state.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {

inline constexpr int kFaultUsers = 6;
inline constexpr std::int64_t kFaultStartUs = 1'700'006'400'000'000;

// How often a test repeats itself: `each` in CI, `nightly` at night.
inline int Rounds(int each, int nightly) {
  return std::getenv("TENUTO_NIGHTLY") == nullptr ? each : nightly;
}

class FaultHistory {
 public:
  explicit FaultHistory(std::uint64_t seed)
      : events_(seed, kFaultStartUs, 60) {}

  absl::StatusOr<std::unique_ptr<Ledger>> Open(
      const std::filesystem::path& directory,
      std::shared_ptr<rocksdb::FileSystem> files = nullptr) const {
    RocksLedgerOptions options;
    options.directory = directory;
    options.clock = &clock_;
    // A disk that does nothing but answer syncs at once.
    if (files == nullptr) files = std::make_shared<FaultyFileSystem>();
    options.files = std::move(files);
    return OpenRocksLedger(options, Catalogue::Embedded(), keys_);
  }

  Draws& draws() { return events_.draws(); }

  // A commit of some events of one to three users.
  absl::Status Send(Ledger& ledger) {
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
  // The newest commit once more, as a producer does that got no answer.
  absl::Status SendAgain(Ledger& ledger) {
    Sent& sent = sent_.back();
    const absl::Status status = ledger.Commit(sent.events).status();
    sent.acknowledged = sent.acknowledged || status.ok();
    return status;
  }

  // Of a ledger opened anew; forgets what was neither acknowledged nor kept.
  void ExpectIn(const Ledger& ledger) {
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
  // The first read that fails, or that `ledger` holds exactly the first commits
  // that were sent; how many.
  absl::StatusOr<int> Prefix(const Ledger& ledger) const {
    std::set<std::uint64_t> held;
    std::string state;
    for (int user = 0; user < kFaultUsers; ++user) {
      TENUTO_RETURN_IF_ERROR(
          ledger.Scan(user, 0, [&](const LoggedEvent& event) {
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
  // That the states are what the log gives.
  static void ExpectStates(const Ledger& ledger) {
    const SignalFold fold(Catalogue::Embedded());
    EventView view;
    std::string stored, folded;
    for (int user = 0; user < kFaultUsers; ++user) {
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
  int acknowledged() const {
    int count = 0;
    for (const Sent& sent : sent_) count += sent.acknowledged;
    return count;
  }

 private:
  struct Sent {
    std::vector<GatedEvent> events;
    bool acknowledged = false;
  };
  const FixedClock clock_{absl::FromUnixMicros(kFaultStartUs)};
  const UserKeys keys_ = UserKeys::FromSecret("k");
  RandomEvents events_;
  std::vector<Sent> sent_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_FAULTS_FAULT_HISTORY_H_
