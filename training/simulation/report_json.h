// The figures of a report as JSON, which the page's own script turns into
// tables and charts. Nothing of how long the run took: the same seed gives the
// same bytes.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_REPORT_JSON_H_
#define TENUTO_TRAINING_SIMULATION_REPORT_JSON_H_

#include <string>

#include "training/simulation/report_figures.h"
#include "training/simulation/simulation_result.h"

namespace tenuto {

// Safe inside <script>: has no '<', '>' or '&'.
std::string ReportJson(const SimulationResult& result,
                       const PolicyRanking& ranking);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_REPORT_JSON_H_
