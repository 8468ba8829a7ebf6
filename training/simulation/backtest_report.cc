// How a backtest is told: a sentence, a table, JSON.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "training/simulation/backtest.h"
#include "training/simulation/segments.h"
#include "training/summary.h"

namespace tenuto {
namespace {

std::string DateOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

std::string ShareText(const ComparedShare& share) {
  return absl::StrFormat("%9.2f %9.2f  %+6.2f (%+.2f to %+.2f)",
                         100 * share.simulated, 100 * share.observed,
                         100 * share.difference(), 100 * share.low,
                         100 * share.high);
}

std::string ShareJson(const ComparedShare& share) {
  return absl::StrCat("{\"simulated\":", JsonNumber(share.simulated),
                      ",\"observed\":", JsonNumber(share.observed),
                      ",\"difference\":", JsonNumber(share.difference()),
                      ",\"difference_low\":", JsonNumber(share.low),
                      ",\"difference_high\":", JsonNumber(share.high), "}");
}

std::string CurveJson(const std::vector<double>& curve) {
  return absl::StrCat("[",
                      absl::StrJoin(curve, ",",
                                    [](std::string* out, double share) {
                                      absl::StrAppend(out, JsonNumber(share));
                                    }),
                      "]");
}

}  // namespace

std::string FidelityLine(const BacktestResult& result) {
  const BacktestResult::Day& last = result.by_day.back();
  return absl::StrFormat(
      "on %d later payments the simulation said %.1f %% recovered by day %d, "
      "%.1f %% were; largest gap of the curve %.1f points, by chance up to "
      "%.1f",
      result.failures, 100 * last.recovered.simulated, last.day,
      100 * last.recovered.observed, 100 * result.largest_gap,
      100 * result.largest_by_chance);
}

std::string BacktestVerdict(const BacktestResult& result) {
  if (result.failures < kFidelityFailuresMin) {
    return absl::StrFormat("too few payments to tell: %d, %d are needed",
                           result.failures, kFidelityFailuresMin);
  }
  if (result.largest_gap > result.largest_by_chance ||
      result.mean_gap > result.mean_by_chance) {
    return absl::StrFormat(
        "the model is off by more than chance, days 1 to %d; take recovered "
        "payments of a simulation as right to %.1f points at best, under what "
        "was done in this log, and learn again from newer payments (tenuto "
        "train grace)",
        result.days, 100 * result.largest_gap);
  }
  return absl::StrFormat(
      "no gap beyond chance on %d payments, days 1 to %d; one of up to %.1f "
      "points may go unseen; under what was done in this log",
      result.failures, result.days, 100 * result.largest_by_chance);
}

std::string FormatBacktest(const BacktestResult& result) {
  std::string text = absl::StrFormat(
      "%d payments that failed %s to %s, under the plans really in force, by "
      "model %s\n"
      "%-32s %9s %9s  %s\n",
      result.failures, DateOf(result.first), DateOf(result.last), result.model,
      "%", "simulated", "observed", "difference, 95 % interval");
  for (const BacktestResult::Day& day : result.by_day) {
    const std::pair<const char*, const ComparedShare*> lines[] = {
        {"recovered", &day.recovered},
        {"  by retry", &day.by_retry},
        {"  by the subscriber", &day.by_user},
        {"cancelled", &day.cancelled}};
    for (const auto& [what, share] : lines) {
      absl::StrAppendFormat(&text, "by day %2d %-22s %s\n", day.day, what,
                            ShareText(*share));
    }
  }
  const int last = result.by_day.back().day;
  absl::StrAppendFormat(&text, "\nrecovered by day %d, of failures\n", last);
  for (const BacktestResult::Segment& segment : result.segments) {
    const Segment& named = Segments()[segment.segment];
    absl::StrAppendFormat(
        &text, "%-31s  %s  of %d\n",
        absl::StrCat(std::string(named.kind), " ", named.name),
        ShareText(segment.recovered), segment.failures);
  }
  absl::StrAppendFormat(
      &text,
      "\nlargest gap of the recovery curve %.2f points (by chance up to %.2f), "
      "mean gap %.2f (%.2f), days 1 to %d\n%s\nverdict: %s\n",
      100 * result.largest_gap, 100 * result.largest_by_chance,
      100 * result.mean_gap, 100 * result.mean_by_chance, result.days,
      FidelityLine(result), BacktestVerdict(result));
  return text;
}

std::string BacktestJson(const BacktestResult& result) {
  std::vector<std::string> days, segments;
  for (const BacktestResult::Day& day : result.by_day) {
    days.push_back(absl::StrCat(
        "{\"day\":", day.day, ",\"recovered\":", ShareJson(day.recovered),
        ",\"by_retry\":", ShareJson(day.by_retry),
        ",\"by_user\":", ShareJson(day.by_user),
        ",\"cancelled\":", ShareJson(day.cancelled), "}"));
  }
  for (const BacktestResult::Segment& segment : result.segments) {
    const Segment& named = Segments()[segment.segment];
    segments.push_back(absl::StrCat(
        "{\"kind\":", JsonString(std::string(named.kind)), ",\"name\":",
        JsonString(named.name), ",\"failures\":", segment.failures,
        ",\"recovered\":", ShareJson(segment.recovered), "}"));
  }
  return absl::StrCat(
      "{\"model\":", JsonString(result.model),
      ",\"failures\":", result.failures,
      ",\"first\":", JsonString(DateOf(result.first)),
      ",\"last\":", JsonString(DateOf(result.last)), ",\"days\":", result.days,
      ",\"by_day\":[", absl::StrJoin(days, ","), "],\"segments\":[",
      absl::StrJoin(segments, ","),
      "],\"simulated_curve\":", CurveJson(result.simulated),
      ",\"observed_curve\":", CurveJson(result.observed),
      ",\"distance\":{\"largest\":", JsonNumber(result.largest_gap),
      ",\"largest_by_chance\":", JsonNumber(result.largest_by_chance),
      ",\"mean\":", JsonNumber(result.mean_gap),
      ",\"mean_by_chance\":", JsonNumber(result.mean_by_chance),
      "},\"fidelity\":", JsonString(FidelityLine(result)),
      ",\"verdict\":", JsonString(BacktestVerdict(result)), "}\n");
}

}  // namespace tenuto
