#include "features/rocks_ledger.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/commit_plan.h"
#include "features/log_record.h"
#include "features/rocks_store.h"
#include "tenuto/v1/records.pb.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr char kFormat[] = "1";
constexpr char kFormatKey[] = "format";
constexpr char kKeyCheckKey[] = "user_key_check";
constexpr char kSignalsKey[] = "signals";
constexpr char kRebuilding[] = "rebuilding";  // Instead of a fingerprint.
constexpr char kHistoryEndKey[] = "history_end_us";
constexpr char kSourcePrefix[] = "source/";
constexpr int kStripes = 64;
// A commit of more users than this takes the whole ledger for itself.
constexpr std::size_t kSharedUsersMax = 8;

absl::Status DamagedRecord(int partition, Position first) {
  return absl::DataLossError(absl::StrCat("log partition ", partition,
                                          ", position ", first,
                                          ": the record does not decode"));
}

std::string PrefixOf(int partition) {
  return std::string(1, static_cast<char>(partition));
}

std::string LogKey(int partition, Position position) {
  std::string key(9, '\0');
  key[0] = static_cast<char>(partition);
  for (int k = 0; k < 8; ++k) {
    key[static_cast<std::size_t>(8 - k)] =
        static_cast<char>(position >> (8 * k) & 255);
  }
  return key;
}

Position PositionOf(absl::string_view key) {
  Position position = 0;
  for (std::size_t k = 1; k < key.size(); ++k) {
    position = position << 8 | static_cast<unsigned char>(key[k]);
  }
  return position;
}

class RocksLedger final : public Ledger {
 public:
  RocksLedger(const RocksLedgerOptions& options, const Catalogue& catalogue)
      : options_(options),
        catalogue_(catalogue),
        fold_(catalogue),
        plan_(fold_) {}

  absl::Status Open(const UserKeys& keys) {
    TENUTO_ASSIGN_OR_RETURN(
        store_, RocksStore::Open({options_.directory, options_.read_only,
                                  options_.threads}));
    TENUTO_RETURN_IF_ERROR(CheckMeta(keys));
    return LoadFacts();
  }

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

 private:
  // Holds what a commit of these users must hold.
  class Hold {
   public:
    Hold(RocksLedger& ledger, absl::Span<const UserGroup> groups);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    RocksLedger& ledger_;
    const bool whole_;
    std::set<int> stripes_;
  };

  absl::Status CheckMeta(const UserKeys& keys);
  absl::Status LoadFacts();
  absl::Status RebuildStates();
  // Fills `batch`; the caller holds the users.
  absl::Status AddToBatch(absl::Span<const GatedEvent> events,
                          absl::Span<const UserGroup> groups,
                          std::vector<Admission>& verdicts, StoreBatch& batch);
  // Known times of a commit's new events; absurd ends when there are none.
  struct History {
    std::int64_t start_us = std::numeric_limits<std::int64_t>::max();
    std::int64_t end_us = std::numeric_limits<std::int64_t>::min();
  };
  History AddHistory(absl::Span<const GatedEvent> events,
                     absl::Span<const Admission> verdicts, StoreBatch& batch);
  void NoteHistory(const History& added);
  const RocksLedgerOptions options_;
  const Catalogue& catalogue_;
  const SignalFold fold_;
  const CommitPlan plan_;
  std::unique_ptr<RocksStore> store_;  // Set by Open, never after.

  // Small commits share `whole_` and hold their users' stripes; large ones take
  // `whole_` alone. Requests are held by `request_stripes_`, always first.
  absl::Mutex whole_;
  std::array<absl::Mutex, kStripes> stripes_;
  std::array<absl::Mutex, kStripes> request_stripes_;
  std::atomic<Position> next_{1};
  std::atomic<std::int64_t> history_start_us_{
      std::numeric_limits<std::int64_t>::max()};
  std::atomic<std::int64_t> history_end_us_{
      std::numeric_limits<std::int64_t>::min()};
};

