#include "training/simulation/backtest.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "training/grace/survival_measures.h"
#include "training/simulation/doubly_robust.h"
#include "training/simulation/event_counts.h"
#include "training/simulation/ordered_sum.h"
#include "training/split_mix.h"

namespace tenuto {
namespace {

constexpr int kRuns = 200;          // Of chance alone.
constexpr double kSegmentMin = 30;  // Subscribers.
constexpr double kZ = 1.959964;

double Uniform(SplitMix64& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1.0p-53;
}

// Of all, and of each segment.
struct Sums {
  std::vector<Incidence> simulated;            // Sums, not yet shares.
  std::vector<EventCounts> observed;           // By segment.
  std::vector<OutcomeGaps> outcomes;           // By segment.
  std::vector<std::vector<EventCounts>> runs;  // By run, then segment.

  explicit Sums(std::size_t segments)
      : simulated(segments),
        observed(segments),
        outcomes(segments),
        runs(kRuns, std::vector<EventCounts>(segments)) {}
  void Add(const Sums& more) {
    for (std::size_t k = 0; k < simulated.size(); ++k) {
      simulated[k].Add(more.simulated[k]);
      observed[k].Add(more.observed[k]);
      outcomes[k].Add(more.outcomes[k]);
      for (std::size_t run = 0; run < runs.size(); ++run) {
        runs[run][k].Add(more.runs[run][k]);
      }
    }
  }
};

SurvivalOutcome WatchedOf(const UnpaidSpell& spell) {
  return {static_cast<int>(spell.days.size()), spell.end != RecoveryEnd::kOpen};
}

// Segment 0, everybody, first.
std::vector<std::size_t> SegmentsWithAll(const LoggedFailures& log,
                                         const GraceFailure& failure) {
  std::vector<std::size_t> segments = {0};
  for (const std::size_t segment : SegmentsOfLogged(log, failure)) {
    segments.push_back(segment);
  }
  return segments;
}

// By segment: who is of one class, or in one store, may be watched longer.
std::vector<Watching> WatchingOf(const LoggedFailures& log,
                                 absl::Span<const GraceFailure> failures) {
  std::vector<std::vector<SurvivalOutcome>> outcomes(Segments().size());
  for (const GraceFailure& failure : failures) {
    for (const std::size_t segment : SegmentsWithAll(log, failure)) {
      outcomes[segment].push_back(WatchedOf(failure.spell));
    }
  }
  std::vector<Watching> watching;
  for (const auto& of_segment : outcomes) {
    watching.push_back(Watching::Of(of_segment));
  }
  return watching;
}

class BacktestRun {
 public:
  BacktestRun(const LoggedFailures& log,
              absl::Span<const GraceFailure> failures, const CaseBook& book,
              absl::string_view currency, absl::Span<const Watching> watching)
      : log_(log),
        failures_(failures),
        by_user_(GroupByUser(failures)),
        book_(book),
        currency_(currency),
        watching_(watching) {}

  std::int64_t users() const {
    return static_cast<std::int64_t>(by_user_.size());
  }
  // All failures of the subscribers [from, to).
  absl::Status Add(std::int64_t from, std::int64_t to, Sums& sums) const {
    std::vector<Comparisons> compared;
    for (std::int64_t user = from; user < to; ++user) {
      compared.clear();
      for (const std::size_t number :
           by_user_[static_cast<std::size_t>(user)]) {
        TENUTO_ASSIGN_OR_RETURN(Comparisons next, CompareOne(number, sums));
        for (const auto& [segment, payment] : next) {
          AddGaps(compared, segment, payment, sums.outcomes[segment]);
        }
        compared.push_back(std::move(next));
      }
    }
    return absl::OkStatus();
  }

 private:
  using Comparisons = std::map<std::size_t, ComparedPayment>;  // By segment.

  static void AddGaps(const std::vector<Comparisons>& earlier,
                      std::size_t segment, const ComparedPayment& payment,
                      OutcomeGaps& gaps) {
    bool is_first = true;
    for (const Comparisons& one : earlier) {
      const auto found = one.find(segment);
      if (found == one.end()) continue;
      gaps.AddPair(found->second, payment);
      is_first = false;
    }
    gaps.Add(payment, is_first);
  }

