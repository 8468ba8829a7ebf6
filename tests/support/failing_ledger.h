// A ledger whose disk gives up after some commits; everything else is the
// ledger behind it.
// Thread-safe if used by one committing thread.
#ifndef TENUTO_TESTS_SUPPORT_FAILING_LEDGER_H_
#define TENUTO_TESTS_SUPPORT_FAILING_LEDGER_H_

#include <string>
#include <vector>

#include "features/ledger.h"

namespace tenuto {

class FailingLedger : public Ledger {
 public:
  // Fails every commit after the first `commits_left`.
  FailingLedger(Ledger& ledger, int commits_left)
      : ledger_(ledger), commits_left_(commits_left) {}

  absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events, const SourceMark* mark) override {
    if (commits_left_-- <= 0) {
      return absl::UnavailableError("no space left on the device");
    }
    return ledger_.Commit(events, mark);
  }
  absl::StatusOr<Answer> CommitOnce(
      const UserKey& user, const RequestKey& request, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
          decide) override {
    return ledger_.CommitOnce(user, request, now, decide);
  }
  absl::Status LoadState(const UserKey& user,
                         std::string& state) const override {
    return ledger_.LoadState(user, state);
  }
  absl::Status ScanStates(
      int partition,
      absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit)
      const override {
    return ledger_.ScanStates(partition, visit);
  }
  absl::Status Scan(
      int partition, Position from,
      absl::FunctionRef<bool(const LoggedEvent&)> visit) const override {
    return ledger_.Scan(partition, from, visit);
  }
  absl::StatusOr<std::string> LoadMark(
      absl::string_view source) const override {
    return ledger_.LoadMark(source);
  }
  LedgerFacts Facts() const override { return ledger_.Facts(); }
  absl::StatusOr<Erasure> Erase(const UserKey& user, const RequestKey& request,
                                absl::Time now) override {
    return ledger_.Erase(user, request, now);
  }
  absl::StatusOr<Position> Checkpoint(
      const std::filesystem::path& directory) override {
    return ledger_.Checkpoint(directory);
  }

 private:
  Ledger& ledger_;
  int commits_left_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_FAILING_LEDGER_H_
