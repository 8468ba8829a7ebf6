#include "training/grace/grace_rows.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "features/base/status_macros.h"
#include "features/signal_fold.h"
#include "features/state_reader.h"
#include "features/user_state.h"
#include "model/decision/standing.h"
#include "training/replayer.h"
#include "xxhash.h"

namespace tenuto {
namespace {

constexpr std::uint64_t kShareSeed =
    0x67726163;  // Of who stays beyond a limit.

struct Part {
  std::vector<GraceFailure> failures;
  std::vector<std::vector<PaymentMoment>> moments;
  std::int64_t events = 0;
  std::int64_t users = 0;
};

class GraceRowBuilder {
 public:
  GraceRowBuilder(const Ledger& ledger, const FeaturePlan& plan,
                  const PaymentRules& rules)
      : ledger_(ledger),
        plan_(plan),
        rules_(rules),
        fold_(plan.catalogue()),
        facts_(ledger.Facts()) {}

  absl::Status BuildPartition(int partition, Part& part) const {
    return VisitUsers(
        ledger_, partition,
        [&](const UserKey&, absl::Span<const LoggedEvent> events) {
          ++part.users;
          part.events += static_cast<std::int64_t>(events.size());
          return AddUser(events, part);
        });
  }

 private:
  absl::Status AddUser(absl::Span<const LoggedEvent> events, Part& part) const {
    std::vector<PaymentMoment> moments = ReadPaymentMoments(events, rules_);
    std::vector<UnpaidSpell> spells =
        ReadUnpaidSpells(moments, facts_.told_end);
    std::erase_if(spells,
                  [](const UnpaidSpell& spell) { return spell.days.empty(); });
    if (spells.empty()) return absl::OkStatus();
    UserReplay replay(fold_, events);
    const std::size_t before = part.failures.size();
    const std::uint64_t group =
        GroupOf(events, absl::FromUnixMicros(spells[0].known_us));
    for (UnpaidSpell& spell : spells) {
      GraceFailure failure;
      failure.group = group;
      failure.user = static_cast<std::int32_t>(part.moments.size());
      for (const int day : kDecidedDays) {
        if (day >= static_cast<int>(spell.days.size())) break;
        TENUTO_RETURN_IF_ERROR(Decide(spell, day, replay, failure));
      }
      failure.spell = std::move(spell);
      part.failures.push_back(std::move(failure));
    }
    // Learning from someone who has said no by now would not be right.
    TENUTO_ASSIGN_OR_RETURN(const absl::string_view state,
                            replay.StateAt(absl::InfiniteFuture()));
    TENUTO_ASSIGN_OR_RETURN(const StateReader last,
                            StateReader::Open(plan_.catalogue(), state));
    if (last.LastValue("consent_behaviour") == v1::CONSENT_WITHHELD) {
      part.failures.resize(before);
      return absl::OkStatus();
    }
    part.moments.push_back(std::move(moments));
    return absl::OkStatus();
  }

  absl::Status Decide(const UnpaidSpell& spell, int day, UserReplay& replay,
                      GraceFailure& failure) const {
    const std::int64_t failed_day = DayOf(absl::ToUnixMicros(spell.failed));
    const absl::Time at =
        day == 0 ? absl::FromUnixMicros(spell.known_us)
                 : absl::UnixEpoch() + absl::Hours(24) * (failed_day + day + 1);
    TENUTO_ASSIGN_OR_RETURN(const absl::string_view bytes, replay.StateAt(at));
    TENUTO_ASSIGN_OR_RETURN(const StateReader state,
                            StateReader::Open(plan_.catalogue(), bytes));
    GraceFailure::Decision& decision = failure.decisions.emplace_back();
    decision.payment = spell.KnownAt(day);
    ReadStanding(state, decision.payment);
    if (day == 0) {
      failure.time_zone = state.LastText("time_zone");
      // Reminders go by mail.
      const Standing standing = StandingOf(&state);
      failure.messages_permitted =
          standing.messages_granted && !standing.opted_out[v1::SURFACE_EMAIL];
    }
    decision.row.resize(static_cast<std::size_t>(plan_.width()));
    return plan_.Assemble(bytes, {at, facts_.history_start},
                          absl::MakeSpan(decision.row));
  }

