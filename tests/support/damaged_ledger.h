// A ledger of which the states of one partition do not decode.
// Thread-safe as the ledger behind it.
#ifndef TENUTO_TESTS_SUPPORT_DAMAGED_LEDGER_H_
#define TENUTO_TESTS_SUPPORT_DAMAGED_LEDGER_H_

#include "tests/support/failing_ledger.h"

namespace tenuto {

class DamagedLedger final : public FailingLedger {
 public:
  DamagedLedger(Ledger& ledger, int partition)
      : FailingLedger(ledger, 0), partition_(partition) {}
  absl::Status ScanStates(
      int partition,
      absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit)
      const override {
    return FailingLedger::ScanStates(
        partition, [&](const UserKey& user, absl::string_view state) {
          return visit(user, partition == partition_
                                 ? state.substr(0, state.size() / 2)
                                 : state);
        });
  }

 private:
  const int partition_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_DAMAGED_LEDGER_H_
