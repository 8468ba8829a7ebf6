// A ledger that says some signals are pending, whatever its states hold.
// Thread-safe as the ledger behind it.
#ifndef TENUTO_TESTS_SUPPORT_PENDING_LEDGER_H_
#define TENUTO_TESTS_SUPPORT_PENDING_LEDGER_H_

#include <limits>
#include <utility>

#include "features/catalogue.h"
#include "tests/support/failing_ledger.h"

namespace tenuto {

class PendingLedger final : public FailingLedger {
 public:
  PendingLedger(Ledger& ledger, PendingSignals pending)
      : FailingLedger(ledger, std::numeric_limits<int>::max()),
        pending_(std::move(pending)) {}

  LedgerFacts Facts() const override {
    LedgerFacts facts = FailingLedger::Facts();
    facts.pending = &pending_;
    return facts;
  }

 private:
  const PendingSignals pending_;
};

inline std::uint32_t SignalId(const Catalogue& catalogue,
                              absl::string_view name) {
  return catalogue.FindSignal(name)->declaration.id();
}

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_PENDING_LEDGER_H_
