#include "features/ledger_doctor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/erasure_list.h"
#include "features/ledger.h"
#include "features/ledger_log.h"
#include "features/ledger_meta.h"
#include "features/log_file_check.h"
#include "features/rocks_store.h"
#include "features/store_lock.h"
#include "features/user_key.h"

namespace tenuto {
namespace {

namespace fs = std::filesystem;

constexpr char kKeyFile[] = "user.key";
constexpr char kFirstOfFile[] =
    "; the first damage of this file, what follows was not looked at";

absl::Status MustBeAlone(const fs::path& directory) {
  const std::string writer = WriterOf(directory);
  if (writer.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the ledger ", directory.string(), " is held by ", writer,
                   "; stop it first"));
}

absl::Status ExamineLogs(const fs::path& database, LedgerExamination& found) {
  std::vector<fs::path> files = LogFilesOf(database);
  const std::size_t logs = files.size();
  found.log_files = static_cast<int>(logs);
  if (const fs::path manifest = ManifestOf(database); !manifest.empty()) {
    files.push_back(manifest);
  } else {
    found.problems.push_back(
        {database / "CURRENT", std::nullopt, "names no MANIFEST", false});
  }
  for (std::size_t k = 0; k < files.size(); ++k) {
    TENUTO_ASSIGN_OR_RETURN(const LogFileCheck check,
                            CheckLogFile(files[k], CheckDepth::kChecksums));
    if (k < logs) found.log_records += check.records;
    if (check.end == LogEnd::kTorn && k < logs) ++found.torn_tails;
    if (check.end == LogEnd::kDamaged || check.end == LogEnd::kDamagedLast) {
      const bool last = check.end == LogEnd::kDamagedLast;
      found.problems.push_back(
          {files[k], check.offset,
           absl::StrCat("the record ", check.what, last ? "" : kFirstOfFile),
           last && k + 1 == logs});
    }
  }
  return absl::OkStatus();
}

// RocksDB's texts end "... in FILE offset N size M".
std::optional<std::uint64_t> OffsetIn(absl::string_view text) {
  constexpr char kWord[] = " offset ";
  const std::size_t at = text.find(kWord);
  if (at == absl::string_view::npos) return std::nullopt;
  text.remove_prefix(at + std::strlen(kWord));
  std::uint64_t offset = 0;
  return absl::SimpleAtoi(text.substr(0, text.find(' ')), &offset)
             ? std::optional(offset)
             : std::nullopt;
}

absl::Status ExamineTables(const fs::path& database, LedgerExamination& found) {
  std::error_code error;
  for (fs::directory_iterator it(database, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() != ".sst") continue;
    ++found.table_files;
    const absl::Status status = CheckTableFile(it->path());
    if (status.ok()) continue;
    found.problems.push_back(
        {it->path(), OffsetIn(status.message()),
         absl::StrCat(std::string(status.message()), kFirstOfFile), false});
  }
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot list ", database.string(), ": ", error.message()));
}

// The key, if there is one that can be used.
std::optional<UserKeys> ExamineKey(const fs::path& directory,
                                   LedgerExamination& found) {
  const fs::path file = directory / kKeyFile;
  absl::StatusOr<UserKeys> keys = UserKeys::Open(file);
  if (keys.ok()) return *std::move(keys);
  if (!absl::IsNotFound(keys.status())) {  // A checkpoint has none.
    found.problems.push_back({file, std::nullopt,
                              std::string(keys.status().message()), false,
                              /*beside=*/true});
  }
  return std::nullopt;
}

absl::Status ExamineErasures(const fs::path& directory,
                             LedgerExamination& found) {
  const absl::Status read = ErasureList::Load(directory).status();
  if (!absl::IsDataLoss(read)) return read;
  found.problems.push_back({directory / kErasedUsersFile, std::nullopt,
                            std::string(read.message()), false,
                            /*beside=*/true});
  return absl::OkStatus();
}

// What only shows when the files are read together: as a writer would open
// them, and every record of the log decoded.
absl::Status ExamineWhole(const fs::path& directory,
                          const std::optional<UserKeys>& keys,
                          LedgerExamination& found) {
  RocksStoreOptions options;
  options.directory = directory;
  options.read_only = true;
  options.alone = true;
  TENUTO_ASSIGN_OR_RETURN(const auto store, RocksStore::Open(options));
  if (keys) {
    const absl::Status fits =
        CheckIdentity(*store, {directory.string(), keys->CheckValue(), ""})
            .status();
    if (absl::IsFailedPrecondition(fits)) {
      found.problems.push_back({directory / kKeyFile, std::nullopt,
                                std::string(fits.message()), false,
                                /*beside=*/true});
    } else if (!fits.ok()) {
      return fits;
    }
  }
  for (int partition = 0; partition < kPartitions; ++partition) {
    TENUTO_RETURN_IF_ERROR(
        ScanLog(*store, partition, 0, [&](const LoggedEvent&) {
          ++found.events;
          return true;
        }));
  }
  return absl::OkStatus();
}

absl::Status SystemError(const fs::path& file) {
  return absl::UnavailableError(
      absl::StrCat("cannot cut ", file.string(), ": ", std::strerror(errno)));
}

absl::Status CutAt(const fs::path& file, std::uint64_t size) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return SystemError(file);
  const auto close = absl::MakeCleanup([fd] { ::close(fd); });
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0 || ::fsync(fd) != 0) {
    return SystemError(file);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LedgerExamination> ExamineLedger(const fs::path& directory) {
  const fs::path database = directory / "rocks";
  std::error_code error;
  if (!fs::is_directory(database, error)) {
    return absl::NotFoundError(
        absl::StrCat("there is no ledger in ", directory.string()));
  }
  TENUTO_RETURN_IF_ERROR(MustBeAlone(directory));
  LedgerExamination found;
  TENUTO_RETURN_IF_ERROR(ExamineLogs(database, found));
  TENUTO_RETURN_IF_ERROR(ExamineTables(database, found));
  const bool files_are_whole = found.problems.empty();
  const std::optional<UserKeys> keys = ExamineKey(directory, found);
  TENUTO_RETURN_IF_ERROR(ExamineErasures(directory, found));
  if (!files_are_whole) return found;
  const absl::Status whole = ExamineWhole(directory, keys, found);
  if (absl::IsDataLoss(whole)) {
    // RocksDB looks for a table under its name of before last, and says that.
    found.problems.push_back(
        {database, std::nullopt,
         absl::StrReplaceAll(std::string(whole.message()), {{".ldb", ".sst"}}),
         false});
    return found;
  }
  TENUTO_RETURN_IF_ERROR(whole);
  return found;
}

absl::StatusOr<fs::path> RepairTail(const fs::path& directory,
                                    const LedgerExamination& examination) {
  if (examination.problems.size() != 1 ||
      !examination.problems[0].only_last_record) {
    return absl::FailedPreconditionError(
        "nothing was changed: more than the last record of the newest "
        "write-ahead log is affected");
  }
  TENUTO_RETURN_IF_ERROR(MustBeAlone(directory));
  const LedgerProblem& problem = examination.problems[0];
  TENUTO_ASSIGN_OR_RETURN(const std::string bytes,
                          ReadFile(problem.file, std::int64_t{1} << 32));
  if (*problem.offset > bytes.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat(problem.file.string(), " changed since it was examined"));
  }
  const fs::path copy =
      directory / absl::StrCat(problem.file.filename().string(), ".cut_at_",
                               *problem.offset);
  TENUTO_RETURN_IF_ERROR(WriteFileAtomically(
      copy, absl::string_view(bytes).substr(*problem.offset), 0600));
  TENUTO_RETURN_IF_ERROR(CutAt(problem.file, *problem.offset));
  return copy;
}

}  // namespace tenuto
