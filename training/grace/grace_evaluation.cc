#include "training/grace/grace_evaluation.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "features/base/status_macros.h"
#include "model/grace/recovery_curve.h"
#include "training/summary.h"

namespace tenuto {
namespace {

constexpr double kObservedMin = 0.1;
constexpr int kGroups = 10;

v1::DeclineClass ClassOf(const GraceFailure& failure) {
  return failure.decisions[0].payment.decline_class;
}

SurvivalOutcome OutcomeOf(const UnpaidSpell& spell) {
  return {
      static_cast<int>(spell.days.size()),
      spell.end == RecoveryEnd::kByUser || spell.end == RecoveryEnd::kByRetry};
}

// Nobody leaves: what the time to recovery is judged by, as leaving ends only
// its observation.
Survival OpenIfNobodyLeaves(HazardTable hazards, const DayActions& actions,
                            const UnpaidPast& past) {
  for (int day = 1; day <= kUnpaidDays; ++day) {
    for (const Access access :
         {Access::kNone, Access::kReduced, Access::kFull}) {
      for (const bool messaged : {false, true}) {
        hazards.cancels(day, access, messaged) = 0;
      }
    }
  }
  Survival open;
  for (const RecoveryDay& day : Follow(hazards, actions, past)) {
    open.push_back(day.open);
  }
  return open;
}

// The chance that the table gives to what was done on the day.
double HazardOn(const HazardTable& hazards, Hazard hazard, int day,
                const UnpaidDay& lived) {
  switch (hazard) {
    case Hazard::kByUser:
      return hazards.by_user(day, lived.access, lived.messaged);
    case Hazard::kByRetry:
      return hazards.by_retry(day,
                              HazardTable::CountIndex(lived.attempts_before),
                              HazardTable::GapIndex(lived.days_since_attempt));
    case Hazard::kCancels:
      return hazards.cancels(day, lived.access, lived.messaged);
  }
  return 0;
}

// Hazards of the days that were lived, summed up to each calibration day.
std::vector<ExpectedEvents> ExpectOf(const UnpaidSpell& spell,
                                     const HazardTable& hazards,
                                     const RecoveryCurve& curve) {
  std::vector<ExpectedEvents> expected(kCalibrationDays.size());
  for (std::size_t k = 0; k < kCalibrationDays.size(); ++k) {
    ExpectedEvents& events = expected[k];
    for (int day = 1; day <= kCalibrationDays[k]; ++day) {
      const RecoveryDay& forecast = curve[static_cast<std::size_t>(day)];
      events.forecast += forecast.by_user + forecast.by_retry;
      if (day > static_cast<int>(spell.days.size())) continue;
      const UnpaidDay& lived = spell.days[static_cast<std::size_t>(day - 1)];
      for (const Hazard way : {Hazard::kByUser, Hazard::kByRetry}) {
        if (!IsAtRisk(way, lived)) continue;
        const double hazard = HazardOn(hazards, way, day, lived);
        events.expected += hazard;
        events.variance += hazard * (1 - hazard);
        events.came += Happens(way, lived);
      }
    }
  }
  return expected;
}

// Adds the days that a payment lived to every hazard's stretches.
using Stretches = std::vector<GraceEvaluation::Stretch>;
Stretches EmptyStretches() {
  Stretches all;
  for (const Hazard hazard :
       {Hazard::kByUser, Hazard::kByRetry, Hazard::kCancels}) {
    int first = 1;
    for (const int last : kStretchEnds) {
      all.push_back({.hazard = hazard, .first = first, .last = last});
      first = last + 1;
    }
  }
  return all;
}
void AddDays(const UnpaidSpell& spell, const HazardTable& hazards,
             Stretches& all) {
  for (std::size_t k = 0; k < spell.days.size(); ++k) {
    const int day = static_cast<int>(k) + 1;
    const UnpaidDay& lived = spell.days[k];
    for (GraceEvaluation::Stretch& stretch : all) {
      if (day < stretch.first || day > stretch.last ||
          !IsAtRisk(stretch.hazard, lived)) {
        continue;
      }
      const double hazard = HazardOn(hazards, stretch.hazard, day, lived);
      ++stretch.at_risk;
      stretch.expected += hazard;
      stretch.deviation += hazard * (1 - hazard);
      stretch.came += Happens(stretch.hazard, lived);
    }
  }
}

std::vector<SurvivalOutcome> OutcomesOf(
    absl::Span<const GraceFailure> failures) {
  std::vector<SurvivalOutcome> outcomes;
  for (const GraceFailure& failure : failures) {
    outcomes.push_back(OutcomeOf(failure.spell));
  }
  return outcomes;
}

void MeasureTimes(absl::Span<const SurvivalOutcome> outcomes,
                  absl::Span<const Survival> forecasts,
                  const Survival& kaplan_meier, GraceEvaluation& result) {
  const Survival observed = CensoringSurvival(outcomes, kUnpaidDays);
  while (result.ibs_days < kUnpaidDays &&
         observed[static_cast<std::size_t>(result.ibs_days)] >= kObservedMin) {
    ++result.ibs_days;
  }
  result.ibs = IntegratedBrier(outcomes, forecasts, observed, result.ibs_days);
  const std::vector<Survival> same(outcomes.size(), kaplan_meier);
  result.ibs_kaplan_meier =
      IntegratedBrier(outcomes, same, observed, result.ibs_days);
  result.d_calibration = CheckDCalibration(outcomes, forecasts);
  result.d_calibration_kaplan_meier = CheckDCalibration(outcomes, same);
}

std::string NameOf(v1::DeclineClass decline_class) {
  const std::string name = v1::DeclineClass_Name(decline_class);
  return absl::AsciiStrToLower(absl::StripPrefix(name, "DECLINE_CLASS_"));
}

}  // namespace

UsualByClass FindUsualDays(absl::Span<const GraceFailure> failures) {
  struct Counts {
    int before_attempt = 0, attempted = 0, open = 0, messaged = 0;
  };
  std::array<std::array<Counts, kUnpaidDays + 1>, v1::DeclineClass_ARRAYSIZE>
      counts{};
  for (const GraceFailure& failure : failures) {
    auto& of_class = counts[static_cast<std::size_t>(ClassOf(failure))];
    for (std::size_t k = 0; k < failure.spell.days.size(); ++k) {
      const UnpaidDay& day = failure.spell.days[k];
      if (day.end == RecoveryEnd::kByUser) continue;
      Counts& on = of_class[k + 1];
      ++on.before_attempt;
      on.attempted += day.attempted;
      if (day.end != RecoveryEnd::kOpen) continue;
      ++on.open;
      on.messaged += day.messages;
    }
  }
  const auto most = [](int some, int all) {
    return some > 0 && 2 * some >= all;
  };
  UsualByClass usual{};
  for (std::size_t c = 0; c < usual.size(); ++c) {
    for (std::size_t day = 1; day <= kUnpaidDays; ++day) {
      const Counts& on = counts[c][day];
      const std::uint64_t bit = std::uint64_t{1} << day;
      if (most(on.attempted, on.before_attempt)) usual[c].attempts |= bit;
      if (most(on.messaged, on.open)) usual[c].messages |= bit;
    }
  }
  return usual;
}

absl::StatusOr<GraceEvaluation> EvaluateGrace(
    const RecoveryModel& model, absl::Span<const GraceFailure> learned,
    absl::Span<const GraceFailure> test) {
  const UsualByClass usual = FindUsualDays(learned);
  GraceEvaluation result;
  result.failures = static_cast<std::int64_t>(test.size());
  result.stretches = EmptyStretches();
  std::vector<Survival> forecasts;
  std::array<std::vector<ExpectedEvents>, kCalibrationDays.size()> by_day;
  std::map<v1::DeclineClass, GraceEvaluation::Segment> segments;
  for (const GraceFailure& failure : test) {
    const GraceFailure::Decision& decision = failure.decisions[0];
    HazardTable hazards;
    TENUTO_RETURN_IF_ERROR(model.Fill(decision.row, decision.payment, hazards));
    const DayActions actions = failure.spell.Actions(
        usual[static_cast<std::size_t>(ClassOf(failure))]);
    UnpaidPast past;
    if (failure.spell.messages_at_failure) past.last_message_day = 0;
    forecasts.push_back(OpenIfNobodyLeaves(hazards, actions, past));
    const std::vector<ExpectedEvents> expected =
        ExpectOf(failure.spell, hazards, Follow(hazards, actions, past));
    for (std::size_t k = 0; k < expected.size(); ++k) {
      by_day[k].push_back(expected[k]);
    }
    GraceEvaluation::Segment& segment = segments[ClassOf(failure)];
    segment.decline_class = ClassOf(failure);
    ++segment.failures;
    segment.expected += expected.back().expected;
    segment.came += expected.back().came;
    segment.deviation += expected.back().variance;
    AddDays(failure.spell, hazards, result.stretches);
  }
  for (GraceEvaluation::Stretch& stretch : result.stretches) {
    stretch.deviation = std::sqrt(stretch.deviation);
  }
  MeasureTimes(OutcomesOf(test), forecasts,
               KaplanMeier(OutcomesOf(learned), kUnpaidDays), result);
  for (std::size_t k = 0; k < by_day.size(); ++k) {
    GraceEvaluation::Day& day = result.days.emplace_back();
    day.day = kCalibrationDays[k];
    for (const ExpectedEvents& events : by_day[k]) {
      day.expected += events.expected / static_cast<double>(test.size());
      day.came += events.came / static_cast<double>(test.size());
    }
    day.groups = CheckGroups(std::move(by_day[k]), kGroups);
  }
  for (auto& [decline_class, segment] : segments) {
    segment.deviation = std::sqrt(segment.deviation);
    result.segments.push_back(segment);
  }
  return result;
}

std::string FormatGraceEvaluation(const GraceEvaluation& evaluation) {
  const DCalibration& model = evaluation.d_calibration;
  const DCalibration& curve = evaluation.d_calibration_kaplan_meier;
  std::string text = absl::StrFormat(
      "  integrated Brier score, days 1-%d   %.4f  (Kaplan-Meier %.4f, %.1f %% "
      "%s)\n"
      "  D-calibration                       p = %.3f  (chi-square %.1f on "
      "%d)\n"
      "    weighed by covariance, stricter   p = %.3f  (chi-square %.1f on "
      "%d)\n"
      "    of Kaplan-Meier's curve           p = %.3f, stricter %.3f\n\n"
      "  recovered by day   expected     came      ECE   by chance\n",
      evaluation.ibs_days, evaluation.ibs, evaluation.ibs_kaplan_meier,
      100 * std::abs(1 - evaluation.ibs / evaluation.ibs_kaplan_meier),
      evaluation.ibs > evaluation.ibs_kaplan_meier ? "more" : "less",
      model.published.p, model.published.chi_square, model.published.degrees,
      model.strict.p, model.strict.chi_square, model.strict.degrees,
      curve.published.p, curve.strict.p);
  for (const GraceEvaluation::Day& day : evaluation.days) {
    absl::StrAppendFormat(&text, "  %16d   %8.4f %8.4f %8.4f    %8.4f\n",
                          day.day, day.expected, day.came, day.groups.error,
                          day.groups.by_chance);
  }
  absl::StrAppend(&text,
                  "  of the days that were watched: what comes of payments "
                  "after the log\n  ends is in neither (simulate backtest "
                  "allows for it)\n");
  absl::StrAppend(&text,
                  "\n  hazard     days    at risk  expected      came   "
                  "deviation\n");
  for (const GraceEvaluation::Stretch& stretch : evaluation.stretches) {
    absl::StrAppendFormat(
        &text, "  %-8s  %2d-%-2d   %8d  %8.1f  %8.0f    %8.1f\n",
        kHazardNames[static_cast<std::size_t>(stretch.hazard)], stretch.first,
        stretch.last, stretch.at_risk, stretch.expected, stretch.came,
        stretch.deviation);
  }
  absl::StrAppend(&text,
                  "\n  decline class   failures  expected      came   "
                  "deviation\n");
  for (const GraceEvaluation::Segment& segment : evaluation.segments) {
    absl::StrAppendFormat(&text, "  %-13s   %8d  %8.1f  %8.0f    %8.1f\n",
                          NameOf(segment.decline_class), segment.failures,
                          segment.expected, segment.came, segment.deviation);
  }
  return text;
}

std::string GraceEvaluationJson(const GraceEvaluation& evaluation) {
  const DCalibration& model = evaluation.d_calibration;
  const DCalibration& curve = evaluation.d_calibration_kaplan_meier;
  std::vector<std::string> ece, by_chance, expected, came, days, segments;
  for (const GraceEvaluation::Day& day : evaluation.days) {
    days.push_back(absl::StrCat(day.day));
    ece.push_back(JsonNumber(day.groups.error));
    by_chance.push_back(JsonNumber(day.groups.by_chance));
    expected.push_back(JsonNumber(day.expected));
    came.push_back(JsonNumber(day.came));
  }
  for (const GraceEvaluation::Segment& segment : evaluation.segments) {
    segments.push_back(absl::StrCat(
        "{\"decline_class\":", JsonString(NameOf(segment.decline_class)),
        ",\"failures\":", segment.failures, ",\"expected\":",
        JsonNumber(segment.expected), ",\"came\":", JsonNumber(segment.came),
        ",\"deviation\":", JsonNumber(segment.deviation), "}"));
  }
  const auto list = [](const std::vector<std::string>& items) {
    return absl::StrCat("[", absl::StrJoin(items, ","), "]");
  };
  return absl::StrCat(
      "{\"failures\":", evaluation.failures,
      ",\"ibs\":", JsonNumber(evaluation.ibs),
      ",\"ibs_kaplan_meier\":", JsonNumber(evaluation.ibs_kaplan_meier),
      ",\"ibs_days\":", evaluation.ibs_days,
      ",\"d_calibration_p\":", JsonNumber(model.published.p),
      ",\"d_calibration_chi_square\":", JsonNumber(model.published.chi_square),
      ",\"d_calibration_degrees\":", model.published.degrees,
      ",\"d_calibration_p_strict\":", JsonNumber(model.strict.p),
      ",\"d_calibration_p_kaplan_meier\":", JsonNumber(curve.published.p),
      ",\"d_calibration_p_strict_kaplan_meier\":", JsonNumber(curve.strict.p),
      ",\"ece_by_day\":", list(ece), ",\"ece_days\":", list(days),
      ",\"ece_by_chance\":", list(by_chance),
      ",\"expected_by_day\":", list(expected), ",\"came_by_day\":", list(came),
      ",\"segments\":", list(segments), "}");
}

}  // namespace tenuto
