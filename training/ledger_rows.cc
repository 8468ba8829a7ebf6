#include "training/ledger_rows.h"

#include <array>
#include <cstring>

#include "features/base/clock.h"
#include "features/base/status_macros.h"
#include "features/state_reader.h"
#include "training/progress.h"
#include "training/replayer.h"

namespace tenuto {
namespace {

std::uint64_t GroupOf(const UserKey& user) {
  std::uint64_t group;
  std::memcpy(&group, user.bytes.data(), sizeof group);
  return group;
}

// One partition's part of the result.
struct Part {
  std::vector<float> values;
  std::vector<float> labels;
  std::vector<std::uint64_t> groups;
  std::vector<std::int64_t> times_s;
  std::int64_t events = 0;
  std::int64_t users = 0;
};

class RowBuilder {
 public:
  RowBuilder(const Ledger& ledger, const FeaturePlan& plan,
             const Labeler& labeler, const RowSchedule& schedule)
      : ledger_(ledger),
        plan_(plan),
        labeler_(labeler),
        schedule_(schedule),
        fold_(plan.catalogue()),
        history_start_(ledger.Facts().history_start) {}

  absl::Status BuildPartition(int partition, Part& part) const {
    return VisitUsers(
        ledger_, partition,
        [&](const UserKey& user, absl::Span<const LoggedEvent> events) {
          ++part.users;
          part.events += static_cast<std::int64_t>(events.size());
          return AddUser(user, events, part);
        });
  }

 private:
  absl::Status AddUser(const UserKey& user,
                       absl::Span<const LoggedEvent> events, Part& part) const {
    UserReplay replay(fold_, events);
    const Labeler::Timeline timeline = labeler_.Read(events);
    const std::size_t before = part.labels.size();
    for (const absl::Time snapshot : schedule_.snapshots) {
      TENUTO_ASSIGN_OR_RETURN(const absl::string_view state,
                              replay.StateAt(snapshot));
      if (state.empty()) continue;
      TENUTO_ASSIGN_OR_RETURN(const StateReader reader,
                              StateReader::Open(plan_.catalogue(), state));
      if (!IsEligible(reader, schedule_.eligible)) continue;
      const std::size_t width = static_cast<std::size_t>(plan_.width());
      part.values.resize(part.values.size() + width);
      TENUTO_RETURN_IF_ERROR(
          plan_.Assemble(state, {snapshot, history_start_},
                         absl::MakeSpan(part.values).last(width)));
      part.labels.push_back(
          Labeler::IsPositive(timeline, snapshot, schedule_.horizon) ? 1.0f
                                                                     : 0.0f);
      part.groups.push_back(GroupOf(user));
      part.times_s.push_back(absl::ToUnixSeconds(snapshot));
    }
    if (part.labels.size() == before) return absl::OkStatus();
    return DropIfWithdrawn(replay, before, part);
  }

  // Learning from someone who has said no by now would not be right.
  absl::Status DropIfWithdrawn(UserReplay& replay, std::size_t rows,
                               Part& part) const {
    TENUTO_ASSIGN_OR_RETURN(const absl::string_view state,
                            replay.StateAt(absl::InfiniteFuture()));
    TENUTO_ASSIGN_OR_RETURN(const StateReader reader,
                            StateReader::Open(plan_.catalogue(), state));
    if (reader.LastValue("consent_behaviour") != v1::CONSENT_WITHHELD) {
      return absl::OkStatus();
    }
    part.values.resize(rows * static_cast<std::size_t>(plan_.width()));
    part.labels.resize(rows);
    part.groups.resize(rows);
    part.times_s.resize(rows);
    return absl::OkStatus();
  }

  const Ledger& ledger_;
  const FeaturePlan& plan_;
  const Labeler& labeler_;
  const RowSchedule& schedule_;
  const SignalFold fold_;
  const absl::Time history_start_;
};

template <typename T>
void Append(const std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

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
  const RowBuilder builder(ledger, plan, labeler, schedule);
  std::array<Part, kPartitions> parts;
  TENUTO_RETURN_IF_ERROR(ForEachPartition(threads, [&](int partition) {
    return builder.BuildPartition(partition,
                                  parts[static_cast<std::size_t>(partition)]);
  }));
  for (Part& part : parts) {
    Append(part.values, rows.matrix.values);
    Append(part.labels, rows.matrix.labels);
    Append(part.groups, rows.matrix.groups);
    Append(part.times_s, rows.matrix.times_s);
    rows.events += part.events;
    rows.users += part.users;
    part = Part();
  }
  rows.seconds = absl::ToDoubleSeconds(clock.Now() - start);
  return rows;
}

}  // namespace tenuto
