#include "features/rocks_ledger.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/crash_point.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/commit_plan.h"
#include "features/erasure_list.h"
#include "features/ledger_checkpoint.h"
#include "features/ledger_erasure.h"
#include "features/ledger_log.h"
#include "features/ledger_meta.h"
#include "features/request_memory.h"
#include "features/rocks_commits.h"
#include "features/rocks_store.h"
#include "features/state_backfill.h"
#include "features/state_layouts.h"
#include "features/user_holds.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {
namespace {

class RocksLedger final : public Ledger {
 public:
  RocksLedger(const RocksLedgerOptions& options, const Catalogue& catalogue,
              const UserKeys& keys)
      : options_(options),
        catalogue_(catalogue),
        keys_(keys),
        fold_(catalogue) {}

  absl::Status Open();

  absl::StatusOr<std::vector<Admission>> Commit(
      absl::Span<const GatedEvent> events, const SourceMark* mark) override;
  absl::StatusOr<Answer> CommitOnce(
      const UserKey& user, const RequestKey& request, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
          decide) override;
  absl::Status LoadState(const UserKey& user,
                         std::string& state) const override;
  absl::Status LoadStates(absl::Span<const UserKey> users,
                          VisitState visit) const override;
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
  absl::Status Backfill(
      absl::FunctionRef<bool(const BackfillProgress&)> go_on) override;

 private:
  absl::Status LoadLayouts(StatesAre states, const LedgerIdentity& identity);
  absl::Status ClaimStates(const LedgerIdentity& identity);
  // Makes everything erased leave the disk, that of checkpoints too.
  absl::Status FinishErasures() ABSL_EXCLUSIVE_LOCKS_REQUIRED(upkeep_);
  absl::StatusOr<Erasure> RemoveUser(const UserKey& user,
                                     const RequestKey& request, absl::Time now,
                                     StoreBatch& batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(upkeep_);
  absl::Status CheckWritable() const {
    if (!options_.read_only) return absl::OkStatus();
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }

  const RocksLedgerOptions options_;
  const Catalogue& catalogue_;
  const UserKeys keys_;
  const SignalFold fold_;
  LateEvents late_{catalogue_};
  // Set by Open, never after.
  std::unique_ptr<RocksStore> store_;
  std::unique_ptr<LedgerErasure> erasure_;
  std::optional<StateLayouts> layouts_;
  ErasedAgain erased_again_;

  absl::Mutex upkeep_;    // Erasures and checkpoints; before anything else.
  absl::Mutex backfill_;  // One at a time; before any user.
  std::atomic<bool> whole_{true};  // No signal is pending.

  std::unique_ptr<RocksCommits> commits_;  // Set by Open.
  // Before users.
  RequestStripes request_stripes_;
  AnswerWatch answer_watch_;  // Of who is being erased.
};

absl::Status RocksLedger::Open() {
  // Before the store: a writer beside us adds to the store first.
  TENUTO_ASSIGN_OR_RETURN(const ErasureList erased,
                          ErasureList::Load(options_.directory));
  TENUTO_ASSIGN_OR_RETURN(
      store_, RocksStore::Open({.directory = options_.directory,
                                .read_only = options_.read_only,
                                .threads = options_.threads,
                                .clock = options_.clock,
                                .files = options_.files,
                                .answers_first = options_.answers_first}));
  const LedgerIdentity identity = {options_.directory.string(),
                                   keys_.CheckValue(),
                                   catalogue_.signal_fingerprint()};
  TENUTO_ASSIGN_OR_RETURN(const StatesAre states,
                          CheckIdentity(*store_, identity));
  TENUTO_RETURN_IF_ERROR(LoadLayouts(states, identity));
  commits_ = std::make_unique<RocksCommits>(*store_, *layouts_, fold_, late_,
                                            *options_.clock);
  erasure_ =
      std::make_unique<LedgerErasure>(*store_, keys_, options_.directory);
  TENUTO_ASSIGN_OR_RETURN(const ErasureList unknown, erasure_->Unknown(erased));
  if (options_.read_only && !unknown.entries().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", identity.directory,
                     " is older than its list of erased users; open it once "
                     "with a server, or with `tenuto erase --replay`"));
  }
  if (!options_.read_only) {
    // First, so that nothing is made of events that must not be.
    const absl::MutexLock lock(&upkeep_);
    TENUTO_RETURN_IF_ERROR(RemoveHalfCheckpoints(options_.directory));
    TENUTO_ASSIGN_OR_RETURN(erased_again_, erasure_->RemoveAgain(unknown));
    TENUTO_RETURN_IF_ERROR(FinishErasures());
    TENUTO_RETURN_IF_ERROR(ClaimStates(identity));
  }
  if (erased_again_.users > 0) {
    LogInfo(absl::StrCat("erased again ", erased_again_.users, " users, ",
                         erased_again_.events, " events, whom the ledger ",
                         identity.directory,
                         " still had: it is older than its list"));
  }
  TENUTO_ASSIGN_OR_RETURN(History history, LoadHistory(*store_));
  TENUTO_ASSIGN_OR_RETURN(history.last, LastPosition(*store_));
  commits_->StartAfter(history);
  return absl::OkStatus();
}