  // As long as each of its segments was watched. Adds how it ended, too.
  absl::StatusOr<Comparisons> CompareOne(std::size_t number, Sums& sums) const {
    const GraceFailure& failure = failures_[number];
    const GraceFailure::Decision& decision = failure.decisions[0];
    HazardTable hazards;
    TENUTO_RETURN_IF_ERROR(
        log_.model->Fill(decision.row, decision.payment, hazards));
    FailureCase known;
    TENUTO_RETURN_IF_ERROR(FillCase(book_, log_, failure, currency_, known));
    UnpaidPast past;
    if (failure.spell.messages_at_failure) past.last_message_day = 0;
    const DayActions actions = failure.spell.Actions(
        log_.usual[static_cast<std::size_t>(decision.payment.decline_class)]);
    Comparisons compared;
    for (const std::size_t segment : SegmentsWithAll(log_, failure)) {
      const Watching& watching = watching_[segment];
      const TrialActions trial = {actions, watching.days};
      RecoveryCurve curve;
      ComparedPayment& payment = compared[segment];
      payment.expected =
          Expect(hazards, known.stakes.stakes, trial, curve, past);
      AddEnds(number, failure, segment, curve, sums);
      payment.observed = payment.expected;
      PutRight(failure.spell, watching.weights, known.stakes.stakes, trial,
               curve, payment.observed);
    }
    return compared;
  }

  void AddEnds(std::uint64_t number, const GraceFailure& failure,
               std::size_t segment, const RecoveryCurve& curve,
               Sums& sums) const {
    const int days = static_cast<int>(failure.spell.days.size());
    sums.simulated[segment].Add(curve);
    sums.observed[segment].Add(days, failure.spell.end);
    const EventDraw draw(curve);
    SplitMix64 random(number);  // The same luck in all its segments.
    for (std::vector<EventCounts>& run : sums.runs) {
      const auto [day, end] = draw.At(Uniform(random));
      const int watched =
          WatchedUntil(Uniform(random), watching_[segment].watched);
      const bool seen = end != RecoveryEnd::kOpen && day <= watched;
      run[segment].Add(seen ? day : watched, seen ? end : RecoveryEnd::kOpen);
    }
  }

  // Nobody can watch longer, by chance.
  static int WatchedUntil(double unit, const Survival& watched) {
    int day = 1;
    while (day < kUnpaidDays && unit < watched[static_cast<std::size_t>(day)]) {
      ++day;
    }
    return day;
  }