  const Ledger& ledger_;
  const FeaturePlan& plan_;
  const PaymentRules& rules_;
  const SignalFold fold_;
  const LedgerFacts facts_;
};

bool IsBefore(const GraceFailure& a, const GraceFailure& b) {
  const auto key = [](const GraceFailure& failure) {
    return std::tuple(failure.spell.failed, failure.group,
                      failure.spell.days.size());
  };
  if (key(a) != key(b)) return key(a) < key(b);
  const auto& x = a.decisions[0].row;
  const auto& y = b.decisions[0].row;
  return std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) < 0;
}

void AddRows(Hazard hazard, const GraceFailure& failure,
             TrainingMatrix& matrix) {
  const UnpaidSpell& spell = failure.spell;
  for (const GraceFailure::Decision& decision : failure.decisions) {
    const auto first = static_cast<std::size_t>(decision.payment.decided_day);
    for (std::size_t k = first; k < spell.days.size(); ++k) {
      const UnpaidDay& day = spell.days[k];
      if (!IsAtRisk(hazard, day)) continue;
      const DayChoice choice =
          hazard == Hazard::kByRetry
              ? DayChoice::OfAttempt(decision.payment, static_cast<int>(k) + 1,
                                     day.attempts_before,
                                     day.days_since_attempt)
              : DayChoice::OfAccess(day.access, day.messaged);
      matrix.values.insert(matrix.values.end(), decision.row.begin(),
                           decision.row.end());
      matrix.values.resize(matrix.values.size() + kFailureColumns);
      WriteFailureColumns(decision.payment, static_cast<int>(k) + 1, choice,
                          absl::MakeSpan(matrix.values).last(kFailureColumns));
      matrix.labels.push_back(Happens(hazard, day) ? 1.0f : 0.0f);
      matrix.groups.push_back(failure.group);
      matrix.times_s.push_back(absl::ToUnixSeconds(spell.failed));
    }
  }
}

}  // namespace

bool IsAtRisk(Hazard hazard, const UnpaidDay& day) {
  switch (hazard) {
    case Hazard::kByUser:
      return true;
    case Hazard::kByRetry:
      return day.attempted;
    case Hazard::kCancels:
      return day.may_cancel;
  }
  return false;
}

bool Happens(Hazard hazard, const UnpaidDay& day) {
  return day.end == (hazard == Hazard::kByUser    ? RecoveryEnd::kByUser
                     : hazard == Hazard::kByRetry ? RecoveryEnd::kByRetry
                                                  : RecoveryEnd::kCancelled);
}

std::size_t GraceRows::CutAt(absl::Time time) {
  const auto end = std::partition_point(failures.begin(), failures.end(),
                                        [time](const GraceFailure& failure) {
                                          return failure.spell.failed < time;
                                        });
  // Read again from the moments known then, so that what became known later of
  // an earlier day is gone as well.
  for (auto failure = failures.begin(); failure != end; ++failure) {
    const absl::Time failed = failure->spell.failed;
    failure->spell.days.clear();
    const auto user = static_cast<std::size_t>(failure->user);
    for (UnpaidSpell& spell : ReadUnpaidSpells(moments[user], time)) {
      if (spell.failed == failed) failure->spell = std::move(spell);
    }
  }
  const auto kept = std::remove_if(
      failures.begin(), end,
      [](const GraceFailure& failure) { return failure.spell.days.empty(); });
  const auto count = static_cast<std::size_t>(kept - failures.begin());
  failures.erase(kept, end);
  return count;
}

TrainingMatrix GraceRows::Expand(Hazard hazard, std::size_t first,
                                 std::size_t last,
                                 std::int64_t rows_max) const {
  TrainingMatrix matrix;
  matrix.columns = columns;
  for (const FailureColumn& column : FailureColumns()) {
    matrix.columns.emplace_back(column.name);
  }
  std::int64_t most = 0;  // Rows, if nobody is left out.
  for (std::size_t k = first; k < last; ++k) {
    const auto days = static_cast<std::int64_t>(failures[k].spell.days.size());
    for (const GraceFailure::Decision& decision : failures[k].decisions) {
      most += std::max<std::int64_t>(0, days - decision.payment.decided_day);
    }
  }
  const double share = static_cast<double>(rows_max) /
                       static_cast<double>(std::max(most, rows_max));
  for (std::size_t k = first; k < last; ++k) {
    const GraceFailure& failure = failures[k];
    const std::uint64_t place =
        XXH3_64bits_withSeed(&failure.group, sizeof failure.group, kShareSeed);
    if (static_cast<double>(place >> 11) * 0x1.0p-53 >= share) continue;
    AddRows(hazard, failure, matrix);
  }
  return matrix;
}

absl::StatusOr<GraceRows> BuildGraceRows(const Ledger& ledger,
                                         const FeaturePlan& plan,
                                         const PaymentRules& rules,
                                         int threads) {
  GraceRows rows;
  for (int k = 0; k < plan.width(); ++k) {
    const auto at = static_cast<std::size_t>(plan.feature_index(k));
    rows.columns.push_back(plan.catalogue().features()[at].name);
  }
  const GraceRowBuilder builder(ledger, plan, rules);
  std::vector<Part> parts(kPartitions);
  TENUTO_RETURN_IF_ERROR(ForEachPartition(threads, [&](int partition) {
    return builder.BuildPartition(partition,
                                  parts[static_cast<std::size_t>(partition)]);
  }));
  for (Part& part : parts) {
    const auto first = static_cast<std::int32_t>(rows.moments.size());
    for (GraceFailure& failure : part.failures) {
      failure.user += first;
      rows.failures.push_back(std::move(failure));
    }
    std::move(part.moments.begin(), part.moments.end(),
              std::back_inserter(rows.moments));
    rows.events += part.events;
    rows.users += part.users;
  }
  std::stable_sort(rows.failures.begin(), rows.failures.end(), IsBefore);
  return rows;
}

}  // namespace tenuto
