#include "server/admin_service.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/recovery_bundle.h"
#include "tests/support/server_parts.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class AdminServiceTest : public ::testing::Test {
 protected:
  v1::ReloadModelsResponse Reload() {
    v1::ReloadModelsResponse response;
    EXPECT_TRUE(service_.Reload(response).ok());
    return response;
  }

  ServerParts parts_;
  AdminService service_{{.version = "1.2.3",
                         .clock = parts_.clock,
                         .keys = parts_.keys,
                         .data_dir = parts_.folder.path(),
                         .ledger = parts_.ledger,
                         .records = *parts_.records,
                         .registry = parts_.registry,
                         .recovery_registry = parts_.recovery_registry,
                         .default_model = "churn_14d",
                         .metrics = parts_.metrics,
                         .calls = parts_.calls}};
};

TEST_F(AdminServiceTest, ReportsWhatServes) {
  parts_.TakeIn(SubscriberEvents("anna", 2, kTestNow));
  WriteChurnBundle(parts_.models_dir, parts_.catalogue);
  Reload();
  v1::GetServerStatusResponse response;
  EXPECT_TRUE(service_.Report(response).ok());
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_EQ(response.last_position(), 5u);
  ASSERT_EQ(response.models_size(), 1);
  EXPECT_EQ(response.models(0).name(), "churn_14d");
  EXPECT_EQ(response.models(0).version(), 1);
}

TEST_F(AdminServiceTest, FindsModelsThatCameLater) {
  EXPECT_EQ(Reload().models_size(), 0);
  WriteChurnBundle(parts_.models_dir, parts_.catalogue);
  EXPECT_EQ(Reload().models_size(), 1);
}

TEST_F(AdminServiceTest, NamesRecoveryModelsBesideThoseThatScore) {
  WriteChurnBundle(parts_.models_dir, parts_.catalogue);
  WriteRecoveryBundle(parts_.models_dir);
  const v1::ReloadModelsResponse response = Reload();
  ASSERT_EQ(response.models_size(), 2);
  EXPECT_EQ(response.models(1).name(), "grace");
  EXPECT_EQ(response.refusals_size(), 0);
  v1::DescribeModelRequest request;
  request.set_model("grace");
  v1::DescribeModelResponse described;
  EXPECT_TRUE(service_.Describe(request, described).ok());
  EXPECT_EQ(described.model(), "grace");
  EXPECT_EQ(described.columns(described.columns_size() - 1), "day_messaged");
}

TEST_F(AdminServiceTest, NamesARefusedBundleAndServesTheRest) {
  WriteChurnBundle(parts_.models_dir, parts_.catalogue);
  WriteTableBundle(parts_.models_dir, "visits");
  std::ofstream(parts_.models_dir / "visits" / "1" / "model.json",
                std::ios::app)
      << " ";
  const v1::ReloadModelsResponse response = Reload();
  ASSERT_EQ(response.models_size(), 1);
  EXPECT_EQ(response.models(0).name(), "churn_14d");
  ASSERT_EQ(response.refusals_size(), 1);
  EXPECT_THAT(response.refusals(0), HasSubstr("model.json"));
}

TEST_F(AdminServiceTest, DescribesTheColumnsInTheirOrder) {
  WriteTableBundle(parts_.models_dir, "visits");
  Reload();
  v1::DescribeModelRequest request;
  request.set_model("visits");
  v1::DescribeModelResponse response;
  ASSERT_TRUE(service_.Describe(request, response).ok());
  EXPECT_THAT(response.columns(), testing::ElementsAre("age", "visits"));
  EXPECT_EQ(response.label(), "target is 1");
  EXPECT_EQ(response.version(), 1);
  request.set_model("absent");
  EXPECT_TRUE(absl::IsNotFound(service_.Describe(request, response)));
}

TEST_F(AdminServiceTest, ErasesAUserOnceAndNamesTheModelsTrainedBefore) {
  parts_.TakeIn(SubscriberEvents("anna", 2, kTestNow));
  WriteChurnBundle(parts_.models_dir, parts_.catalogue);
  Reload();
  v1::EraseUserRequest request;
  request.set_request_id("case-17");
  request.set_user_id("anna");
  for (const bool replayed : {false, true}) {
    v1::EraseUserResponse receipt;
    ASSERT_TRUE(service_.Erase(request, receipt).ok());
    EXPECT_EQ(receipt.replayed(), replayed);
    EXPECT_EQ(receipt.request_id(), "case-17");
    EXPECT_EQ(receipt.events(), 5u);
    EXPECT_EQ(receipt.through_position(), 5u);
    EXPECT_EQ(receipt.erased_time().seconds(), absl::ToUnixSeconds(kTestNow));
    const bool trained_before =
        (*parts_.registry.Current("churn_14d"))->manifest().created_time_s() <=
        absl::ToUnixSeconds(kTestNow);
    EXPECT_EQ(receipt.models_trained_before_size(), trained_before ? 1 : 0);
  }
  std::string state = "stale";
  ASSERT_TRUE(parts_.ledger.LoadState(parts_.keys.Of("anna"), state).ok());
  EXPECT_EQ(state, "");
  request.set_user_id("ben");
  v1::EraseUserResponse receipt;
  EXPECT_TRUE(absl::IsInvalidArgument(service_.Erase(request, receipt)));
  request.set_user_id("");
  EXPECT_TRUE(absl::IsInvalidArgument(service_.Erase(request, receipt)));
}

TEST_F(AdminServiceTest, TakesNoNameThatLeavesTheFolderOfCheckpoints) {
  v1::CreateCheckpointResponse response;
  for (const char* name : {"", "..", "a/b", "a b", "\xc3\xa4"}) {
    v1::CreateCheckpointRequest request;
    request.set_name(name);
    EXPECT_TRUE(absl::IsInvalidArgument(service_.Checkpoint(request, response)))
        << name;
  }
  v1::CreateCheckpointRequest request;
  request.set_name("2026-01-31_evening");
  EXPECT_TRUE(absl::IsUnimplemented(service_.Checkpoint(request, response)))
      << "as far as the ledger, which here is in memory";
}

}  // namespace
}  // namespace tenuto