absl::Status RocksLedger::LoadLayouts(StatesAre states,
                                      const LedgerIdentity& identity) {
  TENUTO_ASSIGN_OR_RETURN(
      layouts_, StateLayouts::Load(*store_, catalogue_,
                                   states == StatesAre::kOfOtherSignals));
  whole_ = layouts_->pending().empty();
  if (!options_.read_only || !layouts_->unknown_states()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the states of the ledger ", identity.directory,
                   " were folded with a catalogue that it does not know; run "
                   "`tenuto backfill`"));
}

absl::Status RocksLedger::ClaimStates(const LedgerIdentity& identity) {
  StoreBatch batch(*store_);
  ClaimIdentity(identity, batch);
  layouts_->Save(batch);
  TENUTO_RETURN_IF_ERROR(store_->Write(batch));
  if (!layouts_->unknown_states()) return absl::OkStatus();
  LogInfo("the layout of the states is unknown: folding the log again");
  return Backfill([](const BackfillProgress&) { return true; });
}

absl::Status RocksLedger::Backfill(
    absl::FunctionRef<bool(const BackfillProgress&)> go_on) {
  TENUTO_RETURN_IF_ERROR(CheckWritable());
  const absl::MutexLock lock(&backfill_);
  TENUTO_RETURN_IF_ERROR(BackfillStates(
      *store_, fold_, *layouts_, commits_->holds(),
      [this](const UserKey& user) { commits_->Forget(user); }, go_on));
  whole_ = true;
  return absl::OkStatus();
}

absl::Status RocksLedger::Scan(
    int partition, Position from,
    absl::FunctionRef<bool(const LoggedEvent&)> visit) const {
  return ScanLog(*store_, partition, from, visit);
}

absl::StatusOr<std::vector<Admission>> RocksLedger::Commit(
    absl::Span<const GatedEvent> events, const SourceMark* mark) {
  TENUTO_RETURN_IF_ERROR(CheckWritable());
  return commits_->Commit(events, mark);
}

absl::StatusOr<Ledger::Answer> RocksLedger::CommitOnce(
    const UserKey& user, const RequestKey& request, absl::Time now,
    absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
        decide) {
  TENUTO_RETURN_IF_ERROR(CheckWritable());
  const absl::MutexLock request_lock(&request_stripes_.Of(request));
  std::optional<std::string> recalled;
  std::string response;
  TENUTO_RETURN_IF_ERROR(commits_->CommitOne(
      user,
      [&](absl::string_view state,
          StoreBatch& batch) -> absl::StatusOr<std::optional<GatedEvent>> {
        TENUTO_ASSIGN_OR_RETURN(recalled, Recall(*store_, request, now));
        if (recalled) return std::nullopt;
        TENUTO_ASSIGN_OR_RETURN(Outcome outcome, decide(state));
        v1::RequestRecord remembered;
        remembered.set_body_hash(request.body_hash);
        remembered.set_answered_time_us(absl::ToUnixMicros(now));
        remembered.set_response(outcome.response);
        remembered.set_user_key(std::string(user.view()));
        batch.Put(Family::kRequests, request.id,
                  remembered.SerializeAsString());
        answer_watch_.Note(user, request.id);
        response = std::move(outcome.response);
        return std::move(outcome.event);
      }));
  if (recalled) return Answer{*std::move(recalled), true};
  return Answer{std::move(response), false};
}

