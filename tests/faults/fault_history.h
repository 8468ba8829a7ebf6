// What was sent to a ledger that fails at times, what it acknowledged, and
// whether what it holds can be explained by that: acknowledged commits whole,
// others whole or not at all, no event twice, states the fold of the log.
// Not thread-safe.
#ifndef TENUTO_TESTS_FAULTS_FAULT_HISTORY_H_
#define TENUTO_TESTS_FAULTS_FAULT_HISTORY_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "features/rocks_ledger.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {

inline constexpr int kFaultUsers = 6;
inline constexpr std::int64_t kFaultStartUs = 1'700'006'400'000'000;

class FaultHistory {
 public:
  explicit FaultHistory(std::uint64_t seed)
      : events_(seed, kFaultStartUs, 60) {}

  absl::StatusOr<std::unique_ptr<Ledger>> Open(
      const std::filesystem::path& directory,
      std::shared_ptr<rocksdb::FileSystem> files = nullptr) const;
  Draws& draws() { return events_.draws(); }

  // A commit of some events of one to three users.
  absl::Status Send(Ledger& ledger);
  // The newest commit once more, as a producer does that got no answer.
  absl::Status SendAgain(Ledger& ledger);
  // Of a ledger opened anew; forgets what was neither acknowledged nor kept.
  void ExpectIn(const Ledger& ledger);
  // The first read that fails, or that `ledger` holds exactly the first commits
  // that were sent; how many.
  absl::StatusOr<int> Prefix(const Ledger& ledger) const;
  // That the states of TestUser(0) to TestUser(users - 1) are what the log
  // gives.
  static void ExpectStates(const Ledger& ledger, int users = kFaultUsers);
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
