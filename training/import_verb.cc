#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "training/flag_values.h"
#include "training/fresh_ledger.h"
#include "training/importers/format.h"
#include "training/importers/import_run.h"
#include "training/line_source.h"
#include "training/progress.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr std::int64_t kMegabyte = 1'000'000;

struct ImportFlags {
  ImportOptions options;
  std::string input, ledger, summary;
  std::string assume_consent = "granted";
  std::string time_gap_max = "730d";
};

std::string Description() {
  std::string text =
      "Take a log file into a ledger.\n"
      "Lines that cannot be used are counted by reason, and the first of each "
      "reason are shown.\n"
      "Importing a file twice accepts nothing the second time; an import that "
      "was interrupted goes on\n"
      "behind the last line that is durable. A run that fails without an event "
      "takes back the ledger\n"
      "it made.\n\n"
      "A gzip file that is cut off or damaged is taken in up to the fault, and "
      "the exit status is 2:\n"
      "its good lines are kept because nothing is lost by it. Import the "
      "mended "
      "file later; event ids\n"
      "tell what is there already, so each event is accepted exactly once.\n\n"
      "A line is refused as TIME_FAR_FROM_NEIGHBOURS when its time is more "
      "than "
      "--time-gap-max away from\n"
      "every time admitted before it and from 15 of 16 of the lines around it "
      "(4096 before, 4096 after):\n"
      "one wrong clock would move the whole history. Lines need not be sorted "
      "by time.\n\nFormats:\n";
  for (const FormatEntry& format : Formats()) {
    absl::StrAppend(&text, "  ", format.name, ": ", format.description, "\n");
  }
  return text;
}

// Guests say nothing that we take in; a log of nobody else is no mistake.
bool IsOfGuestsOnly(const ImportReport& report) {
  return report.rejected.size() == 1 &&
         report.rejected.begin()->first == "EMPTY_USER_ID";
}

absl::Status Verdict(const ImportFlags& flags, const ImportReport& report) {
  TENUTO_RETURN_IF_ERROR(report.file_fault);
  if (report.lines == 0 || report.lines > report.rejected_count() ||
      IsOfGuestsOnly(report)) {
    return absl::OkStatus();
  }
  const auto& [reason, of_reason] =
      *std::max_element(report.rejected.begin(), report.rejected.end(),
                        [](const auto& a, const auto& b) {
                          return a.second.count < b.second.count;
                        });
  return absl::InvalidArgumentError(absl::StrCat(
      "no line of ", flags.input,
      report.readable == 0 ? " reads as " : " can be used as ",
      flags.options.format, "; line ", of_reason.first.front().line, " is ",
      reason, " (", of_reason.first.front().message, ")",
      report.readable == 0 ? "; is --format right?" : ""));
}

void Print(const ImportFlags& flags, const ImportReport& report) {
  std::string text =
      absl::StrCat("imported ", flags.input, " as ", flags.options.format,
                   " into ", flags.ledger, "\n");
  if (report.resumed_at_line > 0) {
    absl::StrAppend(&text, "  went on at line ", report.resumed_at_line,
                    ", where an earlier import stopped\n");
  }
  if (report.repeated) {
    absl::StrAppend(&text, "  this file had been imported before\n");
  }
  absl::StrAppend(&text, report.ToText(), "  assumed: every user met has ",
                  flags.assume_consent,
                  " the use of behaviour and messages (--assume-consent)\n");
  std::fputs(text.c_str(), stdout);
}

// With the ledger open: what the run came to.
absl::Status ImportInto(const Workshop& workshop, const ImportFlags& flags,
                        const OpenedLedger& opened, LineSource& source) {
  Progress progress(workshop.clock, "importing",
                    source.file().file_bytes() / kMegabyte, "MB");
  ImportOptions options = flags.options;
  options.lines.assumed_consent = flags.assume_consent == "granted"
                                      ? v1::CONSENT_GRANTED
                                      : v1::CONSENT_WITHHELD;
  options.on_progress = [&progress](const LineSource& lines) {
    progress.Update(lines.file().read_bytes() / kMegabyte);
  };
  TENUTO_ASSIGN_OR_RETURN(
      const ImportReport report,
      RunImport(options, source, opened.keys, workshop.clock, *opened.ledger));
  Print(flags, report);
  if (!flags.summary.empty()) {
    TENUTO_RETURN_IF_ERROR(WriteFileAtomically(flags.summary, report.ToJson()));
  }
  return Verdict(flags, report);
}

absl::Status Import(const Workshop& workshop, ImportFlags flags) {
  // Everything about the input first: a mistake leaves no ledger behind.
  TENUTO_RETURN_IF_ERROR(MakeFormat(flags.options.format).status());
  TENUTO_RETURN_IF_ERROR(CheckSummary(flags.summary, {flags.input}));
  TENUTO_ASSIGN_OR_RETURN(flags.options.lines.time_gap_max,
                          ParseDays("--time-gap-max", flags.time_gap_max));
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<LineSource> source,
                          LineSource::Open(flags.input));
  const FreshLedger fresh(flags.ledger);
  absl::Status status;
  bool is_empty = true;
  {
    const absl::StatusOr<OpenedLedger> opened =
        workshop.open_ledger(flags.ledger, LedgerAccess::kWrite);
    // One that another process holds is that one's.
    if (absl::IsFailedPrecondition(opened.status())) return opened.status();
    status = opened.ok() ? ImportInto(workshop, flags, *opened, *source)
                         : opened.status();
    if (opened.ok()) is_empty = opened->ledger->Facts().last_position == 0;
  }
  if (!status.ok() && is_empty) fresh.TakeBack();
  return status;
}

}  // namespace

void AddImportVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* const verb = app.add_subcommand("import", Description());
  const auto flags = std::make_shared<ImportFlags>();
  verb->add_option("--format", flags->options.format,
                   absl::StrCat("Format of the lines: ", FormatNames()))
      ->required();
  verb->add_option("--input", flags->input, "File of lines, plain or gzip")
      ->required();
  verb->add_option("--ledger", flags->ledger,
                   "Directory of the ledger; made when there is none")
      ->required();
  verb->add_option("--assume-consent", flags->assume_consent,
                   "What is recorded as an assumption for every user met, "
                   "because logs hold no answers; a real answer wins")
      ->check(CLI::IsMember({"granted", "withheld"}))
      ->capture_default_str();
  verb->add_option("--time-gap-max", flags->time_gap_max,
                   "How far a line's time may be from those around it, as in "
                   "30d; more suits sparse logs, less one sorted by time")
      ->capture_default_str();
  verb->add_option("--summary", flags->summary, "Write the counts as JSON");
  verb->add_flag("--restart", flags->options.restart,
                 "Read from the first line, even where an earlier import "
                 "stopped later");
  verb->callback([flags, &workshop, &run] {
    run = [flags, &workshop] { return Import(workshop, *flags); };
  });
}

}  // namespace tenuto
