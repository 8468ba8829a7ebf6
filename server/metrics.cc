#include "server/metrics.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <future>
#include <map>
#include <utility>

#include "prometheus/counter.h"
#include "prometheus/exposer.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/bind_error.h"

namespace tenuto {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

constexpr std::array<const char*, 15> kMethods = {
    "IngestEvents",    "StreamEvents",     "ScoreUsers",
    "ScoreRows",       "StreamScoreUsers", "StreamScoreRows",
    "ExplainScore",    "DecideTreatment",  "PlanGracePeriod",
    "GetServerStatus", "ReloadModels",     "DescribeModel",
    "EraseUser",       "CreateCheckpoint", "ServerReflectionInfo"};
constexpr std::size_t kCodes = 17;  // Of gRPC, from 0.

constexpr std::array<std::pair<v1::EventVerdict, const char*>, 3> kVerdicts = {{
    {v1::EVENT_VERDICT_ACCEPTED, "accepted"},
    {v1::EVENT_VERDICT_DUPLICATE, "duplicate"},
    {v1::EVENT_VERDICT_REJECTED, "rejected"},
}};

Counter& AddCounter(prometheus::Registry& registry, const char* name,
                    const char* help) {
  return prometheus::BuildCounter()
      .Name(name)
      .Help(help)
      .Register(registry)
      .Add({});
}

Gauge& AddGauge(prometheus::Registry& registry, const char* name,
                const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(
      {});
}

prometheus::MetricFamily Reading(const char* name, const char* help,
                                 prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  (type == prometheus::MetricType::Counter ? metric.counter.value
                                           : metric.gauge.value) = value;
  return {name, help, type, {metric}};
}

prometheus::MetricFamily LedgerErrors(const LedgerFaults& faults) {
  prometheus::MetricFamily family{
      "tenuto_ledger_errors_total",
      "Reads and writes of the ledger that failed, by kind.",
      prometheus::MetricType::Counter,
      {}};
  for (const auto& [kind, count] :
       {std::pair{"disk_full", faults.disk_full}, std::pair{"io", faults.io},
        std::pair{"damage", faults.damage}}) {
    prometheus::ClientMetric metric;
    metric.label = {{"kind", kind}};
    metric.counter.value = static_cast<double>(count);
    family.metric.push_back(std::move(metric));
  }
  return family;
}

prometheus::MetricFamily LateBySignal(
    const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  prometheus::MetricFamily family{
      "tenuto_events_late_total",
      "Events older than what a signal keeps: in the log, not in the signal.",
      prometheus::MetricType::Counter,
      {}};
  for (const auto& [signal, count] : counts) {
    prometheus::ClientMetric metric;
    metric.label = {{"signal", signal}};
    metric.counter.value = static_cast<double>(count);
    family.metric.push_back(std::move(metric));
  }
  return family;
}

void Knock(int port) {
  const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(peer);
}

// The exposer's acceptor looks up only every 2 s, or when someone knocks.
void Stop(std::unique_ptr<prometheus::Exposer> exposer) {
  const int port = exposer->GetListeningPorts().front();
  const auto stopped =
      std::async(std::launch::async, [&exposer] { exposer.reset(); });
  while (stopped.wait_for(std::chrono::milliseconds(2)) !=
         std::future_status::ready) {
    Knock(port);
  }
}

}  // namespace

// The registry with a handle on each series. As a Collectable it first takes
// the readings of the other parts, so that a scrape is never stale.
struct Metrics::Series final : prometheus::Collectable {
  explicit Series(const std::vector<std::string>& treatments) {
    auto& calls = prometheus::BuildCounter()
                      .Name("tenuto_calls_total")
                      .Help("Calls answered, by method and gRPC code.")
                      .Register(registry);
    auto& durations = prometheus::BuildHistogram()
                          .Name("tenuto_call_seconds")
                          .Help("From a call's arrival to its answer.")
                          .Register(registry);
    // From a score out of memory to a stalled disk.
    const Histogram::BucketBoundaries bounds = {
        0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5};
    for (std::size_t m = 0; m < kMethods.size(); ++m) {
      seconds[m] = &durations.Add({{"method", kMethods[m]}}, bounds);
      for (std::size_t code = 0; code < kCodes; ++code) {
        const std::string name =
            absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
        by_code[m][code] =
            &calls.Add({{"method", kMethods[m]}, {"code", name}});
      }
    }
    auto& verdicts = prometheus::BuildCounter()
                         .Name("tenuto_events_total")
                         .Help("Events received, by verdict.")
                         .Register(registry);
    for (const auto& [verdict, name] : kVerdicts) {
      events[verdict] = &verdicts.Add({{"verdict", name}});
    }
    auto& chosen = prometheus::BuildCounter()
                       .Name("tenuto_decisions_total")
                       .Help("Decisions made, by treatment chosen.")
                       .Register(registry);
    for (const std::string& treatment : treatments) {
      decisions[treatment] = &chosen.Add({{"treatment", treatment}});
    }
  }

