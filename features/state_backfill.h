// Folds the whole log again into states of the newest layout: the log is the
// truth, states are a cache of it. Other writers may go on meanwhile; what was
// done survives a crash, partition by partition.
#ifndef TENUTO_FEATURES_STATE_BACKFILL_H_
#define TENUTO_FEATURES_STATE_BACKFILL_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "features/ledger.h"
#include "features/rocks_store.h"
#include "features/signal_fold.h"
#include "features/state_layouts.h"
#include "features/user_holds.h"

namespace tenuto {

// Thread-safe against commits that hold their users in `holds`; not against
// another backfill of the same store. Has nothing to do when the newest layout
// is the only one. Starts at the first partition that no earlier run finished,
// and forgets the pending signals together with the last write. Calls `forget`
// with each user, while they are held, whose state changes: whoever has a copy
// must drop it. Errors: kCancelled (`go_on` said no), kDataLoss.
absl::Status BackfillStates(
    RocksStore& store, const SignalFold& fold, const StateLayouts& layouts,
    UserHolds& holds, absl::FunctionRef<void(const UserKey&)> forget,
    absl::FunctionRef<bool(const BackfillProgress&)> go_on);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_STATE_BACKFILL_H_
