#include "server/server.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "features/base/atomic_file.h"
#include "features/base/digest.h"
#include "features/base/log.h"
#include "features/base/status_macros.h"
#include "features/erasure_list.h"
#include "features/event_gate.h"
#include "features/record_erasure.h"
#include "features/record_log.h"
#include "features/rocks_ledger.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "model/decision/payment_rules.h"
#include "model/decision/policy.h"
#include "model/grace/grace_values.h"
#include "model/grace/recovery_registry.h"
#include "model/model_registry.h"
#include "server/admin_service.h"
#include "server/backfill_thread.h"
#include "server/bind_error.h"
#include "server/call_queue.h"
#include "server/channel_settings.h"
#include "server/decision_service.h"
#include "server/grace_service.h"
#include "server/health_service.h"
#include "server/ingest_service.h"
#include "server/reflection_service.h"
#include "server/rpc_service.h"
#include "server/scoring_service.h"
#include "server/server_options.h"
#include "server/tls.h"

namespace tenuto {
namespace {

// Calls that wait for a free thread of the disk pool; more are refused.
constexpr std::size_t kWaitingCallsMax = 1024;

std::vector<std::string> TreatmentNames(const Policy& policy) {
  std::vector<std::string> names = {"none"};
  for (const v1::Treatment& treatment : policy.treatments().treatments()) {
    names.push_back(treatment.name());
  }
  return names;
}

std::uint64_t SeedOf(const v1::ServerConfig& config) {
  std::uint64_t seed = config.decision_seed();
  if (seed == 0) std::memcpy(&seed, RandomKey(sizeof seed).data(), sizeof seed);
  return seed;
}

int CountPending(const LedgerFacts& facts) {
  return facts.pending == nullptr
             ? 0
             : static_cast<int>(facts.pending->ids().size());
}

absl::StatusOr<UserKeys> OpenKeys(const std::filesystem::path& data_dir) {
  const absl::Status made = MakePrivateDirectory(data_dir);
  if (!made.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("data_dir: ", made.message()));
  }
  return UserKeys::OpenOrCreate(data_dir / "user.key");
}

std::vector<std::string> ServiceNames() {
  return {v1::Ingest::service_full_name(),
          v1::Scoring::service_full_name(),
          v1::Decision::service_full_name(),
          v1::Grace::service_full_name(),
          v1::Admin::service_full_name(),
          grpc::health::v1::Health::service_full_name(),
          grpc::reflection::v1alpha::ServerReflection::service_full_name()};
}

}  // namespace

const char kServerVersion[] = TENUTO_VERSION;

// Members are in the order in which they need each other.
class Server::Parts {
 public:
  Parts(const v1::ServerConfig& config, const Clock& clock, UserKeys keys,
        std::unique_ptr<Ledger> ledger, std::unique_ptr<RecordLog> records);
  ~Parts() {
    Drain();
    backfill_.Stop();
  }

  void LoadModels();
  absl::Status Bind();
  void Serve() {
    SetServing(true);
    serving_ = true;
    if (damaged_) SetServing(false);
    backfill_.Start();
  }
  void Drain();

  int port() const { return port_; }
  int metrics_port() const { return metrics_port_; }

 private:
  absl::Status BindMetrics();
  // Of the thread that is worst off.
  absl::Duration CallLag() const;
  void SetServing(bool serving);
  void NoteDamage();

  const v1::ServerConfig config_;
  const Catalogue& catalogue_ = Catalogue::Embedded();
  const Policy& policy_ = Policy::Embedded();
  const UserKeys keys_;
  const EventGate gate_{keys_};
  const std::unique_ptr<Ledger> ledger_;
  BackfillThread backfill_{*ledger_};
  const std::unique_ptr<RecordLog> records_;
  ModelRegistry registry_;
  RecoveryRegistry recovery_registry_;
  Metrics metrics_;
  WorkerPool disk_pool_;
  Calls calls_;
  const UserScorer scorer_;
  IngestService ingest_;
  ScoringService scoring_;
  DecisionService decision_;
  GraceService grace_;
  AdminService admin_;
  ReflectionService reflection_;
  HealthService health_;
  const std::vector<RpcService*> services_ = {&ingest_, &scoring_, &decision_,
                                              &grace_,  &admin_,   &reflection_,
                                              &health_};
  mutable absl::Mutex queues_mutex_;  // Against a scrape of the metrics.
  std::vector<std::unique_ptr<CallQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<bool> serving_{false};
  std::atomic<bool> damaged_{false};
  std::once_flag drained_;
  int port_ = 0;
  int metrics_port_ = 0;
};

