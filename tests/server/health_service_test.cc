#include "server/health_service.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/queue_server.h"

namespace tenuto {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class HealthServiceTest : public ::testing::Test {
 protected:
  HealthServiceTest() {
    health_.Set("", true);
    health_.Set("tenuto.v1.Scoring", false);
  }
  static HealthCheckRequest Of(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request;
  }
  HealthCheckResponse::ServingStatus Check(const std::string& service) {
    grpc::ClientContext context;
    HealthCheckResponse response;
    EXPECT_TRUE(stub_->Check(&context, Of(service), &response).ok());
    return response.status();
  }

  HealthService health_;
  QueueServer server_{{&health_}, 2};
  const std::unique_ptr<Health::Stub> stub_ =
      Health::NewStub(server_.channel());
};

TEST_F(HealthServiceTest, SaysOfEachServiceWhetherItServes) {
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("tenuto.v1.Scoring"), HealthCheckResponse::NOT_SERVING);
  health_.Set("tenuto.v1.Scoring", true);
  EXPECT_EQ(Check("tenuto.v1.Scoring"), HealthCheckResponse::SERVING);
}

TEST_F(HealthServiceTest, KnowsNothingOfOtherServices) {
  grpc::ClientContext context;
  HealthCheckResponse response;
  EXPECT_EQ(stub_->Check(&context, Of("other"), &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthServiceTest, TellsWatchersTheStatusAndEveryChange) {
  grpc::ClientContext one_context, other_context;
  const auto one = stub_->Watch(&one_context, Of(""));
  const auto other = stub_->Watch(&other_context, Of("not there yet"));
  HealthCheckResponse response;
  ASSERT_TRUE(one->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  ASSERT_TRUE(other->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  health_.Set("", true);  // No change.
  health_.Set("", false);
  health_.Set("not there yet", true);
  ASSERT_TRUE(one->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  ASSERT_TRUE(other->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  one_context.TryCancel();
  EXPECT_FALSE(one->Read(&response));
  other_context.TryCancel();
  EXPECT_FALSE(other->Read(&response));
  server_.Shutdown();  // Would wait for a watcher that is still known.
}

TEST_F(HealthServiceTest, EndsItsWatchersWhenItIsDrained) {
  grpc::ClientContext before_context, after_context;
  const auto before = stub_->Watch(&before_context, Of(""));
  HealthCheckResponse response;
  ASSERT_TRUE(before->Read(&response));
  health_.Set("", false);
  health_.Drain();
  ASSERT_TRUE(before->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(before->Read(&response));
  EXPECT_EQ(before->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  // One that comes late is told, too.
  const auto after = stub_->Watch(&after_context, Of(""));
  ASSERT_TRUE(after->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(after->Read(&response));
  EXPECT_EQ(after->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  server_.Shutdown();  // Would wait for a watcher that is still known.
}

TEST_F(HealthServiceTest, TellsTheLatestToAWatcherThatReadsSlowly) {
  grpc::ClientContext context;
  const auto watch = stub_->Watch(&context, Of(""));
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  for (int k = 0; k < 1000; ++k) health_.Set("", k % 2 == 0);
  for (int k = 0; k < 1000; ++k) health_.Set("", k % 2 == 1);
  health_.Set("", false);
  health_.Set("last", true);
  grpc::ClientContext last_context;
  const auto last = stub_->Watch(&last_context, Of("last"));
  ASSERT_TRUE(last->Read(&response));
  // As many as were written; the last of them is how it stands.
  health_.Set("", true);
  do {
    ASSERT_TRUE(watch->Read(&response));
  } while (response.status() != HealthCheckResponse::SERVING);
  context.TryCancel();
  last_context.TryCancel();
}

TEST_F(HealthServiceTest, LetsAWatcherGoWhenAShutdownWaitsNoLonger) {
  grpc::ClientContext context;
  const auto watch = stub_->Watch(&context, Of(""));
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  server_.Shutdown(absl::ZeroDuration());
  EXPECT_FALSE(watch->Read(&response));
}

}  // namespace
}  // namespace tenuto
