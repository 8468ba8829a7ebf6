// Every number the server exports to Prometheus, declared once in metrics.cc
// with its help text and present from the start with the value zero.
#ifndef TENUTO_SERVER_METRICS_H_
#define TENUTO_SERVER_METRICS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "features/ledger_faults.h"
#include "tenuto/v1/event.pb.h"
#include "tenuto/v1/ingest.pb.h"

namespace tenuto {

enum class RpcMethod {
  kIngestEvents,
  kStreamEvents,  // One count a batch.
  kScoreUsers,
  kScoreRows,
  kStreamScoreUsers,  // One count a request, as of kStreamScoreRows.
  kStreamScoreRows,
  kExplainScore,
  kDecideTreatment,
  kPlanGracePeriod,
  kGetServerStatus,
  kReloadModels,
  kDescribeModel,
  kEraseUser,
  kCreateCheckpoint,
  kServerReflectionInfo,
};

// What other parts count themselves, read at every scrape.
struct MetricReadings {
  std::uint64_t ledger_last_position = 0;
  LedgerFaults ledger_faults{};
  std::int64_t score_records_written = 0;
  std::int64_t score_records_lost = 0;
  int models_serving = 0;  // Recovery models included.
  int recovery_models_serving = 0;
  int signals_pending = 0;
  double call_lag_s = 0;
  std::vector<std::pair<std::string, std::uint64_t>> events_late;
};

// Thread-safe.
class Metrics {
 public:
  // `treatments`: what decisions can choose.
  explicit Metrics(const std::vector<std::string>& treatments);
  ~Metrics();

  void CountCall(RpcMethod method, absl::StatusCode code,
                 absl::Duration duration);
  void CountEvents(const v1::IngestEventsResponse& answered);
  void CountScores(int scores);
  void CountDecision(const v1::DecisionMade& decision);
  void CountReplayedDecision();
  void CountPlan(const v1::GracePlanned& planned);
  void CountReplayedPlan();
  void CountRefusedBundle();
  void CountErasure();
  void SetServing(bool serving);

  // Serves http://`listen`/metrics until destroyed; the port. Called once.
  // `read` is called by scrapes. As BindError() says when it cannot listen.
  absl::StatusOr<int> Expose(absl::string_view listen,
                             std::function<MetricReadings()> read);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_METRICS_H_
