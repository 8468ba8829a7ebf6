// Runs the example client against the real server, each in its own process.
#include <csignal>
#include <filesystem>
#include <string>

#include "features/base/atomic_file.h"
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
                 "listen: '127.0.0.1:0' metrics_listen: '127.0.0.1:0' "
                 "decision_seed: 1")
          .string();
  // A fixed key, because keys decide who is held out.
  std::filesystem::create_directory(folder.path() / "data");
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "data" / "user.key",
                                  std::string(64, 'a') + "\n", 0600)
                  .ok());
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
      EXPECT_THAT(output,
                  ContainsRegex(std::string(user) +
                                " leaves with probability [01]\\.[0-9]+"));
      EXPECT_THAT(output, HasSubstr(std::string(user) + " gets "));
    }
    EXPECT_THAT(output, HasSubstr("as answered before"));
    EXPECT_THAT(output, ContainsRegex("gets [a-mo-z]")) << "all got none";
  }
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "data" / "records" /
                                      "0000000001.scores"));
}

}  // namespace
}  // namespace tenuto