  const LoggedFailures& log_;
  const absl::Span<const GraceFailure> failures_;
  const FailuresByUser by_user_;
  const CaseBook& book_;
  const absl::string_view currency_;
  const absl::Span<const Watching> watching_;  // By segment.
};

// Chance moves what is observed around what is simulated by this much.
Compared Compare(const Sums& sums, std::size_t segment, int day,
                 double (*share)(const Incidence&, int)) {
  const double n = sums.observed[segment].payments();
  Compared compared;
  compared.simulated = share(sums.simulated[segment], day) / n;
  compared.observed = share(IncidenceOf(sums.observed[segment]), day);
  double squares = 0;
  for (const std::vector<EventCounts>& run : sums.runs) {
    const double off =
        share(IncidenceOf(run[segment]), day) - compared.simulated;
    squares += off * off;
  }
  const double half = kZ * std::sqrt(squares / kRuns);
  compared.low = compared.difference() - half;
  compared.high = compared.difference() + half;
  return compared;
}

struct Gap {
  double largest = 0;
  double mean = 0;
};
Gap GapOf(const Incidence& simulated, double n, const Incidence& observed,
          int days) {
  Gap gap;
  for (int day = 1; day <= days; ++day) {
    const double off =
        std::abs(RecoveredBy(simulated, day) / n - RecoveredBy(observed, day));
    gap.largest = std::max(gap.largest, off);
    gap.mean += off / days;
  }
  return gap;
}

double NineteenOf20(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() * 19 / 20];
}

void MeasureGaps(const Sums& sums, BacktestResult& result) {
  const Incidence& simulated = sums.simulated[0];
  const double n = sums.observed[0].payments();
  const Incidence observed = IncidenceOf(sums.observed[0]);
  for (int day = 0; day <= result.days; ++day) {
    result.simulated.push_back(RecoveredBy(simulated, day) / n);
    result.observed.push_back(RecoveredBy(observed, day));
  }
  const Gap gap = GapOf(simulated, n, observed, result.days);
  result.largest_gap = gap.largest;
  result.mean_gap = gap.mean;
  std::vector<double> largest, mean;
  for (const std::vector<EventCounts>& run : sums.runs) {
    const Gap by_chance = GapOf(simulated, n, IncidenceOf(run[0]), result.days);
    largest.push_back(by_chance.largest);
    mean.push_back(by_chance.mean);
  }
  result.largest_by_chance = NineteenOf20(std::move(largest));
  result.mean_by_chance = NineteenOf20(std::move(mean));
}

// The last day that claims are made for; the first one at least.
int LastClaimed(int days) {
  int last = kCalibrationDays.front();
  for (const int day : kCalibrationDays) {
    if (day <= days) last = day;
  }
  return last;
}

void CompareAll(const Sums& sums, absl::Span<const Watching> watching,
                BacktestResult& result) {
  for (const int day : kCalibrationDays) {
    if (day > LastClaimed(result.days)) break;
    result.by_day.push_back({day, Compare(sums, 0, day, RecoveredBy),
                             Compare(sums, 0, day, RetriedBy),
                             Compare(sums, 0, day, PaidBy),
                             Compare(sums, 0, day, CancelledBy)});
  }
  for (std::size_t k = 1; k < sums.observed.size(); ++k) {
    if (sums.outcomes[k].size().subscribers < kSegmentMin) continue;
    const int last = LastClaimed(watching[k].days);
    result.segments.push_back(
        {k, static_cast<std::int64_t>(sums.observed[k].payments()),
         watching[k].days, last, Compare(sums, k, last, RecoveredBy),
         sums.outcomes[k].Means()});
  }
  result.outcomes = sums.outcomes[0].Means();
}

}  // namespace

absl::Time LearnedThrough(const LoggedFailures& log) {
  return absl::FromUnixSeconds(
      log.model->manifest().training().known_through_s());
}

absl::Span<const GraceFailure> LaterFailures(const LoggedFailures& log) {
  const auto later = std::partition_point(
      log.failures.begin(), log.failures.end(),
      [learned = LearnedThrough(log)](const GraceFailure& one) {
        return one.spell.failed < learned;
      });
  return absl::MakeConstSpan(log.failures)
      .subspan(static_cast<std::size_t>(later - log.failures.begin()));
}

absl::StatusOr<BacktestResult> Backtest(
    const LoggedFailures& log, absl::Span<const GraceFailure> failures,
    absl::string_view currency, int threads,
    absl::FunctionRef<void(std::int64_t)> progress) {
  if (failures.empty()) {
    return absl::InvalidArgumentError("no failed payment to compare");
  }
  TENUTO_ASSIGN_OR_RETURN(const CaseBook book,
                          CaseBook::Create(PaymentRules::Embedded(),
                                           GraceValues::Embedded(), currency));
  const std::vector<Watching> watching = WatchingOf(log, failures);
  const BacktestRun run(log, failures, book, currency, watching);
  TENUTO_ASSIGN_OR_RETURN(
      const Sums sums,
      SumInOrder(
          {.items = run.users(), .threads = threads}, Sums(Segments().size()),
          [&run] {
            return [&run](std::int64_t from, std::int64_t to, Sums& sum) {
              return run.Add(from, to, sum);
            };
          },
          [&](std::int64_t users) {
            progress(users * std::ssize(failures) / run.users());
          }));
  BacktestResult result;
  const v1::Manifest& manifest = log.model->manifest();
  result.model = absl::StrCat(manifest.model(), "/", manifest.version());
  result.failures = static_cast<std::int64_t>(failures.size());
  result.first = failures.front().spell.failed;
  result.last = failures.back().spell.failed;
  result.days = watching[0].days;
  result.currency = std::string(currency);
  CompareAll(sums, watching, result);
  MeasureGaps(sums, result);
  return result;
}

}  // namespace tenuto