Server::Parts::Parts(const v1::ServerConfig& config, const Clock& clock,
                     UserKeys keys, std::unique_ptr<Ledger> ledger,
                     std::unique_ptr<RecordLog> records)
    : config_(config),
      keys_(std::move(keys)),
      ledger_(std::move(ledger)),
      records_(std::move(records)),
      registry_(config.models_dir(), catalogue_),
      recovery_registry_(config.models_dir(), catalogue_),
      metrics_(TreatmentNames(policy_)),
      disk_pool_(static_cast<int>(config.commit_threads()), kWaitingCallsMax),
      calls_(clock, metrics_, disk_pool_, [this] { NoteDamage(); }),
      scorer_({.clock = clock,
               .catalogue = catalogue_,
               .ledger = *ledger_,
               .registry = registry_,
               .records = *records_,
               .default_model = config.default_model(),
               .consent_defaults = config.consent_defaults(),
               .recorded_row_share = config.recorded_row_share()}),
      ingest_({.clock = clock,
               .gate = gate_,
               .ledger = *ledger_,
               .metrics = metrics_,
               .calls = calls_}),
      scoring_({.keys = keys_,
                .registry = registry_,
                .scorer = scorer_,
                .default_model = config.default_model(),
                .metrics = metrics_,
                .calls = calls_}),
      decision_({.clock = clock,
                 .catalogue = catalogue_,
                 .keys = keys_,
                 .gate = gate_,
                 .ledger = *ledger_,
                 .scorer = scorer_,
                 .policy = policy_,
                 .metrics = metrics_,
                 .calls = calls_,
                 .seed = SeedOf(config)}),
      grace_({.clock = clock,
              .catalogue = catalogue_,
              .keys = keys_,
              .gate = gate_,
              .ledger = *ledger_,
              .scorer = scorer_,
              .registry = recovery_registry_,
              .rules = PaymentRules::Embedded(),
              .values = GraceValues::Embedded(),
              .default_model = config.default_grace_model(),
              .lease = absl::Seconds(config.grace_lease_s()),
              .metrics = metrics_,
              .calls = calls_,
              // 0 will do: a user's key is made with a secret that outlives a
              // restart, and so does a payment's draw.
              .seed = config.decision_seed()}),
      admin_({.version = kServerVersion,
              .clock = clock,
              .keys = keys_,
              .data_dir = config.data_dir(),
              .ledger = *ledger_,
              .records = *records_,
              .registry = registry_,
              .recovery_registry = recovery_registry_,
              .default_model = config.default_model(),
              .metrics = metrics_,
              .calls = calls_}),
      reflection_(calls_, ServiceNames()) {}

void Server::Parts::LoadModels() {
  for (const absl::Status& refusal :
       RefreshModels(registry_, recovery_registry_)) {
    LogWarning(refusal.message());
    metrics_.CountRefusedBundle();
  }
  for (const auto& bundle : registry_.All()) {
    LogInfo(absl::StrCat("serves ", bundle->manifest().model(), " version ",
                         bundle->manifest().version()));
  }
  for (const auto& model : recovery_registry_.All()) {
    LogInfo(absl::StrCat("serves ", model->manifest().model(), " version ",
                         model->manifest().version()));
  }
  if (!registry_.Current(config_.default_model()).ok()) {
    LogWarning(absl::StrCat("default_model \"", config_.default_model(),
                            "\" is not in ", config_.models_dir(),
                            "; decisions fail until it is there and "
                            "Admin.ReloadModels was called"));
  }
  if (!recovery_registry_.Current(config_.default_grace_model()).ok()) {
    LogWarning(absl::StrCat(
        "default_grace_model \"", config_.default_grace_model(),
        "\" is not in ", config_.models_dir(),
        "; PlanGracePeriod fails until `tenuto train grace --ledger DIR "
        "--models DIR` made it and Admin.ReloadModels was called"));
  }
}

absl::Status Server::Parts::Bind() {
  TENUTO_RETURN_IF_ERROR(BindMetrics());
  grpc::ServerBuilder builder;
  TENUTO_ASSIGN_OR_RETURN(const auto credentials,
                          MakeServerCredentials(config_.tls()));
  builder.AddListeningPort(config_.listen(), credentials, &port_);
  // Two servers on one port would split the calls between them unseen.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  MakeChannelSettings(builder);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(config_.connection_calls_max()));
  builder.SetMaxReceiveMessageSize(
      static_cast<int>(config_.request_bytes_max()));
  for (RpcService* const service : services_) {
    builder.RegisterService(&service->methods());
  }
  std::vector<std::unique_ptr<CallQueue>> queues;
  for (std::int64_t k = 0; k < config_.call_threads(); ++k) {
    queues.push_back(std::make_unique<CallQueue>(
        builder, absl::Microseconds(config_.call_spin_us())));
  }
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) {
    return BindError("listen", config_.listen(),
                     config_.has_tls() ? "the address is free; does "
                                         "tls.key_file belong to "
                                         "tls.certificate_file?"
                                       : "gRPC did not start; try again");
  }
  SetServing(false);
  for (const auto& queue : queues) {
    for (RpcService* const service : services_) service->Await(*queue);
    queue->Start();
  }
  const absl::MutexLock lock(&queues_mutex_);
  queues_ = std::move(queues);
  return absl::OkStatus();
}

