// Scores every user of a ledger at one moment, partition by partition, with
// rows in blocks so that the forest is walked for many users at once. At the
// end of the ledger rows are read from the stored states, before it from the
// log replayed: the same bits either way as of ScorePast(), and of the server
// where its configuration grants no consent by default.
#ifndef TENUTO_TRAINING_SCORE_EVERYONE_H_
#define TENUTO_TRAINING_SCORE_EVERYONE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "features/ledger.h"
#include "features/signal_fold.h"
#include "features/user_key.h"
#include "model/model_bundle.h"

namespace tenuto {

// Value type; not thread-safe.
struct EveryoneScore {
  UserKey user;
  bool eligible = false;  // On a paid plan.
  double probability = 0;
  std::vector<std::string> reasons;  // Strongest first; if asked for.
};

// Where rows are read from.
enum class RowSource { kStates, kLog };

// Stored states hold everything that is known at the end of the ledger, and
// nothing else: they serve for no earlier moment, and not while signals are
// pending, which miss the past.
RowSource ChooseRowSource(const LedgerFacts& facts, absl::Time as_of);

// Thread-safe. The references must outlive it.
class EveryoneScorer {
 public:
  struct Options {
    absl::Time as_of;  // Not after the ledger's end.
    RowSource source = RowSource::kStates;
    int reason_count_max = 0;
    // As many as one pass of the widest forest engine takes.
    int block_rows = 512;
  };
  // `bundle` must be of a ledger.
  EveryoneScorer(const Ledger& ledger, const ModelBundle& bundle,
                 const Options& options);
  ~EveryoneScorer();

  // Everybody of the partition of whom something was known, by rising key.
  // Memory: the scores; from the log also the partition's events.
  absl::Status ScorePartition(int partition,
                              std::vector<EveryoneScore>& scores) const;

 private:
  class Block;
  // Blocks are large: partitions use them one after another.
  std::unique_ptr<Block> Borrow() const;
  void GiveBack(std::unique_ptr<Block> block) const;
  absl::Status ReadStates(int partition, Block& block) const;
  absl::Status ReplayLog(int partition, Block& block) const;

  const Ledger& ledger_;
  const ModelBundle& bundle_;
  const Options options_;
  const SignalFold fold_;
  const absl::Time history_start_;
  mutable absl::Mutex mutex_;
  mutable std::vector<std::unique_ptr<Block>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SCORE_EVERYONE_H_
