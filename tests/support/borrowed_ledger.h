// A ledger that belongs to the test, as something that code under test may own
// and close; a view can hide events, as if the log had lost them.
// Thread-safe as the ledger behind it.
#ifndef TENUTO_TESTS_SUPPORT_BORROWED_LEDGER_H_
#define TENUTO_TESTS_SUPPORT_BORROWED_LEDGER_H_

#include <functional>
#include <utility>

#include "tests/support/failing_ledger.h"

namespace tenuto {

// Refuses to write.
class BorrowedLedger final : public FailingLedger {
 public:
  using Hidden = std::function<bool(const LoggedEvent&)>;

  explicit BorrowedLedger(Ledger& ledger, Hidden hidden = nullptr)
      : FailingLedger(ledger, 0), hidden_(std::move(hidden)) {}

  absl::Status Scan(
      int partition, Position from,
      absl::FunctionRef<bool(const LoggedEvent&)> visit) const override {
    return FailingLedger::Scan(partition, from, [&](const LoggedEvent& event) {
      return (hidden_ && hidden_(event)) || visit(event);
    });
  }

 private:
  const Hidden hidden_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_BORROWED_LEDGER_H_
