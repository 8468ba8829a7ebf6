// `tenuto ledger-doctor`: what is wrong with a ledger's files, and the one
// repair that loses nothing but what is damaged.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "features/ledger_doctor.h"
#include "training/verb.h"

namespace tenuto {
namespace {

struct Options {
  std::string ledger;
  bool repair_tail = false;
};

// What is wrong lies beside it.
bool LogIsWhole(const LedgerExamination& found) {
  return std::all_of(
      found.problems.begin(), found.problems.end(),
      [](const LedgerProblem& problem) { return problem.beside; });
}

void Print(const LedgerExamination& found) {
  std::printf("write-ahead logs %8d files, %lld records\n", found.log_files,
              static_cast<long long>(found.log_records));
  std::printf("tables           %8d files\n", found.table_files);
  if (found.torn_tails > 0) {
    std::printf(
        "torn tails       %8d, as a crash leaves them: nothing acknowledged "
        "was in them, the next start cuts them off\n",
        found.torn_tails);
  }
  for (const LedgerProblem& problem : found.problems) {
    std::printf("damaged          %s", problem.file.c_str());
    if (problem.offset) {
      std::printf(", offset %llu",
                  static_cast<unsigned long long>(*problem.offset));
    }
    std::printf(": %s%s\n", problem.what.c_str(),
                problem.only_last_record
                    ? "; only the last record of the newest log"
                    : "");
  }
  if (LogIsWhole(found)) {
    std::printf("events           %8lld, every one decodes\n%s",
                static_cast<long long>(found.events),
                found.problems.empty() ? "healthy\n" : "");
  }
}

// What an operator does about `found`.
std::string Advice(const std::string& ledger, const LedgerExamination& found) {
  if (found.problems.size() == 1 && found.problems[0].only_last_record) {
    return absl::StrCat(
        "only the last commit is damaged. If power failed while it was "
        "written, it was never acknowledged: `tenuto ledger-doctor --ledger ",
        ledger,
        " --repair-tail` cuts it off and keeps a copy. If not, restore the "
        "last backup instead");
  }
  if (LogIsWhole(found)) {
    return "put a good copy of the files named in their place (RUNBOOK.md "
           "\"What to back up\"); log and states are as they were written";
  }
  return "copy the directory, look at the disk, restore the last backup and "
         "let producers resend since then; event ids make that safe";
}

absl::Status Run(const Options& options) {
  TENUTO_ASSIGN_OR_RETURN(LedgerExamination found,
                          ExamineLedger(options.ledger));
  Print(found);
  if (found.problems.empty()) return absl::OkStatus();
  if (!options.repair_tail) {
    return absl::DataLossError(
        absl::StrCat("the ledger is damaged: ", Advice(options.ledger, found)));
  }
  const absl::StatusOr<std::filesystem::path> copy =
      RepairTail(options.ledger, found);
  if (absl::IsFailedPrecondition(copy.status())) {
    return absl::DataLossError(
        absl::StrCat(std::string(copy.status().message()), "; ",
                     Advice(options.ledger, found)));
  }
  TENUTO_RETURN_IF_ERROR(copy.status());
  std::printf("cut off; what was there is in %s\n", copy->c_str());
  TENUTO_ASSIGN_OR_RETURN(found, ExamineLedger(options.ledger));
  Print(found);
  return found.problems.empty()
             ? absl::OkStatus()
             : absl::DataLossError(absl::StrCat("the ledger is still damaged: ",
                                                Advice(options.ledger, found)));
}

}  // namespace

void AddDoctorVerb(CLI::App& app, const Workshop&, VerbRun& run) {
  CLI::App* verb = app.add_subcommand(
      "ledger-doctor",
      "Examine every checksum and record of a ledger; no server may hold it; "
      "user.key and erased_users.txt, too, if they are there. Says for the "
      "first damage of each file the offset "
      "and whether only the last record of the newest write-ahead log is "
      "affected. Changes nothing unless --repair-tail is given. Exit status: "
      "0 healthy, 2 damaged (the last line says what to do).");
  const auto options = std::make_shared<Options>();
  verb->add_option("--ledger", options->ledger, "Ledger directory")->required();
  verb->add_flag("--repair-tail", options->repair_tail,
                 "If only the last record of the newest write-ahead log is "
                 "damaged, cut it off; the bytes are kept beside the ledger's "
                 "key, as NUMBER.log.cut_at_OFFSET");
  verb->callback(
      [&run, options] { run = [options] { return Run(*options); }; });
}

}  // namespace tenuto