absl::Status Server::Parts::BindMetrics() {
  TENUTO_ASSIGN_OR_RETURN(
      metrics_port_, metrics_.Expose(config_.metrics_listen(), [this] {
        const RecordLog::Counts counts = records_->counts();
        const LedgerFacts facts = ledger_->Facts();
        return MetricReadings{
            .ledger_last_position = facts.last_position,
            .ledger_faults = facts.faults,
            .score_records_written = counts.written,
            .score_records_lost = counts.lost,
            .models_serving = static_cast<int>(registry_.All().size() +
                                               recovery_registry_.All().size()),
            .recovery_models_serving =
                static_cast<int>(recovery_registry_.All().size()),
            .signals_pending = CountPending(facts),
            .call_lag_s = absl::ToDoubleSeconds(CallLag()),
            .events_late = facts.late->Counts()};
      }));
  return absl::OkStatus();
}

absl::Duration Server::Parts::CallLag() const {
  absl::Duration most = absl::ZeroDuration();
  const absl::MutexLock lock(&queues_mutex_);
  for (const auto& queue : queues_) most = std::max(most, queue->lag());
  return most;
}

void Server::Parts::SetServing(bool serving) {
  for (const std::string& service : ServiceNames()) {
    health_.Set(service, serving);
  }
  health_.Set("", serving);
  metrics_.SetServing(serving);
}

// From the first byte that is not what was written on, others should be asked:
// what is damaged next nobody knows.
void Server::Parts::NoteDamage() {
  if (damaged_.exchange(true)) return;
  LogWarning("a call found the ledger damaged: health says NOT_SERVING");
  if (serving_) SetServing(false);
}

void Server::Parts::Drain() {
  std::call_once(drained_, [this] {
    if (server_ == nullptr) return;
    SetServing(false);
    health_.Drain();
    backfill_.Stop();
    ingest_.Drain();
    scoring_.Drain();
    reflection_.Drain();
    ShutDown(*server_, queues_, absl::Seconds(config_.drain_s_max()));
    server_->Wait();
    std::vector<std::unique_ptr<CallQueue>> ended;  // With the last call over.
    const absl::MutexLock lock(&queues_mutex_);
    ended.swap(queues_);
  });
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const v1::ServerConfig& config, const Clock& clock) {
  const std::filesystem::path data_dir = config.data_dir();
  TENUTO_ASSIGN_OR_RETURN(UserKeys keys, OpenKeys(data_dir));
  RocksLedgerOptions ledger_options;
  ledger_options.directory = data_dir;
  ledger_options.threads = static_cast<int>(config.ledger_threads());
  ledger_options.clock = &clock;
  ledger_options.answers_first = true;
  TENUTO_ASSIGN_OR_RETURN(
      std::unique_ptr<Ledger> ledger,
      OpenRocksLedger(ledger_options, Catalogue::Embedded(), keys));
  RecordLogOptions record_options;
  record_options.directory = data_dir / kRecordsFolder;
  // What a crash, or a restored backup, left of erased users.
  TENUTO_ASSIGN_OR_RETURN(const ErasureList erased,
                          ErasureList::Load(data_dir));
  TENUTO_RETURN_IF_ERROR(
      EraseScoreRecords(record_options.directory, erased, keys));
  record_options.queue_max = config.score_record_queue_max();
  TENUTO_ASSIGN_OR_RETURN(std::unique_ptr<RecordLog> records,
                          RecordLog::Open(std::move(record_options)));
  auto parts = std::make_unique<Parts>(config, clock, std::move(keys),
                                       std::move(ledger), std::move(records));
  parts->LoadModels();
  TENUTO_RETURN_IF_ERROR(parts->Bind());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

int Server::port() const { return parts_->port(); }

int Server::metrics_port() const { return parts_->metrics_port(); }

void Server::Serve() { parts_->Serve(); }

void Server::Drain() { parts_->Drain(); }

}  // namespace tenuto
