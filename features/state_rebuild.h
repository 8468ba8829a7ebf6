// Folds the whole log again into states: the log is the truth, states are a
// cache of it.
// Thread-safe: holds no state; nothing else may write to the store meanwhile.
#ifndef TENUTO_FEATURES_STATE_REBUILD_H_
#define TENUTO_FEATURES_STATE_REBUILD_H_

#include "absl/status/status.h"
#include "features/rocks_store.h"
#include "features/signal_fold.h"

namespace tenuto {

// Replaces the state of every user, partition by partition. Until the caller
// claims the ledger's identity anew, whoever opens it starts over.
absl::Status RebuildStates(RocksStore& store, const SignalFold& fold);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_REBUILD_H_
