// How RocksLedger commits: it holds users, plans what happens to them on their
// states, kept at hand for those who were written to of late, and writes all of
// a commit as one synced batch.
#ifndef TENUTO_FEATURES_ROCKS_COMMITS_H_
#define TENUTO_FEATURES_ROCKS_COMMITS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "features/base/clock.h"
#include "features/commit_plan.h"
#include "features/hot_users.h"
#include "features/ledger.h"
#include "features/ledger_meta.h"
#include "features/rocks_store.h"
#include "features/signal_fold.h"
#include "features/state_layouts.h"
#include "features/user_holds.h"

namespace tenuto {

// Thread-safe. What it is made of must outlive it.
class RocksCommits {
 public:
  RocksCommits(RocksStore& store, const StateLayouts& layouts,
               const SignalFold& fold, LateEvents& late, const Clock& clock)
      : store_(store),
        layouts_(layouts),
        fold_(fold),
        late_(late),
        clock_(clock) {}
  // Before the first commit: what the store holds.
  void StartAfter(const History& history) {
    next_ = history.last + 1;
    history_.Note(history);
    noted_opening_ = store_.opening();
  }

  // As Ledger::Commit.
  absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events, const SourceMark* mark);
  // The event, if any, that is to happen to a user in this state; adds to the
  // batch what else is to be written.
  using Decide = absl::FunctionRef<absl::StatusOr<std::optional<GatedEvent>>(
      absl::string_view state, StoreBatch& batch)>;
  // While nothing else can change the user.
  absl::Status CommitOne(const UserKey& user, Decide decide);

  // The last state. While the store only reads, it need not be durable.
  absl::Status LoadState(const UserKey& user, std::string& state) const;
  // What the last position was given to may come to nothing.
  Position last_given() const { return next_ - 1; }
  // Of what is durable.
  const HistoryEnds& history() const { return history_; }
  UserHolds& holds() { return holds_; }
  // Of a user whom the caller holds and changes by another way.
  void Forget(const UserKey& user) { hot_.Forget(user); }

 private:
  static constexpr std::size_t kHotBytesMax = std::size_t{128} << 20;

  // What a commit does to a user, and what is known of who it is.
  struct Step {
    HotUser* hot;
    UserWrite write;
  };
  struct Planned {
    explicit Planned(const RocksStore& store) : batch(store) {}
    std::vector<Step> steps;  // One a user.
    StoreBatch batch;
    std::vector<Admission> verdicts;
    History added;
    std::vector<int> late;
    bool is_told = true;  // Not decided by us.
  };

  // Whoever calls these holds the users.
  absl::StatusOr<HotUser*> Load(const UserKey& user, const StoreBatch& batch);
  absl::Status Plan(absl::Span<const GatedEvent> events,
                    absl::Span<const UserGroup> groups, const SourceMark* mark,
                    Planned& commit);
  absl::Status AddToBatch(absl::Span<const GatedEvent> events,
                          absl::Span<const UserGroup> groups, Planned& commit);
  void AddHistory(absl::Span<const GatedEvent> events, Planned& commit);
  // Writes the batch; then the hot users are as `steps` say, or forgotten.
  absl::Status Write(absl::Span<const UserGroup> groups,
                     std::vector<Step>& steps, StoreBatch& batch);
  // A commit of events is durable: it counts from now on.
  void Note(const Planned& commit);
  // The hot users are as `steps` say.
  void Adopt(absl::Span<const UserGroup> groups, std::vector<Step>& steps);
  absl::Status WriteBatch(StoreBatch& batch);
  void NoteStored(const StoreBatch& batch);
  absl::Status CommitLarge(absl::Span<const GatedEvent> events,
                           absl::Span<const UserGroup> groups,
                           const SourceMark* mark, Planned& commit);

  RocksStore& store_;
  const StateLayouts& layouts_;
  const SignalFold& fold_;
  LateEvents& late_;
  const Clock& clock_;
  HotUsers hot_{kHotBytesMax};  // Of users whom somebody holds.
  UserHolds holds_{[this](int stripe) { hot_.ForgetStripe(stripe); }};
  std::atomic<Position> next_{1};
  HistoryEnds history_;
  std::atomic<std::uint64_t> noted_opening_{0};  // Whose history is noted.
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_COMMITS_H_
