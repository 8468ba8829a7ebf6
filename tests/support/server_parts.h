// Everything the services stand on, in memory and with a clock that stands, so
// that their logic is tested without a socket.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_SERVER_PARTS_H_
#define TENUTO_TESTS_SUPPORT_SERVER_PARTS_H_

#include <memory>
#include <string>
#include <vector>

#include "features/event_gate.h"
#include "features/memory_ledger.h"
#include "features/record_log.h"
#include "gtest/gtest.h"
#include "model/decision/policy.h"
#include "model/grace/recovery_registry.h"
#include "model/model_registry.h"
#include "server/calls.h"
#include "server/ingest_service.h"
#include "server/user_scorer.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/take_in.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_events.h"

namespace tenuto {

struct ServerParts {
  ServerParts() {
    std::filesystem::create_directories(models_dir);
    RecordLogOptions options;
    options.directory = folder.path() / "records";
    options.linger = absl::ZeroDuration();
    records = std::move(RecordLog::Open(options)).value();
  }

  UserScorer MakeScorer(double recorded_row_share = 1) {
    return MakeScorerOf(ledger, recorded_row_share);
  }
  UserScorer MakeScorerOf(const Ledger& read, double recorded_row_share = 1) {
    return UserScorer({.clock = clock,
                       .catalogue = catalogue,
                       .ledger = read,
                       .registry = registry,
                       .records = *records,
                       .default_model = "churn_14d",
                       .consent_defaults = consent_defaults,
                       .recorded_row_share = recorded_row_share});
  }

  IngestService::Options IngestOptions() {
    return {.clock = clock,
            .gate = gate,
            .ledger = ledger,
            .metrics = metrics,
            .calls = calls};
  }

  // Commits the events as a producer's batch; all must be accepted.
  void TakeIn(const std::vector<v1::Event>& events) {
    IngestService ingest(IngestOptions());
    v1::IngestEventsRequest request;
    for (const v1::Event& event : events) *request.add_events() = event;
    v1::IngestEventsResponse response;
    ASSERT_TRUE(TakeInAndWait(ingest, request, response).ok());
    for (const v1::EventResult& result : response.results()) {
      ASSERT_EQ(result.verdict(), v1::EVENT_VERDICT_ACCEPTED)
          << result.message();
    }
  }

  // What the log holds of the user, of one payload.
  template <class Payload>
  std::vector<Payload> Logged(const UserKey& user,
                              bool (v1::Event::*has)() const,
                              const Payload& (v1::Event::*get)() const) {
    std::vector<Payload> found;
    const auto take = [&](const LoggedEvent& logged) {
      v1::Event event;
      EXPECT_TRUE(event.ParseFromString(std::string(logged.event)));
      if (logged.user == user && (event.*has)())
        found.push_back((event.*get)());
      return true;
    };
    EXPECT_TRUE(ledger.Scan(user.partition(), 1, take).ok());
    return found;
  }

  // Ends the record log and gives what it wrote.
  std::vector<v1::ScoreRecord> TakeRecords() {
    records.reset();
    std::vector<v1::ScoreRecord> written;
    EXPECT_TRUE(ReadScoreRecords(folder.path() / "records",
                                 [&](const v1::ScoreRecord& record) {
                                   written.push_back(record);
                                   return true;
                                 })
                    .ok());
    return written;
  }

  const TempFolder folder;
  const std::filesystem::path models_dir = folder.path() / "models";
  FixedClock clock{kTestNow};
  const Catalogue& catalogue = Catalogue::Embedded();
  const UserKeys keys = UserKeys::FromSecret(std::string(32, 'k'));
  const EventGate gate{keys};
  MemoryLedger ledger{catalogue, clock};
  ModelRegistry registry{models_dir, catalogue};
  RecoveryRegistry recovery_registry{models_dir, catalogue};
  Metrics metrics{{"none"}};
  WorkerPool pool{1, 16};
  Calls calls{clock, metrics, pool};
  std::unique_ptr<RecordLog> records;
  v1::ConsentDefaults consent_defaults;  // Of scorers made from now on.
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_SERVER_PARTS_H_
