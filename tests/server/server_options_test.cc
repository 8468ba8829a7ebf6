#include "server/server_options.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class ServerOptionsTest : public ::testing::Test {
 protected:
  ServerFlags Flags(const std::string& textproto = "") const {
    ServerFlags flags;
    flags.data_dir = (folder_.path() / "data").string();
    flags.models_dir = folder_.path().string();
    flags.config = folder_.Write("server.textproto", textproto).string();
    return flags;
  }

  const TempFolder folder_;
};

TEST_F(ServerOptionsTest, HasTheDefaultsThatTheProtoStates) {
  const auto config = LoadServerConfig(Flags());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen(), "127.0.0.1:7400");
  EXPECT_EQ(config->metrics_listen(), "127.0.0.1:7401");
  EXPECT_EQ(config->default_model(), "churn_14d");
  EXPECT_EQ(config->default_grace_model(), "grace");
  EXPECT_EQ(config->grace_lease_s(), 900);
  EXPECT_EQ(config->recorded_row_share(), 0.01);
  EXPECT_EQ(config->score_record_queue_max(), 65'536);
  EXPECT_EQ(config->drain_s_max(), 8);
  EXPECT_EQ(config->request_bytes_max(), 4 << 20);
  EXPECT_EQ(config->ledger_threads(), 2);
  EXPECT_EQ(config->decision_seed(), 0u);
  EXPECT_EQ(config->commit_threads(), 16);
  EXPECT_EQ(config->consent_defaults().behaviour(), v1::CONSENT_WITHHELD);
  EXPECT_EQ(config->consent_defaults().messages(), v1::CONSENT_WITHHELD);
  EXPECT_FALSE(config->has_tls());
}

TEST_F(ServerOptionsTest, PutsTheFileBeforeDefaultsAndFlagsBeforeTheFile) {
  ServerFlags flags = Flags("listen: '127.0.0.1:1111' drain_s_max: 3");
  flags.listen = "127.0.0.1:2222";
  flags.metrics_listen = "127.0.0.1:3333";
  const auto config = LoadServerConfig(flags);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen(), "127.0.0.1:2222");
  EXPECT_EQ(config->metrics_listen(), "127.0.0.1:3333");
  EXPECT_EQ(config->drain_s_max(), 3);
}

TEST_F(ServerOptionsTest, TakesAConsentDefaultClassByClass) {
  const auto config =
      LoadServerConfig(Flags("consent_defaults { messages: CONSENT_GRANTED }"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->consent_defaults().behaviour(), v1::CONSENT_WITHHELD);
  EXPECT_EQ(config->consent_defaults().messages(), v1::CONSENT_GRANTED);
}

TEST_F(ServerOptionsTest, TakesAWrittenZeroAtItsWord) {
  const auto config =
      LoadServerConfig(Flags("recorded_row_share: 0 drain_s_max: 0"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->recorded_row_share(), 0);
  EXPECT_EQ(config->drain_s_max(), 0);
}

struct BadConfig {
  std::string textproto;
  std::string complaint;
};

TEST_F(ServerOptionsTest, NamesWhatIsWrong) {
  const std::vector<BadConfig> cases = {
      {"listen: 'x:1'\ncolour: 3", "server.textproto:2:"},
      {"colour: 3", "colour"},
      {"drain_s_max: 'soon'", "server.textproto:1:"},
      {"listen: '7400'", "listen: \"7400\""},
      {"listen: '127.0.0.1:70000'", "listen: \"127.0.0.1:70000\""},
      {"metrics_listen: ':9'", "metrics_listen: \":9\""},
      {"listen: '0.0.0.0:9000' metrics_listen: '127.0.0.1:9000'",
       "metrics_listen: port 9000 is already taken by listen"},
      {"default_model: 'Churn/14'", "default_model: \"Churn/14\""},
      {"recorded_row_share: 1.5", "recorded_row_share: \"1.5\""},
      {"recorded_row_share: nan", "recorded_row_share: \"nan\""},
      {"score_record_queue_max: 0", "score_record_queue_max: 0"},
      {"drain_s_max: -1", "drain_s_max: -1 must be from 0 to 3600"},
      {"request_bytes_max: 1", "request_bytes_max: 1"},
      {"ledger_threads: 0", "ledger_threads: 0"},
      {"commit_threads: 1000", "commit_threads: 1000"},
      {"consent_defaults { messages: YES }", "YES"},
      {"consent_defaults { messages: 99 }",
       "consent_defaults.messages: \"99\""},
      {"tls { key_file: 'k' }", "tls.certificate_file: is not set"},
      {"tls { certificate_file: 'c' }", "tls.key_file: is not set"},
  };
  for (const BadConfig& bad : cases) {
    const auto config = LoadServerConfig(Flags(bad.textproto));
    EXPECT_TRUE(absl::IsInvalidArgument(config.status())) << bad.textproto;
    EXPECT_THAT(std::string(config.status().message()),
                HasSubstr(bad.complaint));
  }
}

TEST_F(ServerOptionsTest, WantsBothDirectoriesAndTwoOfThem) {
  ServerFlags flags = Flags();
  flags.data_dir = "";
  EXPECT_THAT(std::string(LoadServerConfig(flags).status().message()),
              HasSubstr("data_dir: is not set; give --data_dir"));
  flags = Flags();
  flags.models_dir = "";
  EXPECT_THAT(std::string(LoadServerConfig(flags).status().message()),
              HasSubstr("models_dir: is not set"));
  flags.models_dir = (folder_.path() / "absent").string();
  EXPECT_THAT(std::string(LoadServerConfig(flags).status().message()),
              HasSubstr("models_dir: \""));
  flags.models_dir = folder_.path().string();
  flags.data_dir = (folder_.path() / ".").string();
  EXPECT_THAT(std::string(LoadServerConfig(flags).status().message()),
              HasSubstr("models_dir: is the same directory as data_dir"));
  flags.data_dir = folder_.Write("file", "x").string();
  EXPECT_THAT(std::string(LoadServerConfig(flags).status().message()),
              HasSubstr("data_dir: \""));
}

TEST_F(ServerOptionsTest, SaysThatTheConfigurationFileIsMissing) {
  ServerFlags flags = Flags();
  flags.config = (folder_.path() / "absent.textproto").string();
  const auto config = LoadServerConfig(flags);
  EXPECT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()),
              HasSubstr("absent.textproto"));
}

TEST(ParseHostPort, KeepsTheBracketsOfIpV6) {
  const auto parsed = ParseHostPort("[::1]:7400");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->host, "[::1]");
  EXPECT_EQ(parsed->port, 7400);
}

}  // namespace
}  // namespace tenuto
