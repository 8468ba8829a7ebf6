#include "server/rpc_status.h"

#include <string>

#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

google::rpc::ErrorInfo ErrorInfoOf(const grpc::Status& status) {
  google::rpc::Status rich;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  EXPECT_EQ(rich.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(rich.message(), status.error_message());
  EXPECT_EQ(rich.details_size(), 1);
  google::rpc::ErrorInfo error_info;
  EXPECT_TRUE(rich.details(0).UnpackTo(&error_info));
  return error_info;
}

TEST(RpcStatus, SaysNothingAboutSuccess) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus());
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(RpcStatus, NamesTheFieldAndTheReasonOfABadRequest) {
  const grpc::Status status =
      ToGrpcStatus(FieldError("user_ids[3]", "EMPTY_ID", "is empty"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "user_ids[3] is empty");
  const google::rpc::ErrorInfo error_info = ErrorInfoOf(status);
  EXPECT_EQ(error_info.reason(), "EMPTY_ID");
  EXPECT_EQ(error_info.domain(), "tenuto");
  EXPECT_EQ(error_info.metadata().at("field"), "user_ids[3]");
}

TEST(RpcStatus, FallsBackToTheCodeAsReason) {
  const absl::Status status = absl::UnavailableError("later");
  EXPECT_EQ(ReasonOf(status), "UNAVAILABLE");
  EXPECT_EQ(ErrorInfoOf(ToGrpcStatus(status)).reason(), "UNAVAILABLE");
}

TEST(RpcStatus, KeepsOurOwnFailuresTextsInTheLog) {
  for (const absl::Status& status :
       {absl::DataLossError("/secret/path"), absl::InternalError("/secret/p"),
        absl::UnknownError("/secret")}) {
    testing::internal::CaptureStderr();
    const grpc::Status answer = ToGrpcStatus(status);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(answer.error_message().find("secret"), std::string::npos);
    EXPECT_NE(log.find("/secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace tenuto
