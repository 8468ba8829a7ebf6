#include "training/score_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "training/csv_cell.h"
#include "training/pieced_file.h"
#include "training/progress.h"
#include "training/replayer.h"

namespace tenuto {
namespace {

constexpr int kPieces = 1 + kPartitions;  // The first is the line of names.

void AppendHex(const UserKey& user, std::string& text) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : user.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
}

// As "%.9g" would, some times faster.
void AppendProbability(double probability, std::string& text) {
  std::array<char, 32> digits;
  const std::to_chars_result end =
      std::to_chars(digits.data(), digits.data() + digits.size(), probability,
                    std::chars_format::general, 9);
  text.append(digits.data(), end.ptr);
}

// What is kept of a partition beside its lines.
struct Tally {
  std::int64_t users = 0;
  std::int64_t eligible = 0;
  double probability_sum = 0;

  std::string Text() const {
    return absl::StrFormat("%d %d %.17g", users, eligible, probability_sum);
  }
  // Of a text that was written by Text() and checked by its hash.
  static Tally Parse(absl::string_view text) {
    Tally tally;
    const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
    if (words.size() != 3 || !absl::SimpleAtoi(words[0], &tally.users) ||
        !absl::SimpleAtoi(words[1], &tally.eligible) ||
        !absl::SimpleAtod(words[2], &tally.probability_sum)) {
      return {};
    }
    return tally;
  }
};

std::string LinesOf(const std::vector<EveryoneScore>& scores, bool reasons,
                    Tally& tally) {
  std::string lines;
  lines.reserve(scores.size() * 48);
  for (const EveryoneScore& score : scores) {
    AppendHex(score.user, lines);
    lines += score.eligible ? ",1," : ",0,";
    AppendProbability(score.probability, lines);
    if (reasons) {
      absl::StrAppend(&lines, ",",
                      QuotedCell(absl::StrJoin(score.reasons, "; ")));
    }
    lines.push_back('\n');
    tally.eligible += score.eligible;
    tally.probability_sum += score.probability;
  }
  tally.users = static_cast<std::int64_t>(scores.size());
  return lines;
}

// Everything that decides the bytes of the file.
std::string IdentityOf(const Ledger& ledger, const ModelBundle& bundle,
                       const ScoreFileOptions& options, RowSource source) {
  const LedgerFacts facts = ledger.Facts();
  return absl::StrCat(
      "scores by model ", bundle.manifest().model(), "/",
      bundle.manifest().version(), " (",
      Sha256Hex(bundle.manifest().SerializeAsString()).substr(0, 16),
      ") as of ",
      absl::FormatTime(absl::RFC3339_full, options.as_of, absl::UTCTimeZone()),
      " from the ", source == RowSource::kStates ? "states" : "log",
      " of a ledger since ", absl::ToUnixMicros(facts.history_start),
      " up to position ", facts.last_position, ", erased ", options.erased,
      ", reasons ", options.reason_count_max);
}

void SayWhatWasFound(const PiecedFile& file, const ScoreFileOptions& options) {
  if (!file.dropped().empty()) {
    std::fprintf(stderr,
                 "tenuto: %s.partial is of another run (%s); starting again\n",
                 options.output.c_str(), file.dropped().c_str());
  } else if (file.found() > 0) {
    std::fprintf(stderr,
                 "tenuto: going on where an earlier run stopped: %d of %d "
                 "partitions are done\n",
                 file.found() - 1, kPartitions);
  }
}

// Scores partitions and hands them to the file as lines.
class FileFiller {
 public:
  FileFiller(const EveryoneScorer& scorer, bool reasons, PiecedFile& file,
             Progress& progress)
      : scorer_(scorer),
        reasons_(reasons),
        file_(file),
        progress_(progress),
        done_(std::max(0, file.found() - 1)) {}

  absl::Status Fill(int threads) {
    if (file_.found() == 0) {
      TENUTO_RETURN_IF_ERROR(
          file_.Add(0,
                    absl::StrCat("user_key,eligible,probability",
                                 reasons_ ? ",reasons" : "", "\n"),
                    Tally().Text()));
    }
    const absl::Status status =
        ForEachPartition(threads, [this](int partition) {
          if (partition + 1 < file_.found()) return absl::OkStatus();
          const absl::Status filled = FillPartition(partition);
          if (!filled.ok()) Fail(filled);
          return filled;
        });
    if (!absl::IsCancelled(status)) return status;
    const absl::MutexLock lock(&mutex_);
    return cause_.ok() ? status : cause_;
  }

 private:
  absl::Status FillPartition(int partition) {
    std::vector<EveryoneScore> scores;
    TENUTO_RETURN_IF_ERROR(scorer_.ScorePartition(partition, scores));
    Tally tally;
    std::string lines = LinesOf(scores, reasons_, tally);
    TENUTO_RETURN_IF_ERROR(
        file_.Add(partition + 1, std::move(lines), tally.Text()));
    const absl::MutexLock lock(&mutex_);
    progress_.Update(++done_);
    return absl::OkStatus();
  }

  // Other threads may be waiting for the partition, and are told that it never
  // comes: that is not the error to show.
  void Fail(const absl::Status& status) {
    {
      const absl::MutexLock lock(&mutex_);
      if (cause_.ok() && !absl::IsCancelled(status)) cause_ = status;
    }
    file_.Fail();
  }

  const EveryoneScorer& scorer_;
  const bool reasons_;
  PiecedFile& file_;
  absl::Mutex mutex_;
  Progress& progress_ ABSL_GUARDED_BY(mutex_);
  int done_ ABSL_GUARDED_BY(mutex_);
  absl::Status cause_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

double ScoreFileReport::users_per_second() const {
  return static_cast<double>(users - users_found) / seconds;
}

absl::StatusOr<ScoreFileReport> WriteScoreFile(const Ledger& ledger,
                                               const ModelBundle& bundle,
                                               const ScoreFileOptions& options,
                                               const Clock& clock) {
  ScoreFileReport report;
  report.threads = options.threads;
  report.source = ChooseRowSource(ledger.Facts(), options.as_of);
  TENUTO_ASSIGN_OR_RETURN(
      const std::unique_ptr<PiecedFile> file,
      PiecedFile::Open(
          {.path = options.output,
           .identity = IdentityOf(ledger, bundle, options, report.source),
           .pieces = kPieces,
           .ahead_max = 4 * options.threads}));
  SayWhatWasFound(*file, options);
  const EveryoneScorer scorer(ledger, bundle,
                              {.as_of = options.as_of,
                               .source = report.source,
                               .reason_count_max = options.reason_count_max});
  {
    Progress progress(clock, "scoring", kPartitions, "partitions");
    TENUTO_RETURN_IF_ERROR(
        FileFiller(scorer, options.reason_count_max > 0, *file, progress)
            .Fill(options.threads));
    report.seconds = progress.SecondsSinceStart();
  }
  const int found = file->found();
  TENUTO_ASSIGN_OR_RETURN(const std::vector<std::string> tallies,
                          file->Finish());
  for (std::size_t k = 0; k < tallies.size(); ++k) {
    const Tally tally = Tally::Parse(tallies[k]);
    report.users += tally.users;
    report.eligible += tally.eligible;
    report.probability_sum += tally.probability_sum;
    if (static_cast<int>(k) < found) report.users_found += tally.users;
  }
  return report;
}

}  // namespace tenuto
