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
#include "features/hot_users.h"
#include "features/ledger_checkpoint.h"
#include "features/ledger_erasure.h"
#include "features/ledger_log.h"
#include "features/ledger_meta.h"
#include "features/request_memory.h"
#include "features/rocks_store.h"
#include "features/state_backfill.h"
#include "features/state_layouts.h"
#include "features/user_holds.h"
#include "tenuto/v1/records.pb.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr std::size_t kRequestStripes = 64;
constexpr std::size_t kHotBytesMax = std::size_t{128} << 20;

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
  absl::Status GetState(const UserKey& user, std::string& state) const {
    TENUTO_RETURN_IF_ERROR(store_->Get(Family::kState, user.view(), state));
    return layouts_->ToCurrent(state);
  }
  // What is remembered of `request`, whose stripe is held; nothing when new.
  absl::StatusOr<std::optional<std::string>> Recall(const RequestKey& request,
                                                    absl::Time now) const;
  absl::Mutex& StripeOf(const RequestKey& request);
  // Makes everything erased leave the disk, that of checkpoints too.
  absl::Status FinishErasures() ABSL_EXCLUSIVE_LOCKS_REQUIRED(upkeep_);
  absl::StatusOr<Erasure> RemoveUser(const UserKey& user,
                                     const RequestKey& request, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(upkeep_);
  // What a commit does to a user, and what is known of who it is.
  struct Step {
    HotUser* hot;
    UserWrite write;
  };
  // Fills `batch` and `steps`, one a group; the caller holds the users. One
  // verdict an event.
  absl::StatusOr<std::vector<Admission>> AddToBatch(
      absl::Span<const GatedEvent> events, absl::Span<const UserGroup> groups,
      std::vector<Step>& steps, StoreBatch& batch);
  // What is known of a user whom the caller holds.
  absl::StatusOr<HotUser*> Load(const UserKey& user);
  // Writes the batch; then the hot users are as `steps` say, or forgotten.
  absl::Status Write(absl::Span<const UserGroup> groups,
                     std::vector<Step>& steps, StoreBatch& batch);
  // Of a commit's new events.
  History AddHistory(absl::Span<const GatedEvent> events,
                     absl::Span<const Admission> verdicts, StoreBatch& batch);

  const RocksLedgerOptions options_;
  const Catalogue& catalogue_;
  const UserKeys keys_;
  const SignalFold fold_;
  LateEvents late_{catalogue_};
  // Set by Open, never after.
  std::unique_ptr<RocksStore> store_;
  std::unique_ptr<LedgerErasure> erasure_;
  std::optional<StateLayouts> layouts_;

  absl::Mutex upkeep_;    // Erasures and checkpoints; before anything else.
  absl::Mutex backfill_;  // One at a time; before any user.
  std::atomic<bool> whole_{true};  // No signal is pending.

  // Requests are held by `request_stripes_`, always before users.
  UserHolds holds_;
  HotUsers hot_{kHotBytesMax};  // Of users whom somebody holds.
  std::array<absl::Mutex, kRequestStripes> request_stripes_;
  std::atomic<Position> next_{1};
  HistoryEnds history_;
};

absl::Status RocksLedger::Open() {
  // Before the store: a writer beside us adds to the store first.
  TENUTO_ASSIGN_OR_RETURN(const ErasureList erased,
                          ErasureList::Load(options_.directory));
  TENUTO_ASSIGN_OR_RETURN(
      store_, RocksStore::Open({options_.directory, options_.read_only,
                                options_.threads, options_.clock,
                                /*alone=*/false, options_.files}));
  const LedgerIdentity identity = {options_.directory.string(),
                                   keys_.CheckValue(),
                                   catalogue_.signal_fingerprint()};
  TENUTO_ASSIGN_OR_RETURN(const StatesAre states,
                          CheckIdentity(*store_, identity));
  TENUTO_RETURN_IF_ERROR(LoadLayouts(states, identity));
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
    TENUTO_RETURN_IF_ERROR(erasure_->RemoveAgain(unknown));
    TENUTO_RETURN_IF_ERROR(FinishErasures());
    TENUTO_RETURN_IF_ERROR(ClaimStates(identity));
  }
  TENUTO_ASSIGN_OR_RETURN(const Position last, LastPosition(*store_));
  next_ = last + 1;
  TENUTO_ASSIGN_OR_RETURN(const History history, LoadHistory(*store_));
  history_.Note(history);
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
  if (options_.read_only) {
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }
  const absl::MutexLock lock(&backfill_);
  TENUTO_RETURN_IF_ERROR(BackfillStates(
      *store_, fold_, *layouts_, holds_,
      [this](const UserKey& user) { hot_.Forget(user); }, go_on));
  whole_ = true;
  return absl::OkStatus();
}

absl::Status RocksLedger::Scan(
    int partition, Position from,
    absl::FunctionRef<bool(const LoggedEvent&)> visit) const {
  return ScanLog(*store_, partition, from, visit);
}

