// One file of score records, its frames as record_log.h lays them out: named by
// rising number, read whole, its torn tail told from damage.
// Thread-safe.
#ifndef TENUTO_FEATURES_RECORD_FILE_H_
#define TENUTO_FEATURES_RECORD_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {

inline constexpr absl::string_view kRecordFileMagic = "TNTSCR01";

// Number and path of every record file, by rising number.
using RecordFiles = std::vector<std::pair<std::int64_t, std::filesystem::path>>;
absl::StatusOr<RecordFiles> ListRecordFiles(
    const std::filesystem::path& directory);

void AppendRecordFrame(const v1::ScoreRecord& record, std::string& out);

// The size of the frame that `frames`, whole ones in memory, begin with.
std::size_t RecordFrameSize(absl::string_view frames);

// The whole frames in memory whose record `wants` is true of.
std::string KeepRecordFrames(
    absl::string_view frames,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> wants);

// As ReadScoreRecords, of one file. False: `visit` wanted no more.
absl::StatusOr<bool> ReadRecordFile(
    const std::filesystem::path& path,
    absl::FunctionRef<bool(const v1::ScoreRecord&)> visit);

}  // namespace tenuto

#endif  // TENUTO_FEATURES_RECORD_FILE_H_
