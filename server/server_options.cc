#include "server/server_options.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/base/textproto.h"
#include "features/base/usable_cores.h"

namespace tenuto {
namespace {

constexpr char kListen[] = "127.0.0.1:7400";
constexpr char kMetricsListen[] = "127.0.0.1:7401";
constexpr char kDefaultModel[] = "churn_14d";
constexpr char kDefaultGraceModel[] = "grace";
constexpr std::int64_t kGraceLeaseS = 900;
constexpr double kRecordedRowShare = 0.01;
constexpr std::int64_t kScoreRecordQueueMax = 65'536;
constexpr std::int64_t kDrainSMax = 8;
constexpr std::int64_t kRequestBytesMax = 4 << 20;
constexpr std::int64_t kLedgerThreads = 2;
constexpr std::int64_t kCommitThreads = 16;
constexpr std::int64_t kCallSpinUs = 50;
constexpr std::int64_t kConnectionCallsMax = 1'000;

constexpr std::int64_t kConfigBytesMax = 1 << 20;

absl::Status Wrong(absl::string_view field, absl::string_view value,
                   absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": \"", value, "\" must be ", wanted));
}

absl::Status CheckRange(absl::string_view field, std::int64_t value,
                        std::int64_t min, std::int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", value, " must be from ", min, " to ", max));
}

absl::Status CheckAddresses(const v1::ServerConfig& config) {
  const auto listen = ParseHostPort(config.listen());
  if (!listen.ok()) {
    return Wrong("listen", config.listen(), listen.status().message());
  }
  const auto metrics = ParseHostPort(config.metrics_listen());
  if (!metrics.ok()) {
    return Wrong("metrics_listen", config.metrics_listen(),
                 metrics.status().message());
  }
  if (listen->port != 0 && listen->port == metrics->port) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics_listen: port ", metrics->port,
                     " is already taken by listen; they must differ"));
  }
  return absl::OkStatus();
}

absl::Status CheckDirectories(const v1::ServerConfig& config) {
  if (config.data_dir().empty()) {
    return absl::InvalidArgumentError(
        "data_dir: is not set; give --data_dir or set it in --config");
  }
  if (config.models_dir().empty()) {
    return absl::InvalidArgumentError(
        "models_dir: is not set; give --models_dir or set it in --config");
  }
  std::error_code error;
  if (!std::filesystem::is_directory(config.models_dir(), error)) {
    return Wrong("models_dir", config.models_dir(), "a directory");
  }
  if (std::filesystem::exists(config.data_dir(), error) &&
      !std::filesystem::is_directory(config.data_dir(), error)) {
    return Wrong("data_dir", config.data_dir(), "a directory or nothing yet");
  }
  if (std::filesystem::weakly_canonical(config.data_dir(), error) ==
      std::filesystem::weakly_canonical(config.models_dir(), error)) {
    return absl::InvalidArgumentError(
        "models_dir: is the same directory as data_dir; they must differ");
  }
  return absl::OkStatus();
}

absl::Status CheckTls(const v1::Tls& tls) {
  if (tls.certificate_file().empty()) {
    return absl::InvalidArgumentError(
        "tls.certificate_file: is not set; name a PEM file, or leave out tls");
  }
  if (tls.key_file().empty()) {
    return absl::InvalidArgumentError(
        "tls.key_file: is not set; name the certificate's key, a PEM file");
  }
  return absl::OkStatus();
}

absl::Status CheckConsent(const v1::ConsentDefaults& defaults) {
  // A textproto may write any number for an enumeration.
  for (const auto& [field, value] :
       {std::pair("consent_defaults.behaviour", defaults.behaviour()),
        std::pair("consent_defaults.messages", defaults.messages())}) {
    if (!v1::Consent_IsValid(value)) {
      return Wrong(field, absl::StrCat(static_cast<int>(value)),
                   "CONSENT_WITHHELD or CONSENT_GRANTED");
    }
  }
  return absl::OkStatus();
}

bool IsModelName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
             absl::string_view::npos;
}

}  // namespace

absl::StatusOr<v1::ServerConfig> LoadServerConfig(const ServerFlags& flags) {
  v1::ServerConfig config;
  if (!flags.config.empty()) {
    TENUTO_ASSIGN_OR_RETURN(const std::string text,
                            ReadFile(flags.config, kConfigBytesMax));
    TENUTO_RETURN_IF_ERROR(ParseTextproto(flags.config, text, config));
  }
  if (!flags.listen.empty()) config.set_listen(flags.listen);
  if (!flags.metrics_listen.empty()) {
    config.set_metrics_listen(flags.metrics_listen);
  }
  if (!flags.data_dir.empty()) config.set_data_dir(flags.data_dir);
  if (!flags.models_dir.empty()) config.set_models_dir(flags.models_dir);
  SetDefaults(config);
  TENUTO_RETURN_IF_ERROR(CheckServerConfig(config));
  return config;
}

