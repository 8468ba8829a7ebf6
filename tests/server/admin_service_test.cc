#include "server/admin_service.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/churn_bundle.h"
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

}  // namespace
}  // namespace tenuto
