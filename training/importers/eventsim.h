// The log of Interana's eventsim, the simulator behind the public Sparkify
// data: one JSON object a line, a page view or a song each. Names, gender and
// place are not taken, because no feature needs them.
// Thread-safe.
#ifndef TENUTO_TRAINING_IMPORTERS_EVENTSIM_H_
#define TENUTO_TRAINING_IMPORTERS_EVENTSIM_H_

#include <memory>

#include "training/importers/format.h"

namespace tenuto {

// Reasons of its own: MALFORMED_JSON, BAD_TIME, MALFORMED_FIELD,
// UNKNOWN_PAGE. A line with a level other than paid and free is taken without
// a plan and counted as UNKNOWN_LEVEL.
std::unique_ptr<Format> MakeEventsimFormat();

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_EVENTSIM_H_
