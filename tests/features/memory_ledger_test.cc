#include "features/memory_ledger.h"

#include <memory>

#include "tests/support/ledger_contract_tests.h"

namespace tenuto::testing {
namespace {

struct MakeMemoryLedger {
  std::unique_ptr<Ledger> Make(const Clock& clock) {
    return std::make_unique<MemoryLedger>(Catalogue::Embedded(), clock);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LedgerContract, MakeMemoryLedger);

}  // namespace
}  // namespace tenuto::testing