RocksLedger::Hold::Hold(RocksLedger& ledger, absl::Span<const UserGroup> groups)
    ABSL_NO_THREAD_SAFETY_ANALYSIS : ledger_(ledger),
                                     whole_(groups.size() > kSharedUsersMax) {
  if (whole_) {
    ledger_.whole_.Lock();
    return;
  }
  ledger_.whole_.ReaderLock();
  for (const UserGroup& group : groups) {
    stripes_.insert(group.user.partition() % kStripes);
  }
  for (const int k : stripes_) {
    ledger_.stripes_[static_cast<std::size_t>(k)].Lock();
  }
}

RocksLedger::Hold::~Hold() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (const int k : stripes_) {
    ledger_.stripes_[static_cast<std::size_t>(k)].Unlock();
  }
  if (whole_) {
    ledger_.whole_.Unlock();
  } else {
    ledger_.whole_.ReaderUnlock();
  }
}

absl::Status RocksLedger::CheckMeta(const UserKeys& keys) {
  std::string format, check, signals;
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kMeta, kFormatKey, format));
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kMeta, kKeyCheckKey, check));
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kMeta, kSignalsKey, signals));
  if (!format.empty() && format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", options_.directory.string(), " has format ",
                     format, "; this program reads ", kFormat));
  }
  if (!check.empty() && check != keys.CheckValue()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ledger ", options_.directory.string(),
                     " was made with another user key; restore its user.key"));
  }
  const bool same = signals == catalogue_.signal_fingerprint();
  if (options_.read_only) {
    if (same || signals.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("the states of the ledger ", options_.directory.string(),
                     " were folded with another catalogue; open it once with a "
                     "server or an import, which rebuilds them"));
  }
  if (!signals.empty() && !same) TENUTO_RETURN_IF_ERROR(RebuildStates());
  StoreBatch batch(*store_);
  batch.Put(Family::kMeta, kFormatKey, kFormat);
  batch.Put(Family::kMeta, kKeyCheckKey, keys.CheckValue());
  batch.Put(Family::kMeta, kSignalsKey, catalogue_.signal_fingerprint());
  return store_->Write(batch);
}

absl::Status RocksLedger::LoadFacts() {
  Position last = 0;
  StoreCursor cursor(*store_, Family::kLog);
  for (int partition = 0; partition < kPartitions; ++partition) {
    cursor.SeekBack(LogKey(partition, ~Position{0}));
    if (!cursor.IsIn(PrefixOf(partition))) continue;
    const Position first = PositionOf(cursor.key());
    const RecordVisit end =
        VisitLogRecord(cursor.value(), first, [&](const LoggedEvent& event) {
          last = std::max(last, event.position);
          return true;
        });
    // Positions after it would be given twice.
    if (end != RecordVisit::kWhole) return DamagedRecord(partition, first);
  }
  TENUTO_RETURN_IF_ERROR(cursor.status("reading the log's end"));
  next_ = last + 1;
  std::string text;
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kMeta, kHistoryStartKey, text));
  std::int64_t time_us = 0;
  if (absl::SimpleAtoi(text, &time_us)) history_start_us_ = time_us;
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kMeta, kHistoryEndKey, text));
  if (absl::SimpleAtoi(text, &time_us)) history_end_us_ = time_us;
  return absl::OkStatus();
}

// The log is the truth: folds it again, partition by partition.
absl::Status RocksLedger::RebuildStates() {
  LogInfo("the catalogue's signals changed: folding the log again");
  // Whoever opens the ledger after a crash in here starts over.
  StoreBatch begin(*store_);
  begin.Put(Family::kMeta, kSignalsKey, kRebuilding);
  TENUTO_RETURN_IF_ERROR(store_->Write(begin));
  for (int partition = 0; partition < kPartitions; ++partition) {
    absl::flat_hash_map<UserKey, UserState> states;
    EventView view;
    bool whole = true;
    TENUTO_RETURN_IF_ERROR(Scan(partition, 0, [&](const LoggedEvent& event) {
      whole = view.Parse(event.event);
      auto [at, added] = states.try_emplace(event.user, fold_.layout());
      if (whole) fold_.Apply(view, event.position, at->second);
      return whole;
    }));
    if (!whole) return absl::DataLossError("a logged event does not parse");
    StoreBatch batch(*store_);
    std::string bytes;
    for (const auto& [user, state] : states) {
      state.Encode(bytes);
      batch.Put(Family::kState, user.view(), bytes);
    }
    if (batch.empty()) continue;
    TENUTO_RETURN_IF_ERROR(store_->Write(batch));
  }
  return absl::OkStatus();
}