void SetDefaults(v1::ServerConfig& config) {
  if (config.listen().empty()) config.set_listen(kListen);
  if (config.metrics_listen().empty()) {
    config.set_metrics_listen(kMetricsListen);
  }
  if (config.default_model().empty()) config.set_default_model(kDefaultModel);
  if (config.default_grace_model().empty()) {
    config.set_default_grace_model(kDefaultGraceModel);
  }
  if (!config.has_grace_lease_s()) config.set_grace_lease_s(kGraceLeaseS);
  if (!config.has_recorded_row_share()) {
    config.set_recorded_row_share(kRecordedRowShare);
  }
  if (!config.has_score_record_queue_max()) {
    config.set_score_record_queue_max(kScoreRecordQueueMax);
  }
  if (!config.has_drain_s_max()) config.set_drain_s_max(kDrainSMax);
  if (!config.has_request_bytes_max()) {
    config.set_request_bytes_max(kRequestBytesMax);
  }
  if (!config.has_ledger_threads()) config.set_ledger_threads(kLedgerThreads);
  if (!config.has_decision_seed()) config.set_decision_seed(0);
  v1::ConsentDefaults& consent = *config.mutable_consent_defaults();
  if (consent.behaviour() == v1::CONSENT_UNSPECIFIED) {
    consent.set_behaviour(v1::CONSENT_WITHHELD);
  }
  if (consent.messages() == v1::CONSENT_UNSPECIFIED) {
    consent.set_messages(v1::CONSENT_WITHHELD);
  }
  if (!config.has_commit_threads()) config.set_commit_threads(kCommitThreads);
  if (!config.has_call_threads()) {
    config.set_call_threads(std::max(1, UsableCores() / 2));
  }
  if (!config.has_call_spin_us()) config.set_call_spin_us(kCallSpinUs);
  if (!config.has_connection_calls_max()) {
    config.set_connection_calls_max(kConnectionCallsMax);
  }
}

absl::Status CheckServerConfig(const v1::ServerConfig& config) {
  TENUTO_RETURN_IF_ERROR(CheckAddresses(config));
  TENUTO_RETURN_IF_ERROR(CheckDirectories(config));
  TENUTO_RETURN_IF_ERROR(CheckConsent(config.consent_defaults()));
  if (config.has_tls()) TENUTO_RETURN_IF_ERROR(CheckTls(config.tls()));
  for (const auto& [field, name] :
       {std::pair("default_model", &config.default_model()),
        std::pair("default_grace_model", &config.default_grace_model())}) {
    if (!IsModelName(*name)) {
      return Wrong(field, *name, "1-64 of a-z, 0-9 and _");
    }
  }
  // As long as it takes to make an attempt and to report it, within a day.
  TENUTO_RETURN_IF_ERROR(
      CheckRange("grace_lease_s", config.grace_lease_s(), 1, 86'400));
  // Written so that NaN fails too.
  if (!(config.recorded_row_share() >= 0 && config.recorded_row_share() <= 1)) {
    return Wrong("recorded_row_share",
                 absl::StrCat(config.recorded_row_share()), "from 0 to 1");
  }
  TENUTO_RETURN_IF_ERROR(CheckRange("score_record_queue_max",
                                    config.score_record_queue_max(), 1,
                                    10'000'000));
  TENUTO_RETURN_IF_ERROR(
      CheckRange("drain_s_max", config.drain_s_max(), 0, 3600));
  TENUTO_RETURN_IF_ERROR(CheckRange(
      "request_bytes_max", config.request_bytes_max(), 1024, 256 << 20));
  TENUTO_RETURN_IF_ERROR(
      CheckRange("ledger_threads", config.ledger_threads(), 1, 64));
  TENUTO_RETURN_IF_ERROR(
      CheckRange("commit_threads", config.commit_threads(), 1, 256));
  TENUTO_RETURN_IF_ERROR(
      CheckRange("call_threads", config.call_threads(), 1, 256));
  TENUTO_RETURN_IF_ERROR(
      CheckRange("call_spin_us", config.call_spin_us(), 0, 1'000'000));
  return CheckRange("connection_calls_max", config.connection_calls_max(), 1,
                    1'000'000);
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view address) {
  const std::size_t colon = address.rfind(':');
  HostPort parsed;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &parsed.port) ||
      parsed.port < 0 || parsed.port > 65'535) {
    return absl::InvalidArgumentError("HOST:PORT with a port of 0-65535");
  }
  parsed.host = std::string(address.substr(0, colon));
  return parsed;
}

}  // namespace tenuto
