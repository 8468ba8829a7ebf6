// `tenuto call` as a user types it, against a server in this process.
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "server/server_options.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class CallVerbTest : public ::testing::Test {
 protected:
  CallVerbTest() {
    v1::ServerConfig config;
    config.set_listen("127.0.0.1:0");
    config.set_metrics_listen("127.0.0.1:0");
    config.set_data_dir((folder_.path() / "data").string());
    config.set_models_dir(folder_.path().string());
    SetDefaults(config);
    auto server = Server::Start(config, Clock::Real());
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // Runs `tenuto call <words>`; what it printed goes to `output`.
  absl::Status Call(std::vector<std::string> words, std::string& output,
                    const std::string& input = "") {
    words.insert(words.begin(), "call");
    words.push_back("--server");
    words.push_back(absl::StrCat("127.0.0.1:", server_->port()));
    CLI::App app;
    VerbRun run;
    const Workshop workshop{Clock::Real(), Catalogue::Embedded(), {}};
    AddCallVerb(app, workshop, run);
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(reversed);
    std::istringstream in(input);
    std::streambuf* const terminal = std::cin.rdbuf(in.rdbuf());
    std::cin.clear();
    testing::internal::CaptureStdout();
    const absl::Status status = run();
    output = testing::internal::GetCapturedStdout();
    std::cin.rdbuf(terminal);
    return status;
  }

  const TempFolder folder_;
  std::unique_ptr<Server> server_;
};

TEST_F(CallVerbTest, PrintsTheAnswerAsJson) {
  std::string output;
  const absl::Status status = Call({"GetServerStatus"}, output);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(output, HasSubstr("\"lastPosition\": \"0\""));
}

TEST_F(CallVerbTest, TellsTheServersRefusalInOneLine) {
  std::string output;
  const absl::Status status = Call(
      {"Scoring.ScoreUsers", R"({"model":"absent","userIds":["a"]})"}, output);
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(status.message(),
            "NOT_FOUND: model \"absent\" does not serve; serving: none "
            "(MODEL_NOT_FOUND)");
  EXPECT_EQ(output, "");
}

TEST_F(CallVerbTest, RefusesWhatIsNoRequestBeforeSendingIt) {
  std::string output;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"ScoreUsers", "{"},
        {"ScoreUsers", R"({"colour":3})"},
        {"ScoreEverybody"},
        {"GetServerStatus", "--deadline", "soon"}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Call(words, output))) << words[0];
  }
}

TEST_F(CallVerbTest, StreamsOneRequestALineOfInput) {
  const std::string line =
      R"({"requestId":"b","events":[{"eventId":"1","userId":"u",)"
      R"("eventTime":"2024-05-01T10:00:00Z","search":{}}]})";
  std::string output;
  const absl::Status status =
      Call({"StreamEvents", "-"}, output, line + "\n" + line + "\n");
  EXPECT_TRUE(status.ok()) << status;
  const std::size_t first = output.find("EVENT_VERDICT_ACCEPTED");
  const std::size_t second = output.find("EVENT_VERDICT_DUPLICATE");
  EXPECT_LT(first, second);
  EXPECT_NE(second, std::string::npos);
}

}  // namespace
}  // namespace tenuto
