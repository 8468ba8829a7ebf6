#include "training/ledger_rows.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/user_state.h"
#include "training/progress.h"
#include "training/replayer.h"

namespace tenuto {
namespace {

// One partition's part of the result.
struct Part {
  std::vector<float> values;
  std::vector<float> labels;
  std::vector<std::uint64_t> groups;
  std::vector<std::int64_t> times_s;
  std::vector<UserOutcome> outcomes;
  std::vector<std::int32_t> outcome_of_row;
  std::int64_t events = 0;
  std::int64_t users = 0;
  absl::flat_hash_map<int, std::int64_t> events_of_day;
};

class RowBuilder {
 public:
  RowBuilder(const Ledger& ledger, const FeaturePlan& plan,
             const Labeler& labeler, const Departures& departures,
             const RowSchedule& schedule)
      : ledger_(ledger),
        plan_(plan),
        labeler_(labeler),
        departures_(departures),
        schedule_(schedule),
        fold_(plan.catalogue()),
        history_start_(ledger.Facts().history_start),
        plan_slot_(SlotOf(plan.catalogue(), kPlanSignal)),
        consent_slot_(SlotOf(plan.catalogue(), "consent_behaviour")) {}

  absl::Status BuildPartition(int partition, Part& part) const {
    return VisitUsers(
        ledger_, partition,
        [&](const UserKey&, absl::Span<const LoggedEvent> events) {
          ++part.users;
          part.events += static_cast<std::int64_t>(events.size());
          for (const LoggedEvent& event : events) {
            ++part.events_of_day[DayOf(event.known_time_us)];
          }
          return AddUser(events, part);
        });
  }

 private:
  // Of a last value.
  static std::size_t SlotOf(const Catalogue& catalogue,
                            absl::string_view name) {
    const Signal* const signal = catalogue.FindSignal(name);
    TENUTO_CHECK(
        signal != nullptr && signal->declaration.keep() == v1::KEEP_LAST_VALUE,
        absl::StrCat("the catalogue keeps no last value ", name));
    return static_cast<std::size_t>(signal->slot);
  }
  static std::int64_t ValueOf(const UserState& state, std::size_t slot) {
    const Latest& latest = state.last_values[slot];
    return latest.time_us == kNever ? 0 : latest.value;
  }

  absl::Status AddUser(absl::Span<const LoggedEvent> events, Part& part) const {
    UserReplay replay(fold_, events);
    UserOutcome outcome = {labeler_.Read(events), departures_.Read(events)};
    std::uint64_t group = 0;
    const std::size_t before = part.labels.size();
    for (const absl::Time snapshot : schedule_.snapshots) {
      TENUTO_RETURN_IF_ERROR(replay.Advance(snapshot));
      const UserState& state = replay.state();
      if (state.newest_day == kNoDay) continue;
      const auto plan = static_cast<v1::Plan>(ValueOf(state, plan_slot_));
      if (!IsEligible(/*known=*/true, plan, schedule_.eligible)) continue;
      const std::size_t width = static_cast<std::size_t>(plan_.width());
      part.values.resize(part.values.size() + width);
      plan_.Assemble(state, {snapshot, history_start_},
                     absl::MakeSpan(part.values).last(width));
      if (part.labels.size() == before) group = GroupOf(events, snapshot);
      part.labels.push_back(Labeler::IsPositive(outcome.timeline, snapshot,
                                                schedule_.horizon,
                                                absl::InfiniteFuture())
                                ? 1.0f
                                : 0.0f);
      part.groups.push_back(group);
      part.times_s.push_back(absl::ToUnixSeconds(snapshot));
      part.outcome_of_row.push_back(
          static_cast<std::int32_t>(part.outcomes.size()));
    }
    if (part.labels.size() == before) return absl::OkStatus();
    part.outcomes.push_back(std::move(outcome));
    return DropIfWithdrawn(replay, before, part);
  }

  // Learning from someone who has said no by now would not be right.
  absl::Status DropIfWithdrawn(UserReplay& replay, std::size_t rows,
                               Part& part) const {
    TENUTO_RETURN_IF_ERROR(replay.Advance(absl::InfiniteFuture()));
    if (ValueOf(replay.state(), consent_slot_) != v1::CONSENT_WITHHELD) {
      return absl::OkStatus();
    }
    part.values.resize(rows * static_cast<std::size_t>(plan_.width()));
    part.labels.resize(rows);
    part.groups.resize(rows);
    part.times_s.resize(rows);
    part.outcome_of_row.resize(rows);
    part.outcomes.pop_back();
    return absl::OkStatus();
  }

  const Ledger& ledger_;
  const FeaturePlan& plan_;
  const Labeler& labeler_;
  const Departures& departures_;
  const RowSchedule& schedule_;
  const SignalFold fold_;
  const absl::Time history_start_;
  const std::size_t plan_slot_;
  const std::size_t consent_slot_;
};

// One row in its part, with what decides its place at hand.
struct Place {
  std::int64_t time_s;
  std::uint64_t group;
  const Part* part;
  std::uint32_t row;
  std::int32_t outcome;  // Of all parts together.

