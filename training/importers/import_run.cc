#include "training/importers/import_run.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/status_macros.h"
#include "features/seen_events.h"
#include "training/importers/batch_writer.h"
#include "training/importers/format.h"
#include "training/importers/import_mark.h"
#include "training/importers/line_gate.h"
#include "training/peak_memory.h"

namespace tenuto {
namespace {

constexpr std::int64_t kLinesPerLook = 4096;  // At clock and progress.

std::int64_t DayOfTime(absl::Time time) {
  return absl::ToUnixSeconds(time) / 86'400;
}

// Where to begin, by what the ledger knows of this file.
absl::StatusOr<ImportMark> FindStart(const ImportOptions& options,
                                     const std::string& source_name,
                                     absl::Time now, Ledger& ledger,
                                     ImportReport& report) {
  TENUTO_ASSIGN_OR_RETURN(const std::string progress,
                          ledger.LoadMark(source_name));
  if (progress.empty()) return ImportMark();
  absl::StatusOr<ImportMark> mark = ImportMark::Parse(progress);
  if (!mark.ok() && options.restart) return ImportMark();
  TENUTO_RETURN_IF_ERROR(mark.status());
  if (!mark->finished && !options.restart) {
    report.resumed_at_line = mark->line + 1;
    return mark;
  }
  // All of it is read again, and the ledger has to know its events again.
  const std::int64_t age_days = DayOfTime(now) - mark->committed_day;
  if (age_days >= kMarkDays - 1) {
    return absl::AlreadyExistsError(
        absl::StrCat("this file was imported ", age_days,
                     " days ago, and event ids are remembered for ", kMarkDays,
                     " days: importing it again would count its events twice"));
  }
  report.repeated = mark->finished;
  return ImportMark();
}

class ImportRun {
 public:
  // Goes on after `start`.
  ImportRun(const ImportOptions& options, const ImportMark& start,
            LineSource& source, const Clock& clock, LineGate& gate,
            BatchWriter& writer, ImportReport& report)
      : options_(options),
        source_(source),
        clock_(clock),
        gate_(gate),
        writer_(writer),
        report_(report),
        now_(clock.Now()),
        mark_(start) {
    mark_.finished = false;
  }

  // Submits every batch. An error only where reading the file failed for
  // another reason than its content.
  absl::Status Read();

 private:
  void Settle();
  void Submit();

  const ImportOptions& options_;
  LineSource& source_;
  const Clock& clock_;
  LineGate& gate_;
  BatchWriter& writer_;
  ImportReport& report_;
  absl::Time now_;
  ImportMark mark_;
  std::unique_ptr<ImportBatch> batch_;  // Null: a commit failed.
};

absl::Status ImportRun::Read() {
  batch_ = writer_.Take();
  Line line;
  while (batch_ != nullptr) {
    const absl::StatusOr<bool> more = source_.Next(line);
    if (!more.ok() && !absl::IsDataLoss(more.status())) return more.status();
    if (!more.ok()) report_.file_fault = more.status();
    if (!more.ok() || !*more) {
      while (batch_ != nullptr && !gate_.empty()) Settle();
      mark_.finished = more.ok();
      if (batch_ != nullptr) Submit();
      return absl::OkStatus();
    }
    gate_.Read(line, now_);
    while (batch_ != nullptr && gate_.ready()) Settle();
    if (line.number % kLinesPerLook == 0) {
      now_ = clock_.Now();
      if (options_.on_progress) options_.on_progress(source_);
    }
  }
  return absl::OkStatus();  // The writer says what went wrong.
}

void ImportRun::Settle() {
  const bool ends_line = gate_.Settle(now_, *batch_, report_, mark_);
  if (ends_line && (batch_->size >= options_.batch_events_max ||
                    batch_->bytes >= options_.batch_bytes_max)) {
    Submit();
  }
}

// Sends the batch with the mark and takes the next.
void ImportRun::Submit() {
  mark_.committed_day = DayOfTime(now_);
  // A file that was finished stays finished while it is read again, and of a
  // file in another format nothing is remembered.
  const bool is_known = report_.readable > 0 || report_.resumed_at_line > 0;
  if (is_known && (!report_.repeated || mark_.finished)) {
    batch_->progress = mark_.Format();
  }
  writer_.Submit(std::move(batch_));
  batch_ = writer_.Take();
}

}  // namespace

absl::StatusOr<ImportReport> RunImport(const ImportOptions& options,
                                       LineSource& source, const UserKeys& keys,
                                       const Clock& clock, Ledger& ledger) {
  ImportReport report;
  const absl::Time start_time = clock.Now();
  TENUTO_ASSIGN_OR_RETURN(std::unique_ptr<Format> format,
                          MakeFormat(options.format));
  const std::string source_name =
      ImportSource(options.format, source.file().identity());
  TENUTO_ASSIGN_OR_RETURN(
      const ImportMark start,
      FindStart(options, source_name, start_time, ledger, report));
  source.ReadOnThread();
  if (start.line > 0) {
    TENUTO_RETURN_IF_ERROR(source.SkipTo(start.line, start.end_bytes));
  }
  LineGate gate(options.lines, std::move(format), keys, start);
  BatchWriter writer(ledger, source_name);
  const absl::Status read =
      ImportRun(options, start, source, clock, gate, writer, report).Read();
  TENUTO_RETURN_IF_ERROR(writer.Finish());
  TENUTO_RETURN_IF_ERROR(read);
  report.accepted = writer.accepted();
  report.duplicate = writer.duplicate();
  report.assumed_consents = writer.assumed_consents();
  report.implied_sessions = writer.implied_sessions();
  report.seconds = absl::ToDoubleSeconds(clock.Now() - start_time);
  report.peak_memory_bytes = PeakMemoryBytes();
  return report;
}

}  // namespace tenuto