absl::Status RocksLedger::LoadState(const UserKey& user,
                                    std::string& state) const {
  return commits_->LoadState(user, state);
}

absl::Status RocksLedger::LoadStates(absl::Span<const UserKey> users,
                                     VisitState visit) const {
  std::string room;
  const auto visit_value = [&](std::size_t k,
                               absl::string_view value) -> absl::Status {
    TENUTO_ASSIGN_OR_RETURN(const absl::string_view state,
                            layouts_->AsCurrent(value, room));
    return visit(users[k], state);
  };
  std::array<absl::string_view, RocksStore::kKeysMax> keys;
  while (!users.empty()) {
    const std::size_t count = std::min(users.size(), keys.size());
    for (std::size_t k = 0; k < count; ++k) keys[k] = users[k].view();
    TENUTO_RETURN_IF_ERROR(store_->GetEach(
        Family::kState, absl::MakeSpan(keys).first(count), visit_value));
    users.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Status RocksLedger::ScanStates(
    int partition,
    absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit) const {
  StoreCursor cursor(*store_, Family::kState);
  const std::string prefix = PartitionPrefix(partition);
  std::string room;
  for (cursor.Seek(prefix); cursor.IsIn(prefix); cursor.Next()) {
    TENUTO_ASSIGN_OR_RETURN(const absl::string_view state,
                            layouts_->AsCurrent(cursor.value(), room));
    if (!visit(UserKey::FromBytes(cursor.key()), state)) break;
  }
  return cursor.status("scanning states");
}

absl::StatusOr<std::string> RocksLedger::LoadMark(
    absl::string_view source) const {
  std::string progress;
  TENUTO_RETURN_IF_ERROR(store_->Get(
      Family::kMeta, absl::StrCat(kSourcePrefix, source), progress));
  return progress;
}

LedgerFacts RocksLedger::Facts() const {
  LedgerFacts facts;
  facts.faults = store_->faults();
  facts.late = &late_;
  facts.erased_again = erased_again_;
  const HistoryEnds& history = commits_->history();
  facts.last_position = history.last();
  if (facts.last_position == 0) return facts;
  facts.history_start = absl::FromUnixMicros(history.start_us());
  facts.history_end = absl::FromUnixMicros(history.end_us());
  facts.told_end = absl::FromUnixMicros(history.told_us());
  if (!whole_) facts.pending = &layouts_->pending();
  return facts;
}

absl::Status RocksLedger::FinishErasures() {
  return erasure_->Finish([this](const ErasureList& list) {
    return VisitCheckpoints(options_.directory,
                            [&](const std::filesystem::path& checkpoint) {
                              // Opening it replays the list.
                              TENUTO_RETURN_IF_ERROR(list.Save(checkpoint));
                              RocksLedgerOptions options = options_;
                              options.directory = checkpoint;
                              RocksLedger copy(options, catalogue_, keys_);
                              return copy.Open();
                            });
  });
}

absl::StatusOr<Erasure> RocksLedger::RemoveUser(const UserKey& user,
                                                const RequestKey& request,
                                                absl::Time now,
                                                StoreBatch& batch) {
  const std::vector<UserGroup> groups = {{user, {0}}};
  Position last = 0;
  std::optional<AnswerWatch::Turn> later;
  {
    // Whatever of the user has a position up to it is committed, and whatever
    // was answered before.
    const UserHolds::Hold hold(commits_->holds(), groups);
    last = commits_->last_given();
    later.emplace(answer_watch_, user);
  }
  // The bulk of log and answers is read while commits go on.
  LedgerErasure::Belongings found{.user = user, .records = {}, .requests = {}};
  TENUTO_RETURN_IF_ERROR(erasure_->FindEvents(0, last, found));
  TENUTO_ASSIGN_OR_RETURN(std::vector<std::string> requests,
                          erasure_->FindRequests(user));
  const UserHolds::Hold hold(commits_->holds(), groups);
  TENUTO_RETURN_IF_ERROR(erasure_->FindEvents(last + 1, ~Position{0}, found));
  for (std::string& id : later->heard()) requests.push_back(std::move(id));
  TENUTO_RETURN_IF_ERROR(erasure_->FindRest(requests, found));
  TENUTO_ASSIGN_OR_RETURN(const Erasure erasure,
                          erasure_->Remove(found, absl::ToUnixMicros(now),
                                           commits_->last_given(), batch));
  batch.Put(Family::kRequests, request.id,
            ReceiptRecord(erasure, request, now));
  commits_->Forget(user);
  TENUTO_RETURN_IF_ERROR(store_->Write(batch));
  TENUTO_CRASH_POINT("erase.committed");
  return erasure;
}

absl::StatusOr<Erasure> RocksLedger::Erase(const UserKey& user,
                                           const RequestKey& request,
                                           absl::Time now) {
  TENUTO_RETURN_IF_ERROR(CheckWritable());
  const absl::MutexLock lock(&upkeep_);
  Erasure erasure;
  {
    const absl::MutexLock request_lock(&request_stripes_.Of(request));
    StoreBatch batch(*store_);
    TENUTO_ASSIGN_OR_RETURN(const std::optional<std::string> recalled,
                            Recall(*store_, request, now));
    if (recalled) {
      TENUTO_ASSIGN_OR_RETURN(erasure, ParseReceipt(*recalled));
    } else {
      TENUTO_ASSIGN_OR_RETURN(erasure, RemoveUser(user, request, now, batch));
    }
  }
  // Again for a repeat: the first call may have failed in it.
  TENUTO_RETURN_IF_ERROR(FinishErasures());
  TENUTO_CRASH_POINT("erase.finished");
  return erasure;
}

absl::StatusOr<Position> RocksLedger::Checkpoint(
    const std::filesystem::path& directory) {
  TENUTO_RETURN_IF_ERROR(CheckWritable());
  const absl::MutexLock lock(&upkeep_);
  if (store_->faults().damage > 0) {  // Good copies may go for this one.
    return absl::DataLossError(
        "no checkpoint is made of a ledger in which damage was found; "
        "`tenuto ledger-doctor` says where");
  }
  TENUTO_RETURN_IF_ERROR(BeginCheckpoint(directory));
  TENUTO_CRASH_POINT("checkpoint.begun");
  absl::Status made = store_->Flush();
  Position last = 0;
  if (made.ok()) {
    // Nobody is between taking positions and writing: an exact prefix.
    const UserHolds::Hold everybody(commits_->holds());
    last = commits_->last_given();
    made = store_->Checkpoint(directory);
  }
  TENUTO_RETURN_IF_ERROR(EndCheckpoint(directory, made));
  return last;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> OpenRocksLedger(
    const RocksLedgerOptions& options, const Catalogue& catalogue,
    const UserKeys& keys) {
  TENUTO_CHECK(options.clock != nullptr, "a ledger needs a clock");
  auto ledger = std::make_unique<RocksLedger>(options, catalogue, keys);
  const absl::Status opened = ledger->Open();
  if (absl::IsDataLoss(opened)) {
    return absl::DataLossError(absl::StrCat(
        std::string(opened.message()),
        "; the bytes on the disk are not what was written. Change nothing; "
        "`tenuto ledger-doctor --ledger ",
        options.directory.string(), "` says what to do"));
  }
  TENUTO_RETURN_IF_ERROR(opened);
  return ledger;
}

}  // namespace tenuto