  float label() const { return part->labels[row]; }
  absl::Span<const float> values() const {
    const std::size_t width = part->values.size() / part->labels.size();
    return absl::MakeConstSpan(part->values).subspan(row * width, width);
  }
};

// Users of whom the very same was known have one group; their rows' content
// decides then, so that the order never comes from user keys.
bool IsBefore(const Place& a, const Place& b) {
  if (a.time_s != b.time_s) return a.time_s < b.time_s;
  if (a.group != b.group) return a.group < b.group;
  const auto x = a.values(), y = b.values();
  const int order = std::memcmp(x.data(), y.data(), x.size() * sizeof(float));
  return order != 0 ? order < 0 : a.label() < b.label();
}

// Joins the parts, in the order that LedgerRows promises.
void Join(const std::array<Part, kPartitions>& parts, LedgerRows& rows) {
  std::vector<Place> places;
  for (const Part& part : parts) {
    const auto first = static_cast<std::int32_t>(rows.outcomes.size());
    for (std::size_t r = 0; r < part.labels.size(); ++r) {
      places.push_back({part.times_s[r], part.groups[r], &part,
                        static_cast<std::uint32_t>(r),
                        first + part.outcome_of_row[r]});
    }
    rows.outcomes.insert(rows.outcomes.end(), part.outcomes.begin(),
                         part.outcomes.end());
    rows.events += part.events;
    rows.users += part.users;
    for (const auto& [day, count] : part.events_of_day) {
      rows.events_of_day[day] += count;
    }
  }
  std::stable_sort(places.begin(), places.end(), IsBefore);
  rows.matrix.values.reserve(places.size() * rows.matrix.columns.size());
  rows.matrix.labels.reserve(places.size());
  rows.matrix.groups.reserve(places.size());
  rows.matrix.times_s.reserve(places.size());
  rows.outcome_of_row.reserve(places.size());
  for (const Place& place : places) {
    const auto values = place.values();
    rows.matrix.values.insert(rows.matrix.values.end(), values.begin(),
                              values.end());
    rows.matrix.labels.push_back(place.label());
    rows.matrix.groups.push_back(place.group);
    rows.matrix.times_s.push_back(place.time_s);
    rows.outcome_of_row.push_back(place.outcome);
  }
}

bool HadLeft(const LedgerRows& rows, int row, absl::Time known_by) {
  const auto r = static_cast<std::size_t>(row);
  const auto outcome = static_cast<std::size_t>(rows.outcome_of_row[r]);
  return Departures::HadLeft(rows.outcomes[outcome].departures,
                             absl::FromUnixSeconds(rows.matrix.times_s[r]),
                             known_by);
}

}  // namespace

TrainingMatrix LedgerRows::Select(absl::Span<const absl::Time> times,
                                  absl::Duration horizon,
                                  absl::Time known_by) const {
  std::vector<int> chosen;
  for (int r = 0; r < matrix.rows(); ++r) {
    const absl::Time at =
        absl::FromUnixSeconds(matrix.times_s[static_cast<std::size_t>(r)]);
    if (std::binary_search(times.begin(), times.end(), at) &&
        !HadLeft(*this, r, known_by)) {
      chosen.push_back(r);
    }
  }
  TrainingMatrix part = matrix.Select(chosen);
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    const auto outcome = static_cast<std::size_t>(
        outcome_of_row[static_cast<std::size_t>(chosen[k])]);
    part.labels[k] = Labeler::IsPositive(outcomes[outcome].timeline,
                                         absl::FromUnixSeconds(part.times_s[k]),
                                         horizon, known_by)
                         ? 1.0f
                         : 0.0f;
  }
  return part;
}

std::int64_t LedgerRows::CountLeftBefore() const {
  std::int64_t count = 0;
  for (int r = 0; r < matrix.rows(); ++r) {
    count += HadLeft(*this, r, absl::InfiniteFuture());
  }
  return count;
}

absl::StatusOr<LedgerRows> BuildRows(const Ledger& ledger,
                                     const FeaturePlan& plan,
                                     const Labeler& labeler,
                                     const RowSchedule& schedule, int threads,
                                     const Clock& clock) {
  LedgerRows rows;
  for (int k = 0; k < plan.width(); ++k) {
    const auto at = static_cast<std::size_t>(plan.feature_index(k));
    rows.matrix.columns.push_back(plan.catalogue().features()[at].name);
  }
  const absl::Time start = clock.Now();
  TENUTO_ASSIGN_OR_RETURN(const Departures departures,
                          Departures::Create(schedule.eligible));
  const RowBuilder builder(ledger, plan, labeler, departures, schedule);
  std::array<Part, kPartitions> parts;
  TENUTO_RETURN_IF_ERROR(ForEachPartition(threads, [&](int partition) {
    return builder.BuildPartition(partition,
                                  parts[static_cast<std::size_t>(partition)]);
  }));
  Join(parts, rows);
  rows.seconds = absl::ToDoubleSeconds(clock.Now() - start);
  return rows;
}

}  // namespace tenuto
