// `tenuto erase`: a user leaves a ledger that no server holds; or everybody
// whom its list of erased users names, after a checkpoint was restored.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/base/status_macros.h"
#include "features/erasure_list.h"
#include "features/record_erasure.h"
#include "features/record_log.h"
#include "training/verb.h"

namespace tenuto {
namespace {

constexpr std::size_t kRequestBytes = 16;

struct Options {
  std::string ledger;
  std::string user;
  std::string summary;
  bool replay = false;
};

absl::Status Check(const Options& options) {
  if (options.replay == !options.user.empty()) {
    return absl::InvalidArgumentError("erase: give --user or --replay");
  }
  // Opening would make what is missing, and a new key fits no ledger.
  std::error_code error;
  const std::filesystem::path directory = options.ledger;
  for (const char* name : {"rocks", "user.key"}) {
    if (!std::filesystem::exists(directory / name, error)) {
      return absl::NotFoundError(absl::StrCat(
          "--ledger: there is no ", (directory / name).string(),
          name == std::string("rocks")
              ? ""
              : "; a checkpoint has none: copy that of its ledger there"));
    }
  }
  return absl::OkStatus();
}

struct Receipt {
  Erasure erasure;  // With --replay: of everybody whom opening erased again.
  ErasedAgain again;
  bool listed_before = false;
  std::size_t listed = 0;
  double seconds = 0;

  // A user is known by a state, marks or answers, too.
  bool known() const { return erasure.bytes > 0; }
};

void PrintReplayed(const Receipt& receipt) {
  std::printf(
      "erased users in the list %zu; %lld of them, with %llu events, were in "
      "the ledger and are erased again, in %.2f s\n",
      receipt.listed, static_cast<long long>(receipt.again.users),
      static_cast<unsigned long long>(receipt.again.events), receipt.seconds);
}

void PrintErased(const Receipt& receipt) {
  std::printf("erased %llu events, %llu bytes, in %.2f s\n",
              static_cast<unsigned long long>(receipt.erasure.events),
              static_cast<unsigned long long>(receipt.erasure.bytes),
              receipt.seconds);
  if (receipt.known()) return;
  std::printf("nothing was known of this user%s\n",
              receipt.listed_before
                  ? "; the list of erased users names them already"
                  : ": is the id right?");
}

std::string Summary(const Options& options, const Receipt& receipt) {
  const Erasure& erasure = receipt.erasure;
  std::string json =
      absl::StrCat("{\"events\":", erasure.events, ",\"bytes\":", erasure.bytes,
                   ",\"through_position\":", erasure.through);
  if (!options.replay) {
    absl::StrAppend(
        &json, ",\"known\":", receipt.known() ? "true" : "false",
        ",\"listed_before\":", receipt.listed_before ? "true" : "false");
  }
  absl::StrAppend(&json, ",\"erased_again\":", receipt.again.users,
                  ",\"listed\":", receipt.listed,
                  ",\"seconds\":", receipt.seconds, "}\n");
  return json;
}

absl::Status Run(const Options& options, const Workshop& workshop) {
  TENUTO_RETURN_IF_ERROR(Check(options));
  const absl::Time start = workshop.clock.Now();
  // Opening erases again whom the list names.
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(options.ledger, LedgerAccess::kWrite));
  Receipt receipt;
  receipt.again = opened.ledger->Facts().erased_again;
  if (options.replay) {
    receipt.erasure.events = receipt.again.events;
    receipt.erasure.through = opened.ledger->Facts().last_position;
  } else {
    const UserKey user = opened.keys.Of(options.user);
    TENUTO_ASSIGN_OR_RETURN(const ErasureList before,
                            ErasureList::Load(options.ledger));
    receipt.listed_before =
        before.entries().contains(ErasedName(opened.keys, user));
    TENUTO_ASSIGN_OR_RETURN(
        receipt.erasure,
        opened.ledger->Erase(user, {RandomKey(kRequestBytes), 0}, start));
  }
  TENUTO_ASSIGN_OR_RETURN(const ErasureList erased,
                          ErasureList::Load(options.ledger));
  TENUTO_RETURN_IF_ERROR(
      EraseScoreRecords(std::filesystem::path(options.ledger) / kRecordsFolder,
                        erased, opened.keys));
  receipt.listed = erased.entries().size();
  receipt.seconds = absl::ToDoubleSeconds(workshop.clock.Now() - start);
  if (options.replay) {
    PrintReplayed(receipt);
  } else {
    PrintErased(receipt);
  }
  if (options.summary.empty()) return absl::OkStatus();
  return WriteFileAtomically(options.summary, Summary(options, receipt));
}

}  // namespace

void AddEraseVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* verb = app.add_subcommand(
      "erase",
      "Remove every byte of a user from a ledger: log, state, marks, "
      "remembered answers, score records, and the checkpoints in its folder. "
      "Positions of the log stay taken. An id that the ledger does not know "
      "is no error: the text says so, and the summary has \"known\": false. "
      "Beside a running server use "
      "`tenuto call Admin.EraseUser`.");
  const auto options = std::make_shared<Options>();
  verb->add_option("--ledger", options->ledger, "Ledger directory")->required();
  verb->add_option("--user", options->user, "Account id");
  verb->add_flag("--replay", options->replay,
                 "Erase whom the directory's erased_users.txt names, and say "
                 "how many of them were there; after restoring a checkpoint");
  verb->add_option("--summary", options->summary, "Write the receipt as JSON");
  verb->callback([&workshop, &run, options] {
    run = [&workshop, options] { return Run(*options, workshop); };
  });
}

}  // namespace tenuto
