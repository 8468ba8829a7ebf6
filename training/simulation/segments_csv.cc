#include "training/simulation/segments_csv.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "training/csv_cell.h"
#include "training/simulation/report_figures.h"
#include "training/simulation/segments.h"
#include "training/summary.h"

namespace tenuto {
namespace {

// The names of the summary where it has the figure, too.
constexpr std::array kFigures = {"recovered",  "recovered_value", "net_value",
                                 "difference", "free_days",       "attempts",
                                 "messages"};

std::array<Estimate, kFigures.size()> TotalsBySegment(
    const SimulationResult& result, std::size_t policy, std::size_t segment) {
  const PolicyTotals totals = TotalsOf(result, policy, segment);
  const PolicyFigures each = FiguresOf(result, policy, segment);
  const auto all = [&each](const Estimate& of_one) {
    return Estimate{of_one.value * each.payments, of_one.low * each.payments,
                    of_one.high * each.payments};
  };
  return {totals.recovered,        totals.recovered_minor, totals.net_minor,
          totals.difference_minor, all(each.free_days),    all(each.attempts),
          all(each.messages)};
}

}  // namespace

std::string SegmentsCsv(const SimulationResult& result) {
  std::string text = "policy,kind,segment,failures";
  for (const char* name : kFigures) {
    absl::StrAppend(&text, ",", name, ",", name, "_low,", name, "_high");
  }
  absl::StrAppend(&text, "\n");
  const std::size_t segments =
      std::min(result.tally.segments(), Segments().size());
  for (std::size_t policy = 0; policy < result.policies.size(); ++policy) {
    for (std::size_t k = 0; k < segments; ++k) {
      const SampleSize& size = result.tally.sums(policy, k).size;
      const double failures = size.payments;
      if (failures <= 0) continue;
      const Segment& segment = Segments()[k];
      absl::StrAppend(&text, QuotedCell(result.policies[policy]), ",",
                      segment.kind, ",", segment.name, ",",
                      JsonNumber(failures));
      for (const Estimate& total : TotalsBySegment(result, policy, k)) {
        absl::StrAppend(&text, ",", JsonNumber(total.value));
        // One subscriber tells nothing of how much they differ.
        if (size.subscribers < 2) {
          absl::StrAppend(&text, ",,");
        } else {
          absl::StrAppend(&text, ",", JsonNumber(total.low), ",",
                          JsonNumber(total.high));
        }
      }
      absl::StrAppend(&text, "\n");
    }
  }
  return text;
}

}  // namespace tenuto
