// How a backtest is told: a sentence, a table, JSON.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "model/grace/money.h"
#include "training/simulation/backtest.h"
#include "training/simulation/segments.h"
#include "training/summary.h"

namespace tenuto {
namespace {

std::string DateOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// A line of a table; `compared` is scaled as it is shown.
std::string Line(absl::string_view what, const Compared& compared) {
  return absl::StrFormat("%-31s %9.2f %9.2f  %+6.2f (%+.2f to %+.2f)", what,
                         compared.simulated, compared.observed,
                         compared.difference(), compared.low, compared.high);
}

std::string ComparedJson(const Compared& share) {
  return absl::StrCat("{\"simulated\":", JsonNumber(share.simulated),
                      ",\"observed\":", JsonNumber(share.observed),
                      ",\"difference\":", JsonNumber(share.difference()),
                      ",\"difference_low\":", JsonNumber(share.low),
                      ",\"difference_high\":", JsonNumber(share.high), "}");
}

Compared Scaled(const Compared& value, double factor) {
  return {factor * value.simulated, factor * value.observed, factor * value.low,
          factor * value.high};
}

// Money, of which a result has minor units.
Compared InUnits(const BacktestResult& result, const Compared& minor) {
  return Scaled(minor, 1 / MinorPerUnit(result.currency));
}

std::string OutcomesJson(const ComparedOutcomes& outcomes) {
  return absl::StrCat("\"net_value\":", ComparedJson(outcomes.net_minor),
                      ",\"free_days\":", ComparedJson(outcomes.free_days),
                      ",\"attempts\":", ComparedJson(outcomes.attempts),
                      ",\"messages\":", ComparedJson(outcomes.messages));
}

std::string NameOf(const BacktestResult::Segment& segment) {
  const Segment& named = Segments()[segment.segment];
  return absl::StrCat(std::string(named.kind), " ", named.name);
}

std::string RecoveredBy(int day) {
  return absl::StrFormat("recovered by day %d, %%", day);
}

std::string NetValue(const BacktestResult& result, int days) {
  return absl::StrCat("net value, ", result.currency, ", days 1 to ", days);
}

// Of a segment that was watched less than all.
std::string UnlessAll(const char* what, int days, int of_all) {
  return days == of_all ? "" : absl::StrCat(what, days);
}

std::vector<FidelityClaim> OutcomeClaims(const BacktestResult& result,
                                         const ComparedOutcomes& outcomes) {
  return {{"", absl::StrCat("net value, ", result.currency),
           InUnits(result, outcomes.net_minor)},
          {"", "free days", outcomes.free_days},
          {"", "attempts", outcomes.attempts},
          {"", "messages", outcomes.messages}};
}

// What a gap in the curve leaves open. Beyond a 99 % interval: it is a second
// look at the same payments.
std::string NetValueVerdict(const BacktestResult& result) {
  constexpr double kWider = 2.575829 / 1.959964;
  const Compared net = InUnits(result, result.outcomes.net_minor);
  const double half = kWider * (net.high - net.low) / 2;
  if (std::abs(net.difference()) <= half) return "";
  return absl::StrFormat("; net value is told %.2f %s a payment too %s",
                         std::abs(net.difference()), result.currency,
                         net.difference() > 0 ? "high" : "low");
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
  const Compared net = InUnits(result, result.outcomes.net_minor);
  return absl::StrFormat(
      "On %d later payments the simulation said %.1f %% recovered by day %d, "
      "%.1f %% were; largest gap of the curve %.1f points, by chance up to "
      "%.1f; net value %.2f %s a payment by day %d, %.2f by what came (gap "
      "%+.2f, 95 %% interval %+.2f to %+.2f).",
      result.failures, 100 * last.recovered.simulated, last.day,
      100 * last.recovered.observed, 100 * result.largest_gap,
      100 * result.largest_by_chance, net.simulated, result.currency,
      result.days, net.observed, net.difference(), net.low, net.high);
}

std::vector<FidelityClaim> FidelityClaims(const BacktestResult& result) {
  std::vector<FidelityClaim> claims;
  for (const BacktestResult::Day& day : result.by_day) {
    claims.push_back({"", RecoveredBy(day.day), Scaled(day.recovered, 100), 1});
  }
  for (FidelityClaim& claim : OutcomeClaims(result, result.outcomes)) {
    absl::StrAppend(&claim.what, ", days 1 to ", result.days);
    claims.push_back(std::move(claim));
  }
  for (const BacktestResult::Segment& segment : result.segments) {
    const std::string whose =
        absl::StrCat(NameOf(segment), ", ", segment.failures, " payments");
    claims.push_back({whose, RecoveredBy(segment.recovered_day),
                      Scaled(segment.recovered, 100), 1});
    claims.push_back({whose, NetValue(result, segment.days),
                      InUnits(result, segment.outcomes.net_minor)});
  }
  return claims;
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
        "train grace)%s",
        result.days, 100 * result.largest_gap, NetValueVerdict(result));
  }
  return absl::StrFormat(
      "no gap of the recovery curve beyond chance on %d payments, days 1 to "
      "%d; one of up to %.1f points may go unseen; under what was done in this "
      "log%s",
      result.failures, result.days, 100 * result.largest_by_chance,
      NetValueVerdict(result));
}

