#include "features/state_layouts.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/state_codec.h"
#include "features/user_state.h"

namespace tenuto {
namespace {

constexpr std::uint32_t kNumberMax = 254;  // A first byte less one.

std::size_t Index(int n) { return static_cast<std::size_t>(n); }

// What decides how a signal's values come about.
std::string ValueBytes(v1::Signal signal) {
  signal.clear_name();
  signal.clear_consent();
  signal.clear_caused_by_us();
  return signal.SerializeAsString();
}

std::vector<Signal> PlaceSignals(const v1::StateLayouts::Layout& layout) {
  std::vector<Signal> placed;
  std::map<v1::Keep, int> next;
  for (const v1::Signal& signal : layout.signals()) {
    placed.push_back({signal, next[signal.keep()]++});
  }
  return placed;
}

const v1::StateLayouts::Layout* FindLayout(const v1::StateLayouts& record,
                                           std::uint32_t number) {
  for (const v1::StateLayouts::Layout& layout : record.layouts()) {
    if (layout.number() == number) return &layout;
  }
  return nullptr;
}

void SetSignals(const Catalogue& catalogue, v1::StateLayouts::Layout& layout) {
  layout.set_format(kStateFormat);
  layout.clear_signals();
  for (const Signal& signal : catalogue.signals()) {
    *layout.add_signals() = signal.declaration;
  }
}

bool SameValues(const v1::StateLayouts::Layout& layout,
                const Catalogue& catalogue) {
  const auto& old = layout.signals();
  return std::equal(old.begin(), old.end(), catalogue.signals().begin(),
                    catalogue.signals().end(),
                    [](const v1::Signal& a, const Signal& b) {
                      return ValueBytes(a) == ValueBytes(b.declaration);
                    });
}

// The smallest that no state can have.
absl::StatusOr<std::uint32_t> FreeNumber(const v1::StateLayouts& record) {
  std::set<std::uint32_t> taken;
  for (const auto& layout : record.layouts()) taken.insert(layout.number());
  if (record.unknown_states()) taken.insert(0);
  std::uint32_t number = 0;
  while (taken.count(number) > 0) ++number;
  if (number > kNumberMax) {
    return absl::FailedPreconditionError(
        "the states lie in too many layouts; run `tenuto backfill` with the "
        "catalogue of before, then change it");
  }
  return number;
}

absl::Status CheckRecord(const v1::StateLayouts& record) {
  for (const v1::StateLayouts::Layout& layout : record.layouts()) {
    if (layout.format() != kStateFormat) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the ledger has states of format ", layout.format(),
          "; this program reads ", static_cast<int>(kStateFormat)));
    }
    if (layout.number() > kNumberMax) {
      return absl::DataLossError("a state layout's number is no byte");
    }
    const StateLayout sizes(PlaceSignals(layout));
    if (std::max({sizes.daily, sizes.totals, sizes.last_times,
                  sizes.first_times, sizes.last_values, sizes.last_texts,
                  sizes.recents}) > kDailyMax ||
        sizes.distinct > kDistinctMax) {
      return absl::DataLossError("a state layout has too many signals");
    }
  }
  if (FindLayout(record, record.newest_number()) == nullptr) {
    return absl::DataLossError("the newest state layout is not written down");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::StateLayouts> AdoptSignals(v1::StateLayouts record,
                                              const Catalogue& catalogue) {
  const auto* newest = FindLayout(record, record.newest_number());
  if (newest != nullptr && SameValues(*newest, catalogue)) return record;
  std::map<std::uint32_t, std::string> whole;  // Signals with their past.
  if (newest != nullptr) {
    for (const v1::Signal& signal : newest->signals()) {
      whole[signal.id()] = ValueBytes(signal);
    }
  }
  for (const std::uint32_t id : record.pending_signal_ids()) whole.erase(id);
  const bool first = newest == nullptr && !record.unknown_states();
  TENUTO_ASSIGN_OR_RETURN(const std::uint32_t number, FreeNumber(record));
  record.clear_pending_signal_ids();
  for (const Signal& signal : catalogue.signals()) {
    const auto old = whole.find(signal.declaration.id());
    if (first ||
        (old != whole.end() && old->second == ValueBytes(signal.declaration))) {
      continue;
    }
    record.add_pending_signal_ids(signal.declaration.id());
  }
  v1::StateLayouts::Layout& layout = *record.add_layouts();
  layout.set_number(number);
  SetSignals(catalogue, layout);
  record.set_newest_number(number);
  record.set_partitions_done(0);
  return record;
}

// A layout before the newest: where its values go.
struct StateLayouts::Older {
  struct Way {
    v1::Keep keep;
    int from;
    int to;
  };
  Older(const std::vector<Signal>& signals, const Catalogue& catalogue)
      : layout(signals) {
    std::map<std::uint32_t, const Signal*> now;
    for (const Signal& signal : catalogue.signals()) {
      now[signal.declaration.id()] = &signal;
    }
    for (const Signal& signal : signals) {
      const auto found = now.find(signal.declaration.id());
      if (found == now.end() || ValueBytes(found->second->declaration) !=
                                    ValueBytes(signal.declaration)) {
        continue;
      }
      ways.push_back(
          {signal.declaration.keep(), signal.slot, found->second->slot});
    }
  }

  static void MoveValue(const Way& way, const UserState& from, UserState& to) {
    const auto at = Index(way.from), into = Index(way.to);
    switch (way.keep) {
      case v1::KEEP_TOTAL:
        to.totals[into] = from.totals[at];
        break;
      case v1::KEEP_LAST_TIME:
        to.last_times[into] = from.last_times[at];
        break;
      case v1::KEEP_FIRST_TIME:
        to.first_times[into] = from.first_times[at];
        break;
      case v1::KEEP_LAST_VALUE:
        to.last_values[into] = from.last_values[at];
        break;
      case v1::KEEP_LAST_TEXT:
        to.last_texts[into] = from.last_texts[at];
        break;
      case v1::KEEP_RECENT:
        to.recents[into] = from.recents[at];
        break;
      case v1::KEEP_DISTINCT:
        to.sketches[into] = from.sketches[at];
        break;
      default:
        break;  // Daily sums move day by day.
    }
  }

  void MoveAll(const UserState& from, UserState& to) const {
    to.applied_through = from.applied_through;
    to.newest_day = from.newest_day;
    for (const Way& way : ways) MoveValue(way, from, to);
    for (int k = 0; k < static_cast<int>(from.days().size()); ++k) {
      std::int64_t* day = nullptr;
      for (const Way& way : ways) {
        if (way.keep != v1::KEEP_DAILY_SUM) continue;
        const std::int64_t sum = from.tiles(k)[Index(way.from)];
        if (sum == 0) continue;
        if (day == nullptr) day = to.Day(from.days()[Index(k)]);
        if (day != nullptr) day[way.to] = sum;
      }
    }
  }

  StateLayout layout;
  std::vector<Way> ways;
};

StateLayouts::StateLayouts(const Catalogue& catalogue, v1::StateLayouts record)
    : catalogue_(&catalogue),
      record_(std::move(record)),
      pending_({record_.pending_signal_ids().begin(),
                record_.pending_signal_ids().end()}),
      stamp_(static_cast<char>(record_.newest_number() + 1)),
      plain_(static_cast<char>(kStateFormat)) {
  for (const v1::StateLayouts::Layout& layout : record_.layouts()) {
    older_[layout.number() + 1] =
        std::make_unique<const Older>(PlaceSignals(layout), catalogue);
  }
}

StateLayouts::StateLayouts(StateLayouts&&) noexcept = default;
StateLayouts& StateLayouts::operator=(StateLayouts&&) noexcept = default;
StateLayouts::~StateLayouts() = default;

absl::StatusOr<StateLayouts> StateLayouts::Load(const RocksStore& store,
                                                const Catalogue& catalogue,
                                                bool stale) {
  std::string bytes;
  TENUTO_RETURN_IF_ERROR(store.Get(Family::kMeta, kLayoutsKey, bytes));
  v1::StateLayouts record;
  if (bytes.empty()) {
    record.set_unknown_states(stale);
  } else {
    if (!record.ParseFromString(bytes)) {
      return absl::DataLossError("the ledger's state layouts do not parse");
    }
    TENUTO_RETURN_IF_ERROR(CheckRecord(record));
  }
  TENUTO_ASSIGN_OR_RETURN(record, AdoptSignals(std::move(record), catalogue));
  return StateLayouts(catalogue, std::move(record));
}

void StateLayouts::Save(StoreBatch& batch) const {
  batch.Put(Family::kMeta, kLayoutsKey, record_.SerializeAsString());
}

absl::Status StateLayouts::Move(std::string& state) const {
  const Older* const older =
      older_[static_cast<std::uint8_t>(state.front())].get();
  if (older == nullptr) {
    return absl::DataLossError(
        absl::StrCat("a user state has layout ",
                     static_cast<std::uint8_t>(state.front()) - 1,
                     ", which the ledger does not know; run `tenuto replay "
                     "--verify`"));
  }
  state.front() = plain_;
  UserState from(older->layout);
  TENUTO_RETURN_IF_ERROR(from.Decode(state));
  UserState to{StateLayout(*catalogue_)};
  older->MoveAll(from, to);
  to.Encode(state);
  return absl::OkStatus();
}

}  // namespace tenuto
