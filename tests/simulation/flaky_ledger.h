// A ledger whose next commit fails when told to: before anything happened, or
// after it is durable and only the answer is lost. Everything else is the
// ledger behind it.
// Not thread-safe.
#ifndef TENUTO_TESTS_SIMULATION_FLAKY_LEDGER_H_
#define TENUTO_TESTS_SIMULATION_FLAKY_LEDGER_H_

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "features/ledger.h"

namespace tenuto::testing {

// kLie says yes and does nothing: what the checks have to find out.
enum class Fault { kNone, kBeforeCommit, kAfterCommit, kLie };

class FlakyLedger final : public Ledger {
 public:
  explicit FlakyLedger(Ledger& ledger) : ledger_(ledger) {}

  void FailNext(Fault fault) { fault_ = fault; }

  absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events, const SourceMark* mark) override {
    const Fault fault = std::exchange(fault_, Fault::kNone);
    if (fault == Fault::kBeforeCommit) return Lost();
    if (fault == Fault::kLie) {
      return std::vector<Admission>(events.size(), Admission::kAccepted);
    }
    auto verdicts = ledger_.Commit(events, mark);
    if (fault == Fault::kAfterCommit) return Lost();
    return verdicts;
  }
  absl::StatusOr<Answer> CommitOnce(
      const UserKey& user, const RequestKey& request, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
          decide) override {
    const Fault fault = std::exchange(fault_, Fault::kNone);
    if (fault == Fault::kBeforeCommit) return Lost();
    auto answer = ledger_.CommitOnce(user, request, now, decide);
    if (fault == Fault::kAfterCommit) return Lost();
    return answer;
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
    const Fault fault = std::exchange(fault_, Fault::kNone);
    if (fault == Fault::kBeforeCommit) return Lost();
    if (fault == Fault::kLie) {
      return Erasure{.time_us = absl::ToUnixMicros(now),
                     .through = ledger_.Facts().last_position};
    }
    auto erasure = ledger_.Erase(user, request, now);
    if (fault == Fault::kAfterCommit) return Lost();
    return erasure;
  }
  absl::StatusOr<Position> Checkpoint(
      const std::filesystem::path& directory) override {
    return ledger_.Checkpoint(directory);
  }

 private:
  static absl::Status Lost() {
    return absl::UnavailableError("simulated: the machine stopped");
  }
  Ledger& ledger_;
  Fault fault_ = Fault::kNone;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SIMULATION_FLAKY_LEDGER_H_
