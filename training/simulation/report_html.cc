#include "training/simulation/report_html.h"

#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "embedded/chart.min.js.h"
#include "embedded/report_charts.js.h"
#include "embedded/report_page.css.h"
#include "embedded/report_page.html.h"
#include "embedded/report_page.js.h"
#include "training/simulation/report_json.h"
#include "training/simulation/report_verdict.h"

namespace tenuto {
namespace {

std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"'", "&#39;"},
                                    // A line must not end between the two.
                                    {" %", "&nbsp;%"}});
}

}  // namespace

std::string ReportHtml(const SimulationResult& result) {
  const PolicyRanking ranking = RankPolicies(result);
  const ReportVerdict verdict = VerdictOf(result, ranking);
  // One pass: what is put in is not looked at again.
  return absl::StrReplaceAll(kEmbeddedReportPageHtml,
                             {{"{{style}}", kEmbeddedReportPageCss},
                              {"{{source}}", Escaped(result.source)},
                              {"{{headline}}", Escaped(verdict.headline)},
                              {"{{proof}}", Escaped(verdict.proof)},
                              {"{{costs}}", Escaped(verdict.costs)},
                              {"{{fixed}}", Escaped(verdict.fixed)},
                              {"{{personal}}", Escaped(verdict.personal)},
                              {"{{in_force}}", Escaped(verdict.in_force)},
                              {"{{ceiling}}", Escaped(verdict.ceiling)},
                              {"{{alone}}", Escaped(verdict.alone)},
                              {"{{doubt}}", Escaped(verdict.doubt)},
                              {"{{meaning}}", Escaped(verdict.meaning)},
                              {"{{fidelity}}", Escaped(verdict.fidelity)},
                              {"{{figures}}", ReportJson(result, ranking)},
                              {"{{library}}", kEmbeddedChartMinJs},
                              {"{{charts}}", kEmbeddedReportChartsJs},
                              {"{{script}}", kEmbeddedReportPageJs}});
}

}  // namespace tenuto
