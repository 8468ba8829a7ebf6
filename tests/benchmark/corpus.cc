#include "tests/benchmark/corpus.h"

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "features/base/clock.h"
#include "features/base/log.h"
#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "features/rocks_ledger.h"
#include "tests/support/temp_folder.h"
#include "training/importers/import_run.h"
#include "training/line_source.h"
#include "training/replayer.h"
#include "training/world/generate.h"

namespace tenuto::testing {
namespace {

// Enough that neither events nor states lie in a processor's cache.
constexpr std::size_t kEventsMax = 1'000'000;

void Check(const absl::Status& status) {
  TENUTO_CHECK(status.ok(), status.ToString());
}

// The ledger that the corpus is read from.
class Origin {
 public:
  Origin() {
    const char* const directory = std::getenv("TENUTO_LEDGER");
    const char* const data = std::getenv("TENUTO_DATA_DIR");
    const std::filesystem::path log =
        std::filesystem::path(data != nullptr ? data : "../shared/data") /
        "eventsim_dev" / "events.jsonl.gz";
    if (directory != nullptr) {
      name_ = directory;
      OpenRocks(directory, true);
    } else if (std::filesystem::exists(log)) {
      name_ = "eventsim_dev";
      OpenRocks(folder_.path() / "ledger", false);
      const auto source = LineSource::Open(log);
      Check(source.status());
      Check(RunImport({.format = "eventsim"}, **source, *keys_, Clock::Real(),
                      *ledger_)
                .status());
    } else {
      Live();
    }
  }
  const std::string& name() const { return name_; }
  const Ledger& ledger() const { return *ledger_; }

 private:
  void OpenRocks(const std::filesystem::path& directory, bool read_only) {
    auto keys = read_only ? UserKeys::Open(directory / "user.key")
                          : UserKeys::FromSecret("benchmark");
    Check(keys.status());
    keys_ = std::make_unique<UserKeys>(*std::move(keys));
    auto ledger = OpenRocksLedger({.directory = directory,
                                   .read_only = read_only,
                                   .clock = &Clock::Real()},
                                  Catalogue::Embedded(), *keys_);
    Check(ledger.status());
    ledger_ = *std::move(ledger);
  }
  void Live() {
    name_ = "world of 1,000 people, 120 days, seed 1";
    keys_ = std::make_unique<UserKeys>(UserKeys::FromSecret("benchmark"));
    ledger_ = std::make_unique<MemoryLedger>(Catalogue::Embedded());
    world::WorldOptions options;
    options.users = 1000;
    options.days = 120;
    options.truth_every_days = 0;
    Check(world::GenerateWorld(options, folder_.path() / "truth.csv", *keys_,
                               Clock::Real(), *ledger_, [](int) {})
              .status());
  }

  const TempFolder folder_;
  std::string name_;
  std::unique_ptr<UserKeys> keys_;
  std::unique_ptr<Ledger> ledger_;
};

Corpus Read() {
  const Origin origin;
  Corpus corpus;
  corpus.origin = origin.name();
  corpus.history_start = origin.ledger().Facts().history_start;
  corpus.history_end = origin.ledger().Facts().history_end;
  std::size_t events = 0;
  for (int part = 0; part < kPartitions && events < kEventsMax; ++part) {
    Check(VisitUsers(
        origin.ledger(), part,
        [&](const UserKey& user, absl::Span<const LoggedEvent> logged) {
          auto& life = corpus.lives.emplace_back();
          for (const LoggedEvent& event : logged) {
            life.emplace_back(event.event);
          }
          events += logged.size();
          return origin.ledger().LoadState(user, corpus.states.emplace_back());
        }));
  }
  return corpus;
}

}  // namespace

const Corpus& BenchmarkCorpus() {
  static const auto* const corpus = new Corpus(Read());
  return *corpus;
}

}  // namespace tenuto::testing
