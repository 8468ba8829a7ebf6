#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "training/flag_values.h"
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
};

std::string Description() {
  std::string text =
      "Take a log file into a ledger.\n"
      "Lines that cannot be used are counted by reason, with the numbers of "
      "the first. Importing a\n"
      "file twice accepts nothing the second time; an import that was "
      "interrupted goes on behind the\n"
      "last line that is durable. A gzip file that is cut off or damaged is "
      "taken in up to the fault\n"
      "and the exit code is 2.\n\nFormats:\n";
  for (const FormatEntry& format : Formats()) {
    absl::StrAppend(&text, "  ", format.name, ": ", format.description, "\n");
  }
  return text;
}

absl::Status Verdict(const ImportFlags& flags, const ImportReport& report) {
  TENUTO_RETURN_IF_ERROR(report.file_fault);
  if (report.lines > 0 && report.readable == 0) {
    const auto& [reason, lines_of_reason] = *report.rejected.begin();
    return absl::InvalidArgumentError(absl::StrCat(
        "no line of ", flags.input, " reads as ", flags.options.format,
        "; line ", lines_of_reason.first_lines.front(), " is ", reason, " (",
        lines_of_reason.first_message, "); is --format right?"));
  }
  return absl::OkStatus();
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

absl::Status Import(const Workshop& workshop, const ImportFlags& flags) {
  // Everything about the input first: a mistake leaves no ledger behind.
  TENUTO_RETURN_IF_ERROR(MakeFormat(flags.options.format).status());
  TENUTO_RETURN_IF_ERROR(CheckSummary(flags.summary));
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<LineSource> source,
                          LineSource::Open(flags.input));
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(flags.ledger, LedgerAccess::kWrite));

  Progress progress(workshop.clock, "importing",
                    source->file().file_bytes() / kMegabyte, "MB");
  ImportOptions options = flags.options;
  options.assumed_consent = flags.assume_consent == "granted"
                                ? v1::CONSENT_GRANTED
                                : v1::CONSENT_WITHHELD;
  options.on_progress = [&progress](const LineSource& lines) {
    progress.Update(lines.file().read_bytes() / kMegabyte);
  };
  TENUTO_ASSIGN_OR_RETURN(
      const ImportReport report,
      RunImport(options, *source, opened.keys, workshop.clock, *opened.ledger));
  Print(flags, report);
  if (!flags.summary.empty()) {
    TENUTO_RETURN_IF_ERROR(WriteFileAtomically(flags.summary, report.ToJson()));
  }
  return Verdict(flags, report);
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
  verb->add_option("--summary", flags->summary, "Write the counts as JSON");
  verb->add_flag("--restart", flags->options.restart,
                 "Read from the first line, even where an earlier import "
                 "stopped later");
  verb->callback([flags, &workshop, &run] {
    run = [flags, &workshop] { return Import(workshop, *flags); };
  });
}

}  // namespace tenuto
