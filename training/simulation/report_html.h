// The HTML report of a policy simulation: one file that needs no network, for a
// phone or a desk, with charts by Chart.js. Page, style and scripts are files
// of their own (report_page.*, report_charts.js), put together here.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_REPORT_HTML_H_
#define TENUTO_TRAINING_SIMULATION_REPORT_HTML_H_

#include <string>

#include "training/simulation/simulation_result.h"

namespace tenuto {

// The same result gives the same bytes; how long it took is not in them.
std::string ReportHtml(const SimulationResult& result);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_REPORT_HTML_H_
