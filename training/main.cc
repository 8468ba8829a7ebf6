// `tenuto <verb>`: the offline program. Composes what verbs need; each verb is
// in the file named after it.
#include <malloc.h>

#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "features/base/atomic_file.h"
#include "features/base/clock.h"
#include "features/base/status_macros.h"
#include "features/catalogue.h"
#include "features/rocks_ledger.h"
#include "training/verb.h"
#include "training/world/ledger_mark.h"

namespace tenuto {
namespace {

constexpr int kBadInput = 2;
constexpr int kFailure = 1;
constexpr char kKeyFile[] = "user.key";

absl::StatusOr<OpenedLedger> OpenLedger(const std::filesystem::path& directory,
                                        LedgerAccess access) {
  const bool read_only = access == LedgerAccess::kRead;
  std::error_code error;
  if (read_only && !std::filesystem::exists(directory / "rocks", error)) {
    return absl::NotFoundError(
        absl::StrCat("there is no ledger in ", directory.string(),
                     "; make one with `tenuto import` or `tenuto world "
                     "generate`"));
  }
  if (!read_only) {
    const absl::Status made = MakePrivateDirectory(directory);
    if (!made.ok()) return absl::InvalidArgumentError(made.message());
  }
  const std::filesystem::path key_file = directory / kKeyFile;
  TENUTO_ASSIGN_OR_RETURN(
      UserKeys keys,
      read_only ? UserKeys::Open(key_file) : UserKeys::OpenOrCreate(key_file));
  RocksLedgerOptions options;
  options.directory = directory;
  options.read_only = read_only;
  options.clock = &Clock::Real();
  TENUTO_ASSIGN_OR_RETURN(
      std::unique_ptr<Ledger> ledger,
      OpenRocksLedger(options, Catalogue::Embedded(), keys));
  // Half a world looks like a whole one to whoever learns from it.
  if (read_only) {
    TENUTO_RETURN_IF_ERROR(world::CheckWhole(*ledger, directory));
  }
  return OpenedLedger{std::move(keys), std::move(ledger)};
}

int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kDataLoss:
      return kBadInput;
    default:
      return kFailure;
  }
}

// What is wrong where a verb should stand: CLI11 would complain of the flags
// after it instead. Empty when the words name a verb.
std::string WrongVerb(const CLI::App& app, int argc, char** argv) {
  std::string said = app.get_name();
  const CLI::App* group = &app;
  for (int k = 1;; ++k) {
    std::vector<std::string> names;
    const CLI::App* next = nullptr;
    for (const CLI::App* verb :
         group->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(verb->get_name());
      if (k < argc && verb->check_name(argv[k])) next = verb;
    }
    if (names.empty() || (k < argc && argv[k][0] == '-')) return "";
    if (next == nullptr) {
      return absl::StrCat(
          k < argc
              ? absl::StrCat("\"", argv[k], "\" is no verb of `", said, "`")
              : absl::StrCat("`", said, "` needs a verb"),
          "; there are: ", absl::StrJoin(names, ", "));
    }
    absl::StrAppend(&said, " ", argv[k]);
    group = next;
  }
}

// A mistyped flag is often the one that CLI11 then calls missing.
std::string UnknownFlag(const CLI::App& app) {
  for (const std::string& word : app.remaining(true)) {
    if (word.size() > 1 && word[0] == '-') {
      return absl::StrCat("there is no flag ", word.substr(0, word.find('=')));
    }
  }
  return "";
}

// A list of verbs has of each only how its help begins.
class OneLineAVerb final : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* verb) const override {
    const std::string text = verb->get_description();
    return absl::StrFormat("  %-14s%s\n", verb->get_name(),
                           text.substr(0, text.find_first_of(".?:;(\n")));
  }
};

// Training makes and drops large arrays again and again. Given back to the
// system, each comes as new pages, which are cleared: a tenth of all time.
void KeepFreedMemory() {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

int Main(int argc, char** argv) {
  KeepFreedMemory();
  const Workshop workshop{Clock::Real(), Catalogue::Embedded(), OpenLedger};
  CLI::App app(
      "Tenuto keeps premium subscribers: events in, churn models and decisions "
      "out.\nExit status: 0 done, 1 failure, 2 bad input (one line says what "
      "and where).");
  app.name("tenuto");
  app.formatter(std::make_shared<OneLineAVerb>());
  app.footer("`tenuto VERB --help` tells the rest.");
  app.require_subcommand(1);
  app.set_version_flag("--version", TENUTO_VERSION);
  VerbRun run;
  AddImportVerb(app, workshop, run);
  AddWorldVerb(app, workshop, run);
  AddSimulateVerb(app, workshop, run);
  AddTrainVerb(app, workshop, run);
  AddScoreVerb(app, workshop, run);
  AddReplayVerb(app, workshop, run);
  AddBackfillVerb(app, workshop, run);
  AddDoctorVerb(app, workshop, run);
  AddDescribeVerb(app, workshop, run);
  AddEraseVerb(app, workshop, run);
  AddCheckpointVerb(app, workshop, run);
  AddCallVerb(app, workshop, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::string wrong = WrongVerb(app, argc, argv);
    if (wrong.empty()) wrong = UnknownFlag(app);
    std::fprintf(stderr, "tenuto: %s; see --help\n",
                 wrong.empty() ? error.what() : wrong.c_str());
    return kBadInput;
  }
  const absl::Status status = run();
  if (!status.ok()) {
    std::fflush(stdout);  // Where both go to one file, this line is the last.
    std::fprintf(stderr, "tenuto: %s\n", std::string(status.message()).c_str());
  }
  return ExitCode(status);
}

}  // namespace
}  // namespace tenuto

int main(int argc, char** argv) { return tenuto::Main(argc, argv); }
