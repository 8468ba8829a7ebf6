// `tenuto call METHOD 'JSON'`: one call to a running server.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "training/server_client.h"
#include "training/summary.h"
#include "training/verb.h"

namespace tenuto {
namespace {

struct CallOptions {
  std::string method;
  std::string json = "{}";
  std::string server = "127.0.0.1:7400";
  std::string deadline = "5s";
  ClientTls tls;
  std::string summary;
};

constexpr char kFromInput[] = "-";

std::string Footer() {
  std::string text = "Methods:\n";
  for (const RpcDescriptor* rpc : AllRpcs()) {
    absl::StrAppend(&text, "  ", rpc->service()->name(), ".", rpc->name(),
                    rpc->client_streaming() ? "  (a stream)\n" : "\n");
  }
  absl::StrAppend(
      &text,
      "Examples:\n"
      "  tenuto call GetServerStatus\n"
      "  tenuto call ScoreUsers"
      " '{\"model\":\"churn_14d\",\"userIds\":[\"42\"]}'\n"
      "  tenuto call StreamEvents - < requests.jsonl\n"
      "JSON - reads one request a line and sends each after the answer to the\n"
      "one before, on one connection; each answer is one line, too.\n"
      "Prints proto3 JSON. Exit 1 when the server refuses, 2 for JSON or a\n"
      "method it does not have.\n");
  return text;
}

// JSON on one line: its strings hold no line ends, only its layout does.
std::string OnOneLine(const std::string& json) {
  std::string line;
  bool is_layout = false;
  for (const char c : json) {
    is_layout = c == '\n' || (is_layout && c == ' ');
    if (!is_layout) line.push_back(c);
  }
  return line;
}

// Sends requests one after the other and notes how long each answer took, the
// making of the connection included.
class Caller {
 public:
  Caller(const CallOptions& options, const Clock& clock, ServerClient& client)
      : options_(options), clock_(clock), client_(client) {}

  absl::Status Call(const RpcDescriptor& rpc, absl::Duration deadline) {
    const absl::Time start = clock_.Now();
    std::string json;
    if (rpc.client_streaming()) {
      TENUTO_RETURN_IF_ERROR(CallOnce(
          rpc, deadline, [this](std::string& next) { return Next(next); }));
    } else {
      while (Next(json)) {
        bool is_sent = false;
        TENUTO_RETURN_IF_ERROR(
            CallOnce(rpc, deadline, [&](std::string& request) {
              request = json;
              return !std::exchange(is_sent, true);
            }));
      }
    }
    if (options_.summary.empty()) return absl::OkStatus();
    return WriteFileAtomically(options_.summary, Summary(clock_.Now() - start));
  }

 private:
  bool Next(std::string& json) {
    bool is_given = false;
    if (options_.json == kFromInput) {
      is_given = static_cast<bool>(std::getline(std::cin, json));
    } else {
      json = options_.json;
      is_given = !std::exchange(was_given_, true);
    }
    asked_ = clock_.Now();
    return is_given;
  }

  absl::Status CallOnce(const RpcDescriptor& rpc, absl::Duration deadline,
                        ServerClient::NextRequest next) {
    return client_.Call(rpc, deadline, next, [this](const std::string& json) {
      latencies_ms_.push_back(
          absl::ToDoubleMilliseconds(clock_.Now() - asked_));
      if (options_.json == kFromInput) {
        std::cout << OnOneLine(json) << '\n';
      } else {
        std::cout << json << (json.ends_with('\n') ? "" : "\n");
      }
      std::cout.flush();
    });
  }

  std::string Summary(absl::Duration duration) {
    std::sort(latencies_ms_.begin(), latencies_ms_.end());
    return absl::StrCat(
        "{\"calls\":", latencies_ms_.size(),
        ",\"seconds\":", JsonNumber(absl::ToDoubleSeconds(duration)),
        ",\"latency_ms_p50\":", JsonNumber(Quantile(0.5)),
        ",\"latency_ms_p99\":", JsonNumber(Quantile(0.99)), "}\n");
  }

  // Of the sorted latencies, the smallest that `share` of them do not exceed.
  double Quantile(double share) const {
    if (latencies_ms_.empty()) return 0;
    const double rank = share * static_cast<double>(latencies_ms_.size());
    const auto index = static_cast<std::size_t>(rank);
    return latencies_ms_[std::min(index, latencies_ms_.size() - 1)];
  }

  const CallOptions& options_;
  const Clock& clock_;
  ServerClient& client_;
  bool was_given_ = false;
  absl::Time asked_;
  std::vector<double> latencies_ms_;
};

absl::Status RunCall(const CallOptions& options, const Clock& clock) {
  TENUTO_ASSIGN_OR_RETURN(const RpcDescriptor* const rpc,
                          FindRpc(options.method));
  absl::Duration deadline;
  if (!absl::ParseDuration(options.deadline, &deadline) ||
      deadline <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--deadline: \"", options.deadline,
                     "\" is no duration like 5s or 200ms"));
  }
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<ServerClient> client,
                          ServerClient::Create(options.server, options.tls));
  return Caller(options, clock, *client).Call(*rpc, deadline);
}

}  // namespace

void AddCallVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  const auto options = std::make_shared<CallOptions>();
  CLI::App* const verb = app.add_subcommand(
      "call", "Call a method of a running server, JSON in and out");
  verb->add_option("METHOD", options->method,
                   "ScoreUsers or Scoring.ScoreUsers")
      ->required();
  verb->add_option("JSON", options->json,
                   "The request as proto3 JSON; - reads standard input");
  verb->add_option("--server", options->server, "HOST:PORT")
      ->capture_default_str();
  verb->add_option("--deadline", options->deadline, "How long to wait")
      ->capture_default_str();
  verb->add_option("--ca", options->tls.ca_file,
                   "PEM file of the authority that signed the server's "
                   "certificate; without it the call is plain text");
  verb->add_option("--cert", options->tls.certificate_file,
                   "PEM file of our own certificate, for mutual TLS");
  verb->add_option("--key", options->tls.key_file, "PEM file of its key");
  verb->add_option("--summary", options->summary,
                   "Write count, seconds and latencies as JSON");
  verb->footer(Footer());
  verb->callback([options, &workshop, &run] {
    run = [options, &workshop] { return RunCall(*options, workshop.clock); };
  });
}

}  // namespace tenuto