std::string FormatBacktest(const BacktestResult& result) {
  std::string text = absl::StrFormat(
      "%d payments that failed %s to %s, under the plans really in force, by "
      "model %s\n"
      "%-32s %9s %9s  %s\n",
      result.failures, DateOf(result.first), DateOf(result.last), result.model,
      "%", "simulated", "observed", "difference, 95 % interval");
  for (const BacktestResult::Day& day : result.by_day) {
    const std::pair<const char*, const Compared*> lines[] = {
        {"recovered", &day.recovered},
        {"  by retry", &day.by_retry},
        {"  by the subscriber", &day.by_user},
        {"cancelled", &day.cancelled}};
    for (const auto& [what, share] : lines) {
      absl::StrAppend(&text,
                      Line(absl::StrFormat("by day %2d %s", day.day, what),
                           Scaled(*share, 100)),
                      "\n");
    }
  }
  absl::StrAppendFormat(&text, "\na payment, days 1 to %d\n", result.days);
  for (const FidelityClaim& claim : OutcomeClaims(result, result.outcomes)) {
    absl::StrAppend(&text, Line(claim.what, claim.value), "\n");
  }
  absl::StrAppendFormat(&text, "\nrecovered by day %d, of failures\n",
                        result.by_day.back().day);
  for (const BacktestResult::Segment& segment : result.segments) {
    absl::StrAppendFormat(&text, "%s  of %d%s\n",
                          Line(NameOf(segment), Scaled(segment.recovered, 100)),
                          segment.failures,
                          UnlessAll(", by day ", segment.recovered_day,
                                    result.by_day.back().day));
  }
  absl::StrAppendFormat(&text, "\nnet value, %s a payment, days 1 to %d\n",
                        result.currency, result.days);
  for (const BacktestResult::Segment& segment : result.segments) {
    absl::StrAppend(
        &text,
        Line(NameOf(segment), InUnits(result, segment.outcomes.net_minor)),
        UnlessAll("  days 1 to ", segment.days, result.days), "\n");
  }
  absl::StrAppendFormat(&text,
                        "\nBy chance 1 row in 20 lies beyond its interval; the "
                        "verdict is about the whole curve.\n"
                        "largest gap of the recovery curve %.2f points (by "
                        "chance up to %.2f), mean gap %.2f (%.2f), days 1 to "
                        "%d\n%s\nverdict: %s\n",
                        100 * result.largest_gap,
                        100 * result.largest_by_chance, 100 * result.mean_gap,
                        100 * result.mean_by_chance, result.days,
                        FidelityLine(result), BacktestVerdict(result));
  return text;
}

std::string BacktestJson(const BacktestResult& result) {
  std::vector<std::string> days, segments;
  for (const BacktestResult::Day& day : result.by_day) {
    days.push_back(absl::StrCat(
        "{\"day\":", day.day, ",\"recovered\":", ComparedJson(day.recovered),
        ",\"by_retry\":", ComparedJson(day.by_retry),
        ",\"by_user\":", ComparedJson(day.by_user),
        ",\"cancelled\":", ComparedJson(day.cancelled), "}"));
  }
  for (const BacktestResult::Segment& segment : result.segments) {
    const Segment& named = Segments()[segment.segment];
    segments.push_back(absl::StrCat(
        "{\"kind\":", JsonString(std::string(named.kind)),
        ",\"name\":", JsonString(named.name),
        ",\"failures\":", segment.failures, ",\"days\":", segment.days,
        ",\"recovered_day\":", segment.recovered_day,
        ",\"recovered\":", ComparedJson(segment.recovered), ",",
        OutcomesJson(segment.outcomes), "}"));
  }
  return absl::StrCat(
      "{\"model\":", JsonString(result.model),
      ",\"failures\":", result.failures,
      ",\"first\":", JsonString(DateOf(result.first)),
      ",\"last\":", JsonString(DateOf(result.last)), ",\"days\":", result.days,
      ",\"by_day\":[", absl::StrJoin(days, ","), "],\"segments\":[",
      absl::StrJoin(segments, ","),
      "],\"currency\":", JsonString(result.currency), ",",
      OutcomesJson(result.outcomes),
      ",\"simulated_curve\":", CurveJson(result.simulated),
      ",\"observed_curve\":", CurveJson(result.observed),
      ",\"distance\":{\"largest\":", JsonNumber(result.largest_gap),
      ",\"largest_by_chance\":", JsonNumber(result.largest_by_chance),
      ",\"mean\":", JsonNumber(result.mean_gap),
      ",\"mean_by_chance\":", JsonNumber(result.mean_by_chance),
      "},\"fidelity\":", JsonString(FidelityLine(result)),
      ",\"verdict\":", JsonString(BacktestVerdict(result)), "}\n");
}

}  // namespace tenuto
