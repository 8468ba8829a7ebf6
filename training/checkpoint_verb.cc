// `tenuto checkpoint`: a copy of a ledger that no server holds.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/store_lock.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr char kKeyFile[] = "user.key";

struct Options {
  std::string ledger;
  std::string to;
  std::string summary;
  bool with_key = false;
};

absl::Status Run(const Options& options, const Workshop& workshop) {
  const std::filesystem::path from = options.ledger;
  std::error_code error;
  if (!std::filesystem::exists(from / "rocks", error)) {
    return absl::NotFoundError(
        absl::StrCat("--ledger: there is no ledger in ", from.string()));
  }
  if (const std::string holder = WriterOf(from); !holder.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the ledger ", from.string(), " is held by ", holder,
        "; if that is a server, let it make the checkpoint: `tenuto call "
        "Admin.CreateCheckpoint '{\"name\":\"NAME\"}'`; else wait for it"));
  }
  const absl::Time start = workshop.clock.Now();
  TENUTO_ASSIGN_OR_RETURN(const OpenedLedger opened,
                          workshop.open_ledger(from, LedgerAccess::kWrite));
  TENUTO_ASSIGN_OR_RETURN(const Position last,
                          opened.ledger->Checkpoint(options.to));
  if (options.with_key) {
    TENUTO_ASSIGN_OR_RETURN(const std::string key, ReadFile(from / kKeyFile));
    TENUTO_RETURN_IF_ERROR(WriteFileAtomically(
        std::filesystem::path(options.to) / kKeyFile, key, 0600));
  }
  const double seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  std::printf("checkpoint through position %llu in %.2f s: %s%s\n",
              static_cast<unsigned long long>(last), seconds,
              options.to.c_str(),
              options.with_key ? "" : " (without user.key)");
  if (options.summary.empty()) return absl::OkStatus();
  return WriteFileAtomically(options.summary,
                             absl::StrCat("{\"last_position\":", last,
                                          ",\"seconds\":", seconds, "}\n"));
}

}  // namespace

void AddCheckpointVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* verb = app.add_subcommand(
      "checkpoint",
      "Copy a ledger as of now; the copy is a ledger itself. Beside a running "
      "server use `tenuto call Admin.CreateCheckpoint`. The copy has no "
      "user.key: with it, whoever has the copy can tell which account a user "
      "key is. Keep the key apart, and put it back to open the copy.");
  const auto options = std::make_shared<Options>();
  verb->add_option("--ledger", options->ledger, "Ledger directory")->required();
  verb->add_option("--to", options->to, "Directory to make")->required();
  verb->add_flag("--with-key", options->with_key, "Copy user.key, too");
  verb->add_option("--summary", options->summary,
                   "Write position and seconds as JSON");
  verb->callback([&workshop, &run, options] {
    run = [&workshop, options] { return Run(*options, workshop); };
  });
}

}  // namespace tenuto