absl::StatusOr<std::vector<Admission>> RocksLedger::AddToBatch(
    absl::Span<const GatedEvent> events, absl::Span<const UserGroup> groups,
    std::vector<Step>& steps, StoreBatch& batch) {
  if (options_.read_only) {
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }
  CommitPlan plan(fold_, late_, events,
                  DayOf(absl::ToUnixMicros(options_.clock->Now())));
  // Positions are taken at once, so that those of a user rise with time.
  const Position first = next_.fetch_add(events.size());
  Position next = first;
  steps.reserve(groups.size());
  for (const UserGroup& group : groups) {
    const UserKey& user = group.user;
    TENUTO_ASSIGN_OR_RETURN(HotUser* const hot, Load(user));
    UserWrite& write = steps.emplace_back(Step{hot, {}}).write;
    TENUTO_RETURN_IF_ERROR(
        plan.Plan(group, hot->state, hot->seen, next, write));
    if (write.record.empty()) continue;
    batch.Put(Family::kLog, LogKey(user.partition(), write.first),
              write.record);
    layouts_->Stamp(write.state);
    batch.Put(Family::kState, user.view(), write.state);
    TENUTO_RETURN_IF_ERROR(layouts_->ToCurrent(write.state));
    batch.Merge(Family::kSeen, user.view(), write.new_marks);
  }
  // Gives back what duplicates did not need, unless another commit followed.
  Position taken = first + events.size();
  next_.compare_exchange_strong(taken, next);
  return std::move(plan.verdicts());
}

absl::StatusOr<HotUser*> RocksLedger::Load(const UserKey& user) {
  if (HotUser* const hot = hot_.Find(user)) return hot;
  HotUser loaded;
  std::string marks;
  TENUTO_RETURN_IF_ERROR(GetState(user, loaded.state));
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kSeen, user.view(), marks));
  loaded.seen.Add(marks);
  return &hot_.Add(user, std::move(loaded));
}

absl::Status RocksLedger::Write(absl::Span<const UserGroup> groups,
                                std::vector<Step>& steps, StoreBatch& batch) {
  TENUTO_CRASH_POINT("commit.before_write");
  const absl::Status written =
      batch.empty() ? absl::OkStatus() : store_->Write(batch);
  TENUTO_CRASH_POINT("commit.after_write");
  for (Step& step : steps) {
    if (!written.ok() || step.write.record.empty()) continue;
    step.hot->state = std::move(step.write.state);
    step.hot->seen.Add(step.write.new_marks);
  }
  for (const UserGroup& group : groups) {
    // After a failure only the store can say how things stand.
    if (!written.ok()) hot_.Forget(group.user);
  }
  for (const UserGroup& group : groups) hot_.Trim(group.user);
  return written;
}

History RocksLedger::AddHistory(absl::Span<const GatedEvent> events,
                                absl::Span<const Admission> verdicts,
                                StoreBatch& batch) {
  History added;
  for (std::size_t k = 0; k < events.size(); ++k) {
    if (verdicts[k] == Admission::kDuplicate) continue;
    added.start_us = std::min(added.start_us, events[k].known_time_us);
    added.end_us = std::max(added.end_us, events[k].known_time_us);
  }
  history_.Add(added, batch);
  return added;
}

absl::StatusOr<std::vector<Admission>> RocksLedger::Commit(
    absl::Span<const GatedEvent> events, const SourceMark* mark) {
  const std::vector<UserGroup> groups = GroupByUser(events);
  std::vector<Step> steps;
  StoreBatch batch(*store_);
  const UserHolds::Hold hold(holds_, groups);
  TENUTO_ASSIGN_OR_RETURN(std::vector<Admission> verdicts,
                          AddToBatch(events, groups, steps, batch));
  const History added = AddHistory(events, verdicts, batch);
  if (mark != nullptr) {
    batch.Put(Family::kMeta, absl::StrCat(kSourcePrefix, mark->source),
              mark->progress);
  }
  TENUTO_RETURN_IF_ERROR(Write(groups, steps, batch));
  history_.Note(added);
  return verdicts;
}

absl::Mutex& RocksLedger::StripeOf(const RequestKey& request) {
  const std::uint64_t hash = XXH3_64bits(request.id.data(), request.id.size());
  return request_stripes_[hash % kRequestStripes];
}

absl::StatusOr<std::optional<std::string>> RocksLedger::Recall(
    const RequestKey& request, absl::Time now) const {
  std::string bytes;
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kRequests, request.id, bytes));
  if (bytes.empty() || HasExpired(bytes, now)) return std::nullopt;
  v1::RequestRecord remembered;
  if (!remembered.ParseFromString(bytes)) {
    return absl::DataLossError("a remembered request does not parse");
  }
  if (remembered.body_hash() != request.body_hash) return OtherBodyError();
  return remembered.response();
}

