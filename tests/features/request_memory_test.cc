#include "features/request_memory.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tenuto/v1/records.pb.h"

namespace tenuto {
namespace {

TEST(RequestMemory, ExpiresADayAfterTheAnswer) {
  const absl::Time answered = absl::FromUnixSeconds(1'700'000'000);
  v1::RequestRecord record;
  record.set_answered_time_us(absl::ToUnixMicros(answered));
  const std::string bytes = record.SerializeAsString();
  EXPECT_FALSE(HasExpired(bytes, answered));
  EXPECT_FALSE(
      HasExpired(bytes, answered + kRequestMemory - absl::Microseconds(1)));
  EXPECT_TRUE(HasExpired(bytes, answered + kRequestMemory));
  EXPECT_FALSE(HasExpired("\xff", answered + 2 * kRequestMemory)) << "damage";
  EXPECT_FALSE(HasExpired("", answered)) << "says no time";
}

TEST(RequestMemory, KnowsWhomAnAnswerIsAbout) {
  const UserKeys keys = UserKeys::FromSecret("k");
  v1::RequestRecord record;
  record.set_response("words");
  EXPECT_FALSE(IsAbout(record.SerializeAsString(), keys.Of("anna")));
  record.set_user_key(std::string(keys.Of("anna").view()));
  EXPECT_TRUE(IsAbout(record.SerializeAsString(), keys.Of("anna")));
  EXPECT_FALSE(IsAbout(record.SerializeAsString(), keys.Of("ben")));
}

TEST(AnswerWatch, HearsOfOneUserWhileItLasts) {
  const UserKeys keys = UserKeys::FromSecret("k");
  AnswerWatch watch;
  watch.Note(keys.Of("anna"), "nobody watches yet");
  for (const char* request : {"r1", "r2"}) {
    const AnswerWatch::Turn turn(watch, keys.Of("anna"));
    watch.Note(keys.Of("ben"), "of another");
    watch.Note(keys.Of("anna"), request);
    EXPECT_EQ(turn.heard(), std::vector<std::string>{request});
  }
  watch.Note(keys.Of("anna"), "nobody watches any more");
  const AnswerWatch::Turn turn(watch, keys.Of("anna"));
  EXPECT_EQ(turn.heard(), std::vector<std::string>());
}

TEST(RequestMemory, RemembersReceipts) {
  v1::RequestRecord record;
  ASSERT_TRUE(record.ParseFromString(
      ReceiptRecord({5, 6, 7, 8, false}, {"id", 9}, absl::FromUnixMicros(4))));
  EXPECT_EQ(record.body_hash(), 9u);
  EXPECT_EQ(record.answered_time_us(), 4);
  EXPECT_TRUE(record.user_key().empty());
  const auto receipt = ParseReceipt(record.response());
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->time_us, 5);
  EXPECT_EQ(receipt->events, 6u);
  EXPECT_EQ(receipt->bytes, 7u);
  EXPECT_EQ(receipt->through, 8u);
  EXPECT_TRUE(receipt->replayed);
  EXPECT_TRUE(absl::IsInvalidArgument(ParseReceipt("\xff").status()));
}

}  // namespace
}  // namespace tenuto
