#include "features/state_backfill.h"

#include <cstring>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/ledger_log.h"
#include "features/log_record.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {
namespace {

constexpr std::size_t kUsersPerHold = 256;  // Commits wait for so many.
constexpr std::int64_t kEventsPerAsking = 65'536;

// A user's events, end to end: position, size, bytes.
class EventPile {
 public:
  void Add(const LoggedEvent& event) {
    if (first_ == 0) first_ = event.position;
    AddNumber(event.position);
    AddNumber(event.event.size());
    bytes_.append(event.event.data(), event.event.size());
  }
  // Where the record lies that the first event was read from.
  Position first() const { return first_; }
  std::size_t size_bytes() const { return bytes_.size(); }

  absl::Status Fold(const SignalFold& fold, UserState& state) const {
    EventView view;
    absl::string_view rest = bytes_;
    while (!rest.empty()) {
      const Position position = TakeNumber(rest);
      const std::uint64_t size = TakeNumber(rest);
      if (!view.Parse(rest.substr(0, size))) {
        return absl::DataLossError(absl::StrCat(
            "the event at position ", position, " of the log does not parse"));
      }
      fold.Apply(view, position, state);
      rest.remove_prefix(size);
    }
    return absl::OkStatus();
  }

 private:
  void AddNumber(std::uint64_t n) {
    bytes_.append(reinterpret_cast<const char*>(&n), sizeof n);
  }
  static std::uint64_t TakeNumber(absl::string_view& rest) {
    std::uint64_t n = 0;
    std::memcpy(&n, rest.data(), sizeof n);
    rest.remove_prefix(sizeof n);
    return n;
  }

  Position first_ = 0;
  std::string bytes_;
};

struct FoldedPile {
  std::size_t of_bytes = 0;
  std::string state;  // As it is stored.
};

class Backfill {
 public:
  Backfill(RocksStore& store, const SignalFold& fold,
           const StateLayouts& layouts, UserHolds& holds,
           absl::FunctionRef<void(const UserKey&)> forget,
           absl::FunctionRef<bool(const BackfillProgress&)> go_on)
      : store_(store),
        fold_(fold),
        layouts_(layouts),
        holds_(holds),
        forget_(forget),
        go_on_(go_on),
        state_(fold.layout()) {}

  absl::Status Run() {
    std::string bytes;
    TENUTO_RETURN_IF_ERROR(store_.Get(Family::kMeta, kLayoutsKey, bytes));
    if (!record_.ParseFromString(bytes)) {
      return absl::DataLossError("the ledger's state layouts do not parse");
    }
    if (record_.layouts_size() <= 1 && record_.pending_signal_ids().empty() &&
        !record_.unknown_states()) {
      return absl::OkStatus();
    }
    progress_.partitions_before = static_cast<int>(record_.partitions_done());
    for (auto partition = record_.partitions_done(); partition < kPartitions;
         ++partition) {
      progress_.partitions_done = static_cast<int>(partition);
      TENUTO_RETURN_IF_ERROR(RunPartition(static_cast<int>(partition)));
    }
    progress_.partitions_done = kPartitions;
    go_on_(progress_);
    return absl::OkStatus();
  }

 private:
  absl::Status AskOn() {
    if (go_on_(progress_)) return absl::OkStatus();
    return absl::CancelledError(
        "the backfill was stopped; the next one goes on where it was");
  }

  absl::Status RunPartition(int partition) {
    piles_.clear();
    through_ = 0;
    opening_ = store_.opening();
    TENUTO_RETURN_IF_ERROR(Gather(partition));
    std::vector<UserKey> users;
    users.reserve(piles_.size());
    for (const auto& [user, pile] : piles_) users.push_back(user);
    // The last one is noted even when nobody is in it.
    if (users.empty() && partition + 1 < kPartitions) return absl::OkStatus();
    std::size_t done = 0;
    do {
      TENUTO_RETURN_IF_ERROR(AskOn());
      const auto chunk =
          absl::MakeConstSpan(users).subspan(done, kUsersPerHold);
      done += chunk.size();
      TENUTO_RETURN_IF_ERROR(FoldAhead(chunk));
      TENUTO_RETURN_IF_ERROR(
          WriteChunk(partition, chunk, done == users.size()));
    } while (done < users.size());
    return absl::OkStatus();
  }

  // Piles up the events behind `through_`. Of users met before only, when
  // `known`: who came later has a state of the newest layout from the start.
  absl::Status Gather(int partition, bool known = false) {
    absl::Status status;
    std::int64_t visited = 0;
    TENUTO_RETURN_IF_ERROR(
        ScanLog(store_, partition, through_ + 1, [&](const LoggedEvent& event) {
          through_ = event.position;
          const auto pile = known ? piles_.find(event.user)
                                  : piles_.try_emplace(event.user).first;
          if (pile != piles_.end()) {
            pile->second.Add(event);
            ++progress_.events;
          }
          if (!known && ++visited % kEventsPerAsking == 0) status = AskOn();
          return status.ok();
        }));
    return status;
  }

