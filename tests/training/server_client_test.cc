#include "training/server_client.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(FindRpc, TakesShortMiddleAndFullNames) {
  for (const char* name :
       {"ScoreUsers", "Scoring.ScoreUsers", "tenuto.v1.Scoring.ScoreUsers"}) {
    const auto rpc = FindRpc(name);
    ASSERT_TRUE(rpc.ok()) << name;
    EXPECT_EQ((*rpc)->full_name(), "tenuto.v1.Scoring.ScoreUsers");
  }
}

TEST(FindRpc, ListsWhatThereIsInPlaceOfAnUnknownName) {
  const auto rpc = FindRpc("ScoreUser");
  EXPECT_TRUE(absl::IsInvalidArgument(rpc.status()));
  EXPECT_THAT(std::string(rpc.status().message()),
              HasSubstr("Ingest.IngestEvents"));
  EXPECT_THAT(std::string(rpc.status().message()),
              HasSubstr("Admin.DescribeModel"));
}

TEST(AllRpcs, NamesEveryMethodOnce) {
  std::vector<std::string> names;
  for (const RpcDescriptor* rpc : AllRpcs()) names.push_back(rpc->name());
  EXPECT_THAT(names, testing::UnorderedElementsAre(
                         "IngestEvents", "StreamEvents", "ScoreUsers",
                         "ScoreRows", "StreamScoreUsers", "StreamScoreRows",
                         "ExplainScore", "DecideTreatment", "PlanGracePeriod",
                         "GetServerStatus", "ReloadModels", "DescribeModel",
                         "EraseUser", "CreateCheckpoint"));
}

TEST(ServerClient, SaysThatNobodyAnswers) {
  const auto client = ServerClient::Create("127.0.0.1:1");
  ASSERT_TRUE(client.ok()) << client.status();
  bool is_given = false;
  const absl::Status status = (*client)->Call(
      **FindRpc("GetServerStatus"), absl::Seconds(5),
      [&](std::string& json) {
        json = "{}";
        return !std::exchange(is_given, true);
      },
      [](const std::string&) { FAIL(); });
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_THAT(std::string(status.message()), StartsWith("UNAVAILABLE: "));
}

}  // namespace
}  // namespace tenuto
