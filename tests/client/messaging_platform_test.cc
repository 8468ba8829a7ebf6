// Runs the example client against the real server, each in its own process.
#include <csignal>
#include <filesystem>
#include <string>

#include "features/catalogue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

TEST(MessagingPlatform, TellsAsksDecidesAndReportsBack) {
  const TempFolder folder;
  WriteChurnBundle(folder.path() / "models", Catalogue::Embedded());
  const std::string config =
      folder
          .Write("server.textproto",
                 "listen: '127.0.0.1:0' metrics_listen: '127.0.0.1:0'")
          .string();
  ChildProcess server({BuiltProgram("tenuto-server"), "--config", config,
                       "--data_dir", (folder.path() / "data").string(),
                       "--models_dir", (folder.path() / "models").string()});
  const auto address = server.ReadAfter("listening on ");
  ASSERT_TRUE(address) << server.errors();

  for (int run = 0; run < 2; ++run) {
    ChildProcess client({BuiltProgram("messaging_platform"), *address});
    const std::string output = client.ReadAll();
    EXPECT_EQ(client.Wait(), 0) << client.errors();
    for (const char* user : {"anna", "bert", "cleo"}) {
      EXPECT_THAT(output, ContainsRegex(std::string(user) +
                                        " leaves with probability 0\\.[0-9]+"));
      EXPECT_THAT(output, HasSubstr(std::string(user) + " gets "));
    }
    EXPECT_THAT(output, HasSubstr("as answered before"));
  }
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "data" / "records" /
                                      "0000000001.scores"));
}

}  // namespace
}  // namespace tenuto
