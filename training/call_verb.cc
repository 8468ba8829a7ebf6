// `tenuto call METHOD 'JSON'`: one call to a running server.
#include <iostream>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "features/base/status_macros.h"
#include "training/server_client.h"
#include "training/verb.h"

namespace tenuto {
namespace {

struct CallOptions {
  std::string method;
  std::string json = "{}";
  std::string server = "127.0.0.1:7400";
  std::string deadline = "5s";
};

constexpr char kFromInput[] = "-";

std::string Footer() {
  std::string text = "Methods:\n";
  for (const RpcDescriptor* rpc : AllRpcs()) {
    absl::StrAppend(&text, "  ", rpc->service()->name(), ".", rpc->name(),
                    rpc->client_streaming()
                        ? "  (JSON -: one request a line of standard input)\n"
                        : "\n");
  }
  absl::StrAppend(
      &text,
      "Examples:\n"
      "  tenuto call GetServerStatus\n"
      "  tenuto call ScoreUsers"
      " '{\"model\":\"churn_14d\",\"userIds\":[\"42\"]}'\n"
      "  tenuto call StreamEvents - < requests.jsonl\n"
      "Prints proto3 JSON. Exit 1 when the server refuses, 2 for JSON or a\n"
      "method it does not have.\n");
  return text;
}

absl::Status RunCall(const CallOptions& options) {
  TENUTO_ASSIGN_OR_RETURN(const RpcDescriptor* const rpc,
                          FindRpc(options.method));
  absl::Duration deadline;
  if (!absl::ParseDuration(options.deadline, &deadline) ||
      deadline <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--deadline: \"", options.deadline,
                     "\" is no duration like 5s or 200ms"));
  }
  bool is_given = false;
  const auto next = [&](std::string& json) {
    if (options.json == kFromInput) {
      return static_cast<bool>(std::getline(std::cin, json));
    }
    json = options.json;
    return !std::exchange(is_given, true);
  };
  ServerClient client(options.server);
  return client.Call(*rpc, deadline, next, [](const std::string& json) {
    std::cout << json << (json.ends_with('\n') ? "" : "\n") << std::flush;
  });
}

}  // namespace

void AddCallVerb(CLI::App& app, const Workshop&, VerbRun& run) {
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
  verb->footer(Footer());
  verb->callback(
      [options, &run] { run = [options] { return RunCall(*options); }; });
}

}  // namespace tenuto
