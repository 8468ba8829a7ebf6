// Every policy by segment, for scripts: what a summary says of all failed
// payments, of those of each group.
// Thread-safe.
#ifndef TENUTO_TRAINING_SIMULATION_SEGMENTS_CSV_H_
#define TENUTO_TRAINING_SIMULATION_SEGMENTS_CSV_H_

#include <string>

#include "training/simulation/simulation_result.h"

namespace tenuto {

// The file of --segments: a header, then a line for each policy and each
// segment that has payments, everybody first. All figures are totals, money in
// the currency's minor unit; those of one kind add up to everybody. "_low" and
// "_high" are 95 % intervals, which do not add up. In small segments they claim
// too much: cells of a single subscriber's are empty, and where all or none of a
// few were recovered the width is 0, which is no certainty.
std::string SegmentsCsv(const SimulationResult& result);

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SIMULATION_SEGMENTS_CSV_H_
