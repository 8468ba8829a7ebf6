#include "server/reflection_service.h"

#include <memory>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "gtest/gtest.h"
#include "tenuto/v1/scoring.pb.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/queue_server.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using Request = ReflectionService::Request;
using Response = ReflectionService::Response;

class ReflectionServiceTest : public ::testing::Test {
 protected:
  Response Answer(const Request& request) {
    Response response;
    service_.Answer(request, response);
    EXPECT_EQ(response.original_request().SerializeAsString(),
              request.SerializeAsString());
    return response;
  }

  const FixedClock clock_{absl::UnixEpoch()};
  Metrics metrics_{{"none"}};
  WorkerPool pool_{1, 1};
  Calls calls_{clock_, metrics_, pool_};
  ReflectionService service_{calls_, {"tenuto.v1.Scoring", "tenuto.v1.Admin"}};
};

TEST_F(ReflectionServiceTest, ListsTheServices) {
  Request request;
  request.set_list_services("*");
  const Response response = Answer(request);
  ASSERT_EQ(response.list_services_response().service_size(), 2);
  EXPECT_EQ(response.list_services_response().service(0).name(),
            "tenuto.v1.Scoring");
}

// What a client builds from it is the schema that the server was built from.
TEST_F(ReflectionServiceTest, GivesFilesThatAClientCanBuildTheSchemaFrom) {
  Request request;
  request.set_file_containing_symbol("tenuto.v1.Scoring.ScoreUsers");
  const Response response = Answer(request);
  const auto& files = response.file_descriptor_response();
  google::protobuf::SimpleDescriptorDatabase database;
  for (int k = 0; k < files.file_descriptor_proto_size(); ++k) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(files.file_descriptor_proto(k)));
    // There are clients that look at the first only.
    if (k == 0) {
      EXPECT_EQ(file.name(), "tenuto/v1/scoring.proto");
    }
    database.Add(file);
  }
  google::protobuf::DescriptorPool pool(&database);
  const auto* message =
      pool.FindMessageTypeByName("tenuto.v1.ScoreUsersRequest");
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->DebugString(),
            v1::ScoreUsersRequest::descriptor()->DebugString());
  Request by_name;
  by_name.set_file_by_filename("tenuto/v1/scoring.proto");
  EXPECT_EQ(Answer(by_name).file_descriptor_response().SerializeAsString(),
            response.file_descriptor_response().SerializeAsString());
}

TEST_F(ReflectionServiceTest, SaysWhatIsNotThere) {
  Request request;
  request.set_file_containing_symbol("tenuto.v1.Scorer");
  EXPECT_THAT(Answer(request).error_response().error_message(),
              HasSubstr("\"tenuto.v1.Scorer\""));
  EXPECT_EQ(Answer(request).error_response().error_code(),
            grpc::StatusCode::NOT_FOUND);
  request.mutable_file_containing_extension();
  EXPECT_EQ(Answer(request).error_response().error_code(),
            grpc::StatusCode::NOT_FOUND);
  request.Clear();
  EXPECT_EQ(Answer(request).error_response().error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ReflectionServiceTest, AnswersRequestAfterRequestOverAStream) {
  QueueServer server({&service_});
  const auto stub =
      grpc::reflection::v1alpha::ServerReflection::NewStub(server.channel());
  grpc::ClientContext context;
  const auto stream = stub->ServerReflectionInfo(&context);
  for (const char* symbol :
       {"tenuto.v1.Scoring", "tenuto.v1.Nothing", "tenuto.v1.Event"}) {
    Request request;
    request.set_file_containing_symbol(symbol);
    ASSERT_TRUE(stream->Write(request));
    Response response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.original_request().file_containing_symbol(), symbol);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace tenuto
