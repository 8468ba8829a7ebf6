// `tenuto call` as a user types it, against a server in this process.
#include <algorithm>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "server/server_options.h"
#include "tests/support/certificates.h"
#include "tests/support/run_verb.h"
#include "tests/support/temp_folder.h"
#include "training/verb.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class CallVerbTest : public ::testing::Test {
 protected:
  CallVerbTest() {
    config_.set_listen("127.0.0.1:0");
    config_.set_metrics_listen("127.0.0.1:0");
    config_.set_data_dir((folder_.path() / "data").string());
    config_.set_models_dir(folder_.path().string());
    SetDefaults(config_);
    Start();
  }

  void Start() {
    server_.reset();
    auto server = Server::Start(config_, Clock::Real());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // Runs `tenuto call <words>`; what it printed goes to `output`.
  absl::Status Call(std::vector<std::string> words, std::string& output,
                    const std::string& input = "") {
    words.insert(words.begin(), "call");
    words.push_back("--server");
    words.push_back(absl::StrCat("127.0.0.1:", server_->port()));
    const Workshop workshop{Clock::Real(), Catalogue::Embedded(), {}};
    std::istringstream in(input);
    std::streambuf* const terminal = std::cin.rdbuf(in.rdbuf());
    std::cin.clear();
    const absl::Status status =
        testing::RunVerb(AddCallVerb, workshop, std::move(words), output);
    std::cin.rdbuf(terminal);
    return status;
  }

  const TempFolder folder_;
  v1::ServerConfig config_;
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

TEST_F(CallVerbTest, SendsAUnaryRequestALineOfInputAndTimesEach) {
  const auto batch = [](const std::string& id) {
    return R"({"requestId":")" + id +
           R"(","events":[{"eventId":"1","userId":"u",)"
           R"("eventTime":"2024-05-01T10:00:00Z","search":{}}]})" +
           "\n";
  };
  const std::string summary = (folder_.path() / "summary.json").string();
  std::string output;
  const absl::Status status =
      Call({"IngestEvents", "-", "--summary", summary}, output,
           batch("first") + batch("second") + batch("third"));
  ASSERT_TRUE(status.ok()) << status;
  const std::vector<std::string> lines = absl::StrSplit(output, '\n');
  ASSERT_EQ(lines.size(), 4u) << output;
  EXPECT_THAT(lines[0], HasSubstr("\"first\""));
  EXPECT_THAT(lines[0], HasSubstr("EVENT_VERDICT_ACCEPTED"));
  EXPECT_THAT(lines[1], HasSubstr("\"second\""));
  EXPECT_THAT(lines[1], HasSubstr("EVENT_VERDICT_DUPLICATE"));
  EXPECT_THAT(lines[2], HasSubstr("\"third\""));
  EXPECT_EQ(lines[3], "");
  EXPECT_THAT(*ReadFile(summary), HasSubstr("\"calls\":3,"));
}

TEST_F(CallVerbTest, KeepsTheAnswersBeforeALineThatIsRefused) {
  std::string output;
  const absl::Status status =
      Call({"GetServerStatus", "-"}, output, "{}\n{}\n{\n{}\n");
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 2);
  EXPECT_TRUE(Call({"GetServerStatus", "-"}, output, "").ok());
  EXPECT_EQ(output, "");
}

TEST_F(CallVerbTest, ShowsAndAsksForCertificates) {
  Authority authority("authority");
  authority.Sign("server");
  authority.Sign("client");
  config_.mutable_tls()->set_certificate_file(authority.Certificate("server"));
  config_.mutable_tls()->set_key_file(authority.Key("server"));
  config_.mutable_tls()->set_client_ca_file(authority.certificate());
  Start();
  const std::vector<std::string> trusting = {"GetServerStatus", "--ca",
                                             authority.certificate()};
  std::vector<std::string> shown = trusting;
  shown.insert(shown.end(), {"--cert", authority.Certificate("client"), "--key",
                             authority.Key("client")});
  std::string output;
  EXPECT_TRUE(Call(shown, output).ok());
  EXPECT_TRUE(absl::IsAborted(Call(trusting, output)));
  EXPECT_TRUE(absl::IsAborted(Call({"GetServerStatus"}, output)));
  EXPECT_TRUE(absl::IsInvalidArgument(
      Call({"GetServerStatus", "--cert", "x", "--key", "y"}, output)));
  EXPECT_TRUE(absl::IsNotFound(
      Call({"GetServerStatus", "--ca", "/no/such.pem"}, output)));
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
