#include "server/request_checks.h"

#include <string>

#include "gtest/gtest.h"
#include "server/rpc_status.h"

namespace tenuto {
namespace {

TEST(RequestChecks, TakesIdsOfOneTo128Bytes) {
  EXPECT_TRUE(CheckId("user_id", "a").ok());
  EXPECT_TRUE(CheckId("user_id", std::string(128, 'a')).ok());
}

TEST(RequestChecks, NamesTheFieldOfABadId) {
  const absl::Status empty = CheckId("user_id", "");
  EXPECT_EQ(empty.message(), "user_id is empty");
  EXPECT_EQ(ReasonOf(empty), "EMPTY_ID");
  const absl::Status long_id = CheckId("request_id", std::string(129, 'a'));
  EXPECT_EQ(long_id.message(), "request_id has more than 128 bytes");
  EXPECT_EQ(ReasonOf(long_id), "ID_TOO_LONG");
}

}  // namespace
}  // namespace tenuto
