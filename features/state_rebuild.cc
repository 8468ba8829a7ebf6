#include "features/state_rebuild.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/ledger_log.h"
#include "features/ledger_meta.h"

namespace tenuto {
namespace {

constexpr char kRebuilding[] = "rebuilding";  // Instead of a fingerprint.

}  // namespace

absl::Status RebuildStates(RocksStore& store, const SignalFold& fold) {
  LogInfo("the catalogue's signals changed: folding the log again");
  // Whoever opens the ledger after a crash in here starts over.
  StoreBatch begin(store);
  begin.Put(Family::kMeta, kSignalsKey, kRebuilding);
  TENUTO_RETURN_IF_ERROR(store.Write(begin));
  for (int partition = 0; partition < kPartitions; ++partition) {
    absl::flat_hash_map<UserKey, UserState> states;
    EventView view;
    bool whole = true;
    TENUTO_RETURN_IF_ERROR(
        ScanLog(store, partition, 0, [&](const LoggedEvent& event) {
          whole = view.Parse(event.event);
          auto [at, added] = states.try_emplace(event.user, fold.layout());
          if (whole) fold.Apply(view, event.position, at->second);
          return whole;
        }));
    if (!whole) return absl::DataLossError("a logged event does not parse");
    StoreBatch batch(store);
    std::string bytes;
    for (const auto& [user, state] : states) {
      state.Encode(bytes);
      batch.Put(Family::kState, user.view(), bytes);
    }
    if (batch.empty()) continue;
    TENUTO_RETURN_IF_ERROR(store.Write(batch));
  }
  return absl::OkStatus();
}

}  // namespace tenuto