  // First the exposer, so that no scrape outlives what it reads.
  ~Series() override {
    if (exposer != nullptr) Stop(std::move(exposer));
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    using prometheus::MetricType;
    const MetricReadings now = read();
    std::vector<prometheus::MetricFamily> families = registry.Collect();
    families.push_back(Reading("tenuto_ledger_last_position",
                               "Position of the newest event of the log.",
                               MetricType::Gauge,
                               static_cast<double>(now.ledger_last_position)));
    families.push_back(
        Reading("tenuto_ledger_tail_truncated_total",
                "Log tails torn by a crash and cut off at the last start.",
                MetricType::Counter,
                static_cast<double>(now.ledger_faults.tails_truncated)));
    families.push_back(LedgerErrors(now.ledger_faults));
    families.push_back(LateBySignal(now.events_late));
    families.push_back(Reading("tenuto_models_serving",
                               "Models that have a bundle in service.",
                               MetricType::Gauge, now.models_serving));
    families.push_back(Reading("tenuto_recovery_models_serving",
                               "Those of them that grace periods are planned "
                               "with.",
                               MetricType::Gauge, now.recovery_models_serving));
    families.push_back(
        Reading("tenuto_call_lag_seconds",
                "For how long the busiest thread of calls has had no pause.",
                MetricType::Gauge, now.call_lag_s));
    families.push_back(
        Reading("tenuto_signals_pending",
                "Signals not folded from the log yet; what reads them is "
                "missing.",
                MetricType::Gauge, now.signals_pending));
    families.push_back(Reading(
        "tenuto_score_records_written_total", "Score records made durable.",
        MetricType::Counter, static_cast<double>(now.score_records_written)));
    families.push_back(Reading(
        "tenuto_score_records_lost_total",
        "Score records lost to a full queue or a failing disk.",
        MetricType::Counter, static_cast<double>(now.score_records_lost)));
    return families;
  }

  prometheus::Registry registry;
  std::array<std::array<Counter*, kCodes>, kMethods.size()> by_code;
  std::array<Histogram*, kMethods.size()> seconds;
  std::map<v1::EventVerdict, Counter*> events;
  std::map<std::string, Counter*> decisions;
  Counter& scores = AddCounter(registry, "tenuto_scores_total",
                               "Rows scored, decisions included.");
  Counter& explored =
      AddCounter(registry, "tenuto_decisions_explored_total",
                 "Decisions chosen by chance, not by expected value.");
  Counter& replayed =
      AddCounter(registry, "tenuto_decisions_replayed_total",
                 "Repeated requests answered with the stored decision.");
  Counter& plans =
      AddCounter(registry, "tenuto_grace_plans_total", "Grace plans made.");
  Counter& plans_drawn = AddCounter(
      registry, "tenuto_grace_plans_randomised_total",
      "Grace plans whose length was drawn by chance, on whatever day.");
  Counter& leases =
      AddCounter(registry, "tenuto_grace_leases_total",
                 "Payment attempts that were due and leased to a caller.");
  Counter& plans_replayed =
      AddCounter(registry, "tenuto_grace_plans_replayed_total",
                 "Repeated requests answered with the stored plan.");
  Counter& refused = AddCounter(registry, "tenuto_bundles_refused_total",
                                "Model bundles that failed their checks.");
  Counter& erasures = AddCounter(registry, "tenuto_erasures_total",
                                 "Users erased, repeated requests apart.");
  Gauge& serving = AddGauge(registry, "tenuto_serving",
                            "1 while the health service says SERVING.");
  std::function<MetricReadings()> read;
  // The exposer wants to watch a shared_ptr; this one owns nothing.
  const std::shared_ptr<prometheus::Collectable> self{
      this, [](prometheus::Collectable*) {}};
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics(const std::vector<std::string>& treatments)
    : series_(std::make_unique<Series>(treatments)) {}

Metrics::~Metrics() = default;

void Metrics::CountCall(RpcMethod method, absl::StatusCode code,
                        absl::Duration duration) {
  const auto m = static_cast<std::size_t>(method);
  series_->by_code[m][static_cast<std::size_t>(code) % kCodes]->Increment();
  series_->seconds[m]->Observe(std::max(0.0, absl::ToDoubleSeconds(duration)));
}

void Metrics::CountEvents(const v1::IngestEventsResponse& answered) {
  // Once a verdict: a counter is shared by all threads.
  for (const auto& [verdict, counter] : series_->events) {
    const auto count =
        std::count_if(answered.results().begin(), answered.results().end(),
                      [wanted = verdict](const v1::EventResult& result) {
                        return result.verdict() == wanted;
                      });
    if (count > 0) counter->Increment(static_cast<double>(count));
  }
}

void Metrics::CountScores(int scores) { series_->scores.Increment(scores); }

void Metrics::CountDecision(const v1::DecisionMade& decision) {
  const auto found = series_->decisions.find(decision.treatment());
  if (found != series_->decisions.end()) found->second->Increment();
  if (decision.explored()) series_->explored.Increment();
}

void Metrics::CountReplayedDecision() { series_->replayed.Increment(); }

void Metrics::CountPlan(const v1::GracePlanned& planned) {
  series_->plans.Increment();
  if (planned.randomised()) series_->plans_drawn.Increment();
  if (!planned.lease_id().empty()) series_->leases.Increment();
}

void Metrics::CountReplayedPlan() { series_->plans_replayed.Increment(); }

void Metrics::CountRefusedBundle() { series_->refused.Increment(); }

void Metrics::CountErasure() { series_->erasures.Increment(); }

void Metrics::SetServing(bool serving) {
  series_->serving.Set(serving ? 1 : 0);
}

absl::StatusOr<int> Metrics::Expose(absl::string_view listen,
                                    std::function<MetricReadings()> read) {
  series_->read = std::move(read);
  try {
    series_->exposer =
        std::make_unique<prometheus::Exposer>(std::string(listen));
  } catch (const std::exception&) {  // Which says no more than that it failed.
    return BindError("metrics_listen", listen,
                     "the HTTP server did not start; try again");
  }
  series_->exposer->RegisterCollectable(series_->self);
  return series_->exposer->GetListeningPorts().front();
}

}  // namespace tenuto