absl::Status RocksLedger::AddToBatch(absl::Span<const GatedEvent> events,
                                     absl::Span<const UserGroup> groups,
                                     std::vector<Admission>& verdicts,
                                     StoreBatch& batch) {
  if (options_.read_only) {
    return absl::FailedPreconditionError("the ledger is open for reading only");
  }
  const int day = DayOf(absl::ToUnixMicros(options_.clock->Now()));
  // Positions are taken at once, so that those of a user rise with time.
  const Position first = next_.fetch_add(events.size());
  Position next = first;
  std::string state, marks;
  UserWrite write;
  for (const UserGroup& group : groups) {
    TENUTO_RETURN_IF_ERROR(
        store_->Get(Family::kState, group.user.view(), state));
    TENUTO_RETURN_IF_ERROR(
        store_->Get(Family::kSeen, group.user.view(), marks));
    TENUTO_RETURN_IF_ERROR(
        plan_.Plan(events, group, state, marks, day, next, verdicts, write));
    if (write.record.empty()) continue;
    const absl::string_view key = group.user.view();
    batch.Put(Family::kLog, LogKey(group.user.partition(), write.first),
              write.record);
    batch.Put(Family::kState, key, write.state);
    batch.Merge(Family::kSeen, key, write.new_marks);
  }
  // Gives back what duplicates did not need, unless another commit followed.
  Position taken = first + events.size();
  next_.compare_exchange_strong(taken, next);
  return absl::OkStatus();
}

RocksLedger::History RocksLedger::AddHistory(
    absl::Span<const GatedEvent> events, absl::Span<const Admission> verdicts,
    StoreBatch& batch) {
  History added;
  for (std::size_t k = 0; k < events.size(); ++k) {
    if (verdicts[k] == Admission::kDuplicate) continue;
    added.start_us = std::min(added.start_us, events[k].known_time_us);
    added.end_us = std::max(added.end_us, events[k].known_time_us);
  }
  if (added.start_us < history_start_us_) {
    batch.Merge(Family::kMeta, kHistoryStartKey, absl::StrCat(added.start_us));
  }
  if (added.end_us > history_end_us_) {
    batch.Merge(Family::kMeta, kHistoryEndKey, absl::StrCat(added.end_us));
  }
  return added;
}

void RocksLedger::NoteHistory(const History& added) {
  std::int64_t start_us = history_start_us_;
  while (added.start_us < start_us &&
         !history_start_us_.compare_exchange_weak(start_us, added.start_us)) {
  }
  std::int64_t end_us = history_end_us_;
  while (added.end_us > end_us &&
         !history_end_us_.compare_exchange_weak(end_us, added.end_us)) {
  }
}

absl::StatusOr<std::vector<Admission>> RocksLedger::Commit(
    absl::Span<const GatedEvent> events, const SourceMark* mark) {
  std::vector<Admission> verdicts(events.size(), Admission::kAccepted);
  const std::vector<UserGroup> groups = GroupByUser(events);
  StoreBatch batch(*store_);
  const Hold hold(*this, groups);
  TENUTO_RETURN_IF_ERROR(AddToBatch(events, groups, verdicts, batch));
  const History added = AddHistory(events, verdicts, batch);
  if (mark != nullptr) {
    batch.Put(Family::kMeta, absl::StrCat(kSourcePrefix, mark->source),
              mark->progress);
  }
  if (!batch.empty()) TENUTO_RETURN_IF_ERROR(store_->Write(batch));
  NoteHistory(added);
  return verdicts;
}

