// `features.erasing_child DIRECTORY FIRST COUNT FD`: erases the accounts FIRST
// and so on from a ledger, writes the number of each to FD when its erasure is
// acknowledged, and waits to be killed. For ledger_erasure_test: RocksDB's
// threads do not survive a fork, so it takes a program.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "features/rocks_ledger.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/ledger_contract.h"

int main(int argc, char** argv) {
  using namespace tenuto;
  if (argc != 5) return 2;
  const int first = std::atoi(argv[2]);
  const int end = first + std::atoi(argv[3]);
  const int told = std::atoi(argv[4]);
  const FixedClock clock{absl::FromUnixMicros(tenuto::testing::kLedgerStartUs)};
  const UserKeys keys = UserKeys::FromSecret(std::string(32, 'k'));
  const auto ledger =
      OpenRocksLedger({argv[1], false, 2, &clock}, Catalogue::Embedded(), keys);
  if (!ledger.ok()) {
    std::fprintf(stderr, "%s\n", ledger.status().ToString().c_str());
    return 1;
  }
  for (int k = first; k < end; ++k) {
    const auto erased = (*ledger)->Erase(keys.Of(absl::StrCat("account ", k)),
                                         {absl::StrCat(k), 1}, clock.Now());
    const char done = static_cast<char>(k);
    if (!erased.ok() || ::write(told, &done, 1) != 1) return 1;
  }
  ::pause();
}
