// A ledger in memory: for tests and simulations that need no disk. Commits by
// the same plan as every ledger.
#ifndef TENUTO_FEATURES_MEMORY_LEDGER_H_
#define TENUTO_FEATURES_MEMORY_LEDGER_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "features/base/clock.h"
#include "features/catalogue.h"
#include "features/commit_plan.h"
#include "features/ledger.h"

namespace tenuto {

// Thread-safe.
class MemoryLedger : public Ledger {
 public:
  explicit MemoryLedger(const Catalogue& catalogue,
                        const Clock& clock = Clock::Real());

  absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events, const SourceMark* mark) override;
  absl::StatusOr<Answer> CommitOnce(
      const UserKey& user, const RequestKey& request, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
          decide) override;
  absl::Status LoadState(const UserKey& user,
                         std::string& state) const override;
  absl::Status ScanStates(
      int partition,
      absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit)
      const override;
  absl::Status Scan(
      int partition, Position from,
      absl::FunctionRef<bool(const LoggedEvent&)> visit) const override;
  absl::StatusOr<std::string> LoadMark(absl::string_view source) const override;
  LedgerFacts Facts() const override;
  absl::StatusOr<Erasure> Erase(const UserKey& user, const RequestKey& request,
                                absl::Time now) override;
  absl::StatusOr<Position> Checkpoint(
      const std::filesystem::path& directory) override;

 private:
  struct User {
    std::string state;
    SeenEvents seen;
  };
  struct Remembered {
    std::uint64_t body_hash;
    absl::Time time;
    std::string response;
    UserKey user{};  // Whom it is about; a receipt is about nobody.
    bool has_user = false;
    Erasure receipt{};
  };
  // Nothing when the request is new.
  absl::StatusOr<const Remembered*> RecallLocked(const RequestKey& request,
                                                 absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::vector<Admission>> CommitLocked(
      absl::Span<const GatedEvent> events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const SignalFold fold_;
  LateEvents late_;
  mutable absl::Mutex mutex_;
  std::map<UserKey, User> users_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<int, Position>, std::string> log_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> sources_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Remembered> requests_ ABSL_GUARDED_BY(mutex_);
  std::size_t sweep_at_ ABSL_GUARDED_BY(mutex_) = 64;
  Position next_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::Time history_start_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  absl::Time history_end_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time told_end_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_MEMORY_LEDGER_H_