absl::StatusOr<Ledger::Answer> RocksLedger::CommitOnce(
    const UserKey& user, const RequestKey& request, absl::Time now,
    absl::FunctionRef<absl::StatusOr<Outcome>(absl::string_view state)>
        decide) {
  const std::uint64_t hash = XXH3_64bits(request.id.data(), request.id.size());
  absl::MutexLock request_lock(&request_stripes_[hash % kStripes]);
  v1::RequestRecord remembered;
  std::string bytes;
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kRequests, request.id, bytes));
  if (!bytes.empty()) {
    if (!remembered.ParseFromString(bytes)) {
      return absl::DataLossError("a remembered request does not parse");
    }
    const absl::Time answered =
        absl::FromUnixMicros(remembered.answered_time_us());
    if (answered + kRequestMemory > now) {
      if (remembered.body_hash() != request.body_hash) return OtherBodyError();
      return Answer{remembered.response(), true};
    }
  }
  const std::vector<UserGroup> groups = {{user, {0}}};
  const Hold hold(*this, groups);
  TENUTO_RETURN_IF_ERROR(store_->Get(Family::kState, user.view(), bytes));
  TENUTO_ASSIGN_OR_RETURN(Outcome outcome, decide(bytes));
  StoreBatch batch(*store_);
  History added;
  if (outcome.event) {
    const auto events = absl::MakeConstSpan(&*outcome.event, 1);
    std::vector<Admission> verdicts(1, Admission::kAccepted);
    TENUTO_RETURN_IF_ERROR(AddToBatch(events, groups, verdicts, batch));
    added = AddHistory(events, verdicts, batch);
  }
  remembered.set_body_hash(request.body_hash);
  remembered.set_answered_time_us(absl::ToUnixMicros(now));
  remembered.set_response(outcome.response);
  batch.Put(Family::kRequests, request.id, remembered.SerializeAsString());
  TENUTO_RETURN_IF_ERROR(store_->Write(batch));
  NoteHistory(added);
  return Answer{std::move(outcome.response), false};
}

absl::Status RocksLedger::LoadState(const UserKey& user,
                                    std::string& state) const {
  return store_->Get(Family::kState, user.view(), state);
}

absl::Status RocksLedger::ScanStates(
    int partition,
    absl::FunctionRef<bool(const UserKey&, absl::string_view)> visit) const {
  StoreCursor cursor(*store_, Family::kState);
  const std::string prefix = PrefixOf(partition);
  for (cursor.Seek(prefix); cursor.IsIn(prefix); cursor.Next()) {
    if (!visit(UserKey::FromBytes(cursor.key()), cursor.value())) {
      break;
    }
  }
  return cursor.status("scanning states");
}

absl::Status RocksLedger::Scan(
    int partition, Position from,
    absl::FunctionRef<bool(const LoggedEvent&)> visit) const {
  StoreCursor cursor(*store_, Family::kLog);
  const std::string prefix = PrefixOf(partition);
  // The record that holds `from` may begin before it.
  cursor.SeekBack(LogKey(partition, from));
  if (!cursor.IsIn(prefix)) cursor.Seek(prefix);
  for (; cursor.IsIn(prefix); cursor.Next()) {
    const Position first = PositionOf(cursor.key());
    const RecordVisit end =
        VisitLogRecord(cursor.value(), first, [&](const LoggedEvent& event) {
          return event.position < from || visit(event);
        });
    if (end == RecordVisit::kStopped) break;
    if (end == RecordVisit::kDamaged) {
      return DamagedRecord(partition, first);
    }
  }
  return cursor.status(absl::StrCat("scanning partition ", partition));
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
  if (next_ == 1) return facts;
  facts.history_start = absl::FromUnixMicros(history_start_us_);
  facts.history_end = absl::FromUnixMicros(history_end_us_);
  facts.last_position = next_ - 1;
  return facts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> OpenRocksLedger(
    const RocksLedgerOptions& options, const Catalogue& catalogue,
    const UserKeys& keys) {
  TENUTO_CHECK(options.clock != nullptr, "a ledger needs a clock");
  auto ledger = std::make_unique<RocksLedger>(options, catalogue);
  TENUTO_RETURN_IF_ERROR(ledger->Open(keys));
  return ledger;
}

}  // namespace tenuto
