// What a simulated service is made of.
// Not thread-safe.
#ifndef TENUTO_TESTS_SIMULATION_SIMULATED_PARTS_H_
#define TENUTO_TESTS_SIMULATION_SIMULATED_PARTS_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "features/record_log.h"
#include "gtest/gtest.h"
#include "model/decision/policy.h"
#include "model/model_registry.h"
#include "server/decision_service.h"
#include "server/ingest_service.h"
#include "server/user_scorer.h"
#include "tests/simulation/flaky_ledger.h"
#include "tests/simulation/simulated_service.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_folder.h"

namespace tenuto::testing {

// What a seed does not change; training and threads take long to make.
struct SharedParts {
  SharedParts() {
    const std::filesystem::path models = folder.path() / "models";
    std::filesystem::create_directories(models);
    WriteChurnBundle(models, Catalogue::Embedded());
    registry = std::make_unique<ModelRegistry>(models, Catalogue::Embedded());
    EXPECT_TRUE(registry->Refresh().empty());
    records = *RecordLog::Open({.directory = folder.path() / "records"});
  }
  static SharedParts& Get() {
    static auto* const parts = new SharedParts;
    return *parts;
  }

  const TempFolder folder;
  std::unique_ptr<ModelRegistry> registry;
  std::unique_ptr<RecordLog> records;
  FixedClock call_clock{absl::UnixEpoch()};  // Of the transport, unused here.
  Metrics metrics{{"none"}};
  WorkerPool pool{1, 16};
  Calls calls{call_clock, metrics, pool};
};

// One request to erase, and how often it was tried.
struct SimulatedService::Erasing {
  std::string user;
  RequestKey request;
  struct Try {
    std::int64_t time_us;
    std::uint64_t events;  // Of the user, before it.
    int epoch;             // Of the user's book, after it.
  };
  std::vector<Try> tries{};
  std::optional<Erasure> receipt{};
  absl::Time asked;
};

struct SimulatedService::Parts {
  explicit Parts(std::uint64_t seed)
      : scorer({.clock = clock,
                .catalogue = catalogue,
                .ledger = ledger,
                .registry = *SharedParts::Get().registry,
                .records = *SharedParts::Get().records,
                .default_model = "churn_14d",
                .consent_defaults = {},
                .recorded_row_share = 0}),
        ingest({.clock = clock,
                .gate = gate,
                .ledger = ledger,
                .metrics = SharedParts::Get().metrics,
                .calls = SharedParts::Get().calls}),
        decisions({.clock = clock,
                   .catalogue = catalogue,
                   .keys = keys,
                   .gate = gate,
                   .ledger = ledger,
                   .scorer = scorer,
                   .policy = Policy::Embedded(),
                   .metrics = SharedParts::Get().metrics,
                   .calls = SharedParts::Get().calls,
                   .seed = seed}) {}

  const ModelBundle& bundle() const { return *bundle_; }

  const Catalogue& catalogue = Catalogue::Embedded();
  FixedClock clock{absl::UnixEpoch()};
  const UserKeys keys = UserKeys::FromSecret(std::string(32, 'k'));
  const EventGate gate{keys};
  MemoryLedger memory{catalogue, clock};
  FlakyLedger ledger{memory};
  const UserScorer scorer;
  IngestService ingest;
  const DecisionService decisions;

 private:
  const std::shared_ptr<const ModelBundle> bundle_ =
      *SharedParts::Get().registry->Current("churn_14d");
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SIMULATION_SIMULATED_PARTS_H_
