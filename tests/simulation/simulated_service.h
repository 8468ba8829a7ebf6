// A whole service in one thread: the real gate, ledger in memory, scorer,
// policy and services, a clock that a test moves, faults on command, and
// producers that send, stop, repeat and come back in any order. Every draw
// comes from one seed, so a seed that fails fails again. It keeps its own book
// of what was acknowledged, outside of the ledger, and compares.
#ifndef TENUTO_TESTS_SIMULATION_SIMULATED_SERVICE_H_
#define TENUTO_TESTS_SIMULATION_SIMULATED_SERVICE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "features/ledger_terms.h"
#include "tenuto/v1/decision.pb.h"
#include "tenuto/v1/event.pb.h"
#include "tenuto/v1/ingest.pb.h"
#include "tests/simulation/flaky_ledger.h"
#include "tests/simulation/user_book.h"
#include "tests/support/random_events.h"

namespace tenuto::testing {

// Not thread-safe.
class SimulatedService {
 public:
  explicit SimulatedService(std::uint64_t seed);
  ~SimulatedService();

  void Run(int steps);
  // The ledger loses one acknowledged batch, for a test of Check() itself.
  void LoseABatch();
  // It acknowledges an erasure that never happens, likewise.
  void ForgetToErase();
  // Compares everything once more and gives what was found wrong, a line each;
  // empty when every promise held.
  std::vector<std::string> Check();

  // How often what happened, so that a test can see that it happened at all.
  const std::map<std::string, int>& counts() const { return counts_; }

 private:
  struct Parts;
  struct Sending {
    v1::Event event;
    absl::Time since;  // First tried; an id is remembered for 35 days only.
  };
  struct Producer {
    std::vector<Sending> waiting;
    std::vector<Sending> sent;
    bool stopped = false;
  };
  struct ScoredRow {
    std::string user;
    std::uint64_t position;
    absl::Time as_of;
    absl::Time history_start;
    std::vector<float> row;
  };
  struct AskedDecision {
    v1::DecideTreatmentRequest request;
    v1::DecideTreatmentResponse response;
    bool answered = false;
    int epoch = 0;        // Of the user's book, when it was answered.
    int lost_epoch = -1;  // And when an answer was lost.
    absl::Time asked;
  };
  struct Erasing;

  void Step();
  void MakeEvents(Producer& producer);
  void SendBatch(Producer& producer, Fault fault);
  Fault SomeFault();
  std::vector<Sending> TakeBatch(Producer& producer);
  void NoteResults(const std::vector<Sending>& batch,
                   const v1::IngestEventsResponse& response,
                   Producer& producer);
  void Decide();
  void AskAgain();
  void ScoreSomebody();
  void MoveClock();
  bool Call(AskedDecision& asked);  // Whether it was answered.
  void EraseSomebody();
  void EraseAgain();
  void TryToErase(Erasing& erasing, Fault fault);
  void NoteErasure(Erasing& erasing, const Erasure& receipt);
  std::string SomeUser();
  void Wrong(const std::string& what) { wrongs_.push_back(what); }

  void CheckUser(const std::string& user);
  void CheckDecisions(const std::string& user);
  void CheckDecision(const std::string& user, const v1::Event& event,
                     std::string state);
  void CheckScores(const std::string& user);
  void CheckErased(const std::string& user, const Erasure& receipt);

  const std::uint64_t seed_;
  RandomEvents events_;
  Draws draws_;
  std::unique_ptr<Parts> parts_;
  std::vector<Producer> producers_;
  std::map<std::string, UserBook> books_;
  std::vector<ScoredRow> scored_;
  std::vector<AskedDecision> asked_;
  std::vector<Erasing> erasings_;
  std::map<std::string, Position> erased_through_;  // By user.
  std::map<std::string, int> counts_;
  std::vector<std::string> wrongs_;
  int made_ = 0;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SIMULATION_SIMULATED_SERVICE_H_
