// Our own events, one tenuto.v1.Event a line in the JSON form of proto3: what
// to convert to when no other format fits.
// Thread-safe.
#ifndef TENUTO_TRAINING_IMPORTERS_JSONL_H_
#define TENUTO_TRAINING_IMPORTERS_JSONL_H_

#include <memory>

#include "training/importers/format.h"

namespace tenuto {

// Reason of its own: MALFORMED_JSON, which includes fields that Event has not.
std::unique_ptr<Format> MakeJsonlFormat();

}  // namespace tenuto

#endif  // TENUTO_TRAINING_IMPORTERS_JSONL_H_
