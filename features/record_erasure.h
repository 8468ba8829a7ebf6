// How erased users leave the score records: files that hold one are written
// again without them, each in one step. A copy of the list in the records'
// folder says who is gone from there already.
// Thread-safe for different folders.
#ifndef TENUTO_FEATURES_RECORD_ERASURE_H_
#define TENUTO_FEATURES_RECORD_ERASURE_H_

#include <cstdint>
#include <filesystem>
#include <limits>

#include "absl/status/status.h"
#include "features/erasure_list.h"
#include "features/user_key.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {

// Whether `erased` covers the score.
bool IsErased(const ErasureList& erased, const UserKeys& keys,
              const v1::ScoreRecord& record);

// Removes what `erased` covers from the files numbered below `end`. Nothing to
// do when all of it was done before, or when there is no such folder. A file
// whose middle is damaged is kDataLoss and stays.
absl::Status EraseScoreRecords(
    const std::filesystem::path& directory, const ErasureList& erased,
    const UserKeys& keys,
    std::int64_t end = std::numeric_limits<std::int64_t>::max());

}  // namespace tenuto

#endif  // TENUTO_FEATURES_RECORD_ERASURE_H_