absl::StatusOr<Ledger::Answer> RocksLedger::CommitOnce(
    const UserKey& user, const RequestKey& request, absl::Time now,
    absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
        decide) {
  const absl::MutexLock request_lock(&StripeOf(request));
  TENUTO_ASSIGN_OR_RETURN(std::optional<std::string> recalled,
                          Recall(request, now));
  if (recalled) return Answer{*std::move(recalled), true};
  v1::RequestRecord remembered;
  const std::vector<UserGroup> groups = {{user, {0}}};
  const UserHolds::Hold hold(holds_, groups);
  TENUTO_ASSIGN_OR_RETURN(const HotUser* hot, Load(user));
  TENUTO_ASSIGN_OR_RETURN(Outcome outcome, decide(hot->state));
  std::vector<Step> steps;
  StoreBatch batch(*store_);
  History added;
  if (outcome.event) {
    const auto events = absl::MakeConstSpan(&*outcome.event, 1);
    TENUTO_ASSIGN_OR_RETURN(const std::vector<Admission> verdicts,
                            AddToBatch(events, groups, steps, batch));
    added = AddHistory(events, verdicts, batch);
  }
  remembered.set_body_hash(request.body_hash);
  remembered.set_answered_time_us(absl::ToUnixMicros(now));
  remembered.set_response(outcome.response);
  remembered.set_user_key(std::string(user.view()));
  batch.Put(Family::kRequests, request.id, remembered.SerializeAsString());
  TENUTO_RETURN_IF_ERROR(Write(groups, steps, batch));
  history_.Note(added);
  return Answer{std::move(outcome.response), false};
}

absl::Status RocksLedger::LoadState(const UserKey& user,
                                    std::string& state) const {
  return GetState(user, state);
}

absl::Status RocksLedger::ScanStates(
    int partition,
    absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit) const {
  StoreCursor cursor(*store_, Family::kState);
  const std::string prefix = PartitionPrefix(partition);
  std::string state;
  for (cursor.Seek(prefix); cursor.IsIn(prefix); cursor.Next()) {
    const absl::string_view stored = cursor.value();
    state.assign(stored.data(), stored.size());
    TENUTO_RETURN_IF_ERROR(layouts_->ToCurrent(state));
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
  if (next_ == 1) return facts;
  facts.history_start = absl::FromUnixMicros(history_.start_us());
  facts.history_end = absl::FromUnixMicros(history_.end_us());
  facts.last_position = next_ - 1;
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
                                                absl::Time now) {
  const std::vector<UserGroup> groups = {{user, {0}}};
  Position last = 0;
  {
    // Whatever of the user has a position up to it is committed.
    const UserHolds::Hold hold(holds_, groups);
    last = next_ - 1;
  }
  // The bulk of the log is read while commits go on.
  LedgerErasure::Belongings found{.user = user, .records = {}, .requests = {}};
  TENUTO_RETURN_IF_ERROR(erasure_->FindEvents(0, last, found));
  const UserHolds::Hold hold(holds_, groups);
  TENUTO_RETURN_IF_ERROR(erasure_->FindEvents(last + 1, ~Position{0}, found));
  TENUTO_RETURN_IF_ERROR(erasure_->FindRest(found));
  StoreBatch batch(*store_);
  TENUTO_ASSIGN_OR_RETURN(
      const Erasure erasure,
      erasure_->Remove(found, absl::ToUnixMicros(now), next_ - 1, batch));
  batch.Put(Family::kRequests, request.id,
            ReceiptRecord(erasure, request, now));
  hot_.Forget(user);
  TENUTO_RETURN_IF_ERROR(store_->Write(batch));
  TENUTO_CRASH_POINT("erase.committed");
  return erasure;
}

absl::StatusOr<Erasure> RocksLedger::Erase(const UserKey& user,
                                           const RequestKey& request,
                                           absl::Time now) {
  if (options_.read_only) {
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }
  const absl::MutexLock lock(&upkeep_);
  Erasure erasure;
  {
    const absl::MutexLock request_lock(&StripeOf(request));
    TENUTO_ASSIGN_OR_RETURN(const std::optional<std::string> recalled,
                            Recall(request, now));
    if (recalled) {
      TENUTO_ASSIGN_OR_RETURN(erasure, ParseReceipt(*recalled));
    } else {
      TENUTO_ASSIGN_OR_RETURN(erasure, RemoveUser(user, request, now));
    }
  }
  // Again for a repeat: the first call may have failed in it.
  TENUTO_RETURN_IF_ERROR(FinishErasures());
  TENUTO_CRASH_POINT("erase.finished");
  return erasure;
}

absl::StatusOr<Position> RocksLedger::Checkpoint(
    const std::filesystem::path& directory) {
  if (options_.read_only) {
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }
  const absl::MutexLock lock(&upkeep_);
  TENUTO_RETURN_IF_ERROR(BeginCheckpoint(directory));
  TENUTO_CRASH_POINT("checkpoint.begun");
  absl::Status made = store_->Flush();
  Position last = 0;
  if (made.ok()) {
    // Nobody is between taking positions and writing: an exact prefix.
    const UserHolds::Hold everybody(holds_);
    last = next_ - 1;
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
