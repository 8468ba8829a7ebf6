// What every Ledger promises, as a typed test suite. `Maker` has
//   std::unique_ptr<Ledger> Make(const Clock& clock)
// and lives as long as the ledger.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_H_
#define TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "features/ledger.h"
#include "gtest/gtest.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {

inline constexpr std::int64_t kLedgerStartUs = 1'700'006'400'000'000;

inline std::vector<LoggedEvent> ScanAll(const Ledger& ledger, int partition,
                                        Position from,
                                        std::vector<std::string>& texts) {
  std::vector<LoggedEvent> found;
  EXPECT_TRUE(ledger
                  .Scan(partition, from,
                        [&](const LoggedEvent& event) {
                          found.push_back(event);
                          texts.emplace_back(event.event);
                          return true;
                        })
                  .ok());
  return found;
}

inline std::string StateOf(const Ledger& ledger, const UserKey& user) {
  std::string state = "stale";
  EXPECT_TRUE(ledger.LoadState(user, state).ok());
  return state;
}

template <typename Maker>
class LedgerContract : public ::testing::Test {
 protected:
  std::vector<Admission> Commit(const std::vector<GatedEvent>& events,
                                const SourceMark* mark = nullptr) {
    const auto verdicts = ledger_->Commit(events, mark);
    EXPECT_TRUE(verdicts.ok()) << verdicts.status();
    return verdicts.ok() ? *verdicts : std::vector<Admission>();
  }
  std::vector<GatedEvent> Life(int partition, int count) {
    return random_.Life(TestUser(partition), count);
  }

  FixedClock clock_{absl::FromUnixMicros(kLedgerStartUs)};
  Maker maker_;
  std::unique_ptr<Ledger> ledger_ = maker_.Make(clock_);
  RandomEvents random_{41, kLedgerStartUs, 60};
};

TYPED_TEST_SUITE_P(LedgerContract);

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_LEDGER_CONTRACT_H_
