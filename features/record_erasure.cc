#include "features/record_erasure.h"

#include <string>
#include <system_error>

#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/record_file.h"

namespace tenuto {
namespace {

absl::Status EraseFrom(const std::filesystem::path& file,
                       const ErasureList& erased, const UserKeys& keys) {
  std::string kept(kRecordFileMagic.data(), kRecordFileMagic.size());
  bool found = false;
  TENUTO_RETURN_IF_ERROR(
      ReadRecordFile(file, [&](const v1::ScoreRecord& record) {
        if (IsErased(erased, keys, record)) {
          found = true;
        } else {
          AppendRecordFrame(record, kept);
        }
        return true;
      }).status());
  return found ? WriteFileAtomically(file, kept, 0600) : absl::OkStatus();
}

}  // namespace

bool IsErased(const ErasureList& erased, const UserKeys& keys,
              const v1::ScoreRecord& record) {
  return record.user_key().size() == UserKey().bytes.size() &&
         erased.Covers(keys, UserKey::FromBytes(record.user_key()),
                       record.as_of_us(), record.applied_through());
}

absl::Status EraseScoreRecords(const std::filesystem::path& directory,
                               const ErasureList& erased, const UserKeys& keys,
                               std::int64_t end) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) return absl::OkStatus();
  TENUTO_ASSIGN_OR_RETURN(ErasureList done, ErasureList::Load(directory));
  const ErasureList pending = erased.Without(done);
  if (pending.entries().empty()) return absl::OkStatus();
  TENUTO_ASSIGN_OR_RETURN(const RecordFiles files, ListRecordFiles(directory));
  for (const auto& [number, file] : files) {
    if (number >= end) break;
    TENUTO_RETURN_IF_ERROR(EraseFrom(file, pending, keys));
  }
  done.Add(pending);
  return done.Save(directory);
}

}  // namespace tenuto