  // The states of `users`, before any commit has to wait for them: this thread
  // may be of the lowest priority.
  absl::Status FoldAhead(absl::Span<const UserKey> users) {
    folded_.clear();
    for (const UserKey& user : users) {
      TENUTO_RETURN_IF_ERROR(Fold(piles_.at(user), folded_.emplace_back()));
    }
    return absl::OkStatus();
  }

  absl::Status Fold(const EventPile& pile, FoldedPile& folded) {
    state_.Clear();
    TENUTO_RETURN_IF_ERROR(pile.Fold(fold_, state_));
    state_.Encode(folded.state);
    layouts_.Stamp(folded.state);
    folded.of_bytes = pile.size_bytes();
    return absl::OkStatus();
  }

  absl::Status WriteChunk(int partition, absl::Span<const UserKey> users,
                          bool last) {
    StoreBatch batch(store_);
    if (batch.opening() != opening_) {
      // What failed may be in the log now, behind what was visited.
      return absl::UnavailableError(
          "the ledger was opened anew meanwhile; try again");
    }
    std::vector<UserGroup> groups;
    // Whoever holds one user of a partition holds them all.
    if (!users.empty()) groups.push_back({users.front(), {}});
    const UserHolds::Hold hold(holds_, groups);
    TENUTO_RETURN_IF_ERROR(Gather(partition, true));
    for (std::size_t k = 0; k < users.size(); ++k) {
      TENUTO_RETURN_IF_ERROR(WriteUser(users[k], folded_[k], batch));
      piles_.erase(users[k]);
    }
    if (last) NotePartition(partition, batch);
    if (!batch.empty()) TENUTO_RETURN_IF_ERROR(store_.Write(batch));
    return absl::OkStatus();
  }

  absl::Status WriteUser(const UserKey& user, FoldedPile& folded,
                         StoreBatch& batch) {
    const EventPile& pile = piles_.at(user);
    std::string bytes;
    TENUTO_RETURN_IF_ERROR(store_.Get(
        Family::kLog, LogKey(user.partition(), pile.first()), bytes));
    bool erased = true;  // Since it was read; a state of after lacks nothing.
    const RecordVisit visit =
        VisitLogRecord(bytes, pile.first(),
                       [&](const LoggedEvent&) { return erased = false; });
    if (visit == RecordVisit::kDamaged) {
      return absl::DataLossError(
          absl::StrCat("log partition ", user.partition(), ", position ",
                       pile.first(), ": the record does not decode any more"));
    }
    if (erased) return absl::OkStatus();
    if (folded.of_bytes != pile.size_bytes()) {  // Events came in meanwhile.
      TENUTO_RETURN_IF_ERROR(Fold(pile, folded));
    }
    batch.Put(Family::kState, user.view(), folded.state);
    forget_(user);
    ++progress_.users;
    return absl::OkStatus();
  }

  void NotePartition(int partition, StoreBatch& batch) {
    record_.set_partitions_done(static_cast<std::uint32_t>(partition) + 1);
    if (partition + 1 == kPartitions) {
      v1::StateLayouts whole;
      for (const v1::StateLayouts::Layout& layout : record_.layouts()) {
        if (layout.number() == record_.newest_number()) {
          *whole.add_layouts() = layout;
        }
      }
      whole.set_newest_number(record_.newest_number());
      record_ = whole;
    }
    batch.Put(Family::kMeta, kLayoutsKey, record_.SerializeAsString());
  }

  RocksStore& store_;
  const SignalFold& fold_;
  const StateLayouts& layouts_;
  UserHolds& holds_;
  const absl::FunctionRef<void(const UserKey&)> forget_;
  const absl::FunctionRef<bool(const BackfillProgress&)> go_on_;
  v1::StateLayouts record_;
  BackfillProgress progress_;
  absl::flat_hash_map<UserKey, EventPile> piles_;
  Position through_ = 0;  // Last position of the partition that was visited.
  std::uint64_t opening_ = 0;  // Of the store, when the partition was begun.
  std::vector<FoldedPile> folded_;  // Of the users that are written next.
  UserState state_;
};

}  // namespace

absl::Status BackfillStates(
    RocksStore& store, const SignalFold& fold, const StateLayouts& layouts,
    UserHolds& holds, absl::FunctionRef<void(const UserKey&)> forget,
    absl::FunctionRef<bool(const BackfillProgress&)> go_on) {
  return Backfill(store, fold, layouts, holds, forget, go_on).Run();
}

}  // namespace tenuto
