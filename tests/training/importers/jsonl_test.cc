#include "training/importers/jsonl.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

class JsonlTest : public testing::Test {
 protected:
  const std::unique_ptr<Format> format_ = MakeJsonlFormat();
  Rejection rejection_;
};

TEST_F(JsonlTest, ReadsAnEventInTheJsonFormOfProto3) {
  const v1::Event* event = format_->Read(
      R"({"eventId":"e1","userId":"u1","eventTime":"2026-01-02T03:04:05.25Z",)"
      R"("plan":"PLAN_PREMIUM","paymentAttempted":{"invoiceId":"i",)"
      R"("amountMinor":"999","currency":"EUR",)"
      R"("outcome":"PAYMENT_OUTCOME_DECLINED"}})",
      rejection_);
  ASSERT_NE(event, nullptr) << rejection_.message;
  EXPECT_EQ(event->event_id(), "e1");
  EXPECT_EQ(event->user_id(), "u1");
  EXPECT_EQ(event->event_time().nanos(), 250'000'000);
  EXPECT_EQ(event->plan(), v1::PLAN_PREMIUM);
  EXPECT_EQ(event->payment_attempted().amount_minor(), 999);
  EXPECT_EQ(event->payment_attempted().outcome(), v1::PAYMENT_OUTCOME_DECLINED);
}

TEST_F(JsonlTest, GivesALineWithoutIdTheHashOfTheLine) {
  constexpr char kLine[] = R"({"userId":"u","search":{}})";
  std::string id;
  HashedEventId("jsonl", kLine, id);
  const v1::Event* event = format_->Read(kLine, rejection_);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->event_id(), id);
}

TEST_F(JsonlTest, ForgetsTheLineBefore) {
  ASSERT_NE(format_->Read(R"({"userId":"u","sessionId":"s","search":{}})",
                          rejection_),
            nullptr);
  const v1::Event* event = format_->Read(R"({"userId":"v"})", rejection_);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->session_id(), "");
  EXPECT_EQ(event->payload_case(), v1::Event::PAYLOAD_NOT_SET);
}

TEST_F(JsonlTest, RefusesOtherLinesWithoutQuotingThem) {
  for (const char* line :
       {"secret", "{\"userId\":\"secret\"", "[\"secret\"]",
        R"({"playbak":"secret"})", R"({"plan":"SECRET_secret"})",
        R"({"eventTime":"secret"})", R"({"userId":"secret"}})"}) {
    EXPECT_EQ(format_->Read(line, rejection_), nullptr) << line;
    EXPECT_STREQ(rejection_.reason, "MALFORMED_JSON");
    EXPECT_FALSE(absl::StrContains(rejection_.message, "secret"));
  }
}

TEST_F(JsonlTest, NamesTheFieldThatNobodyKnows) {
  const std::pair<std::string, std::string> lines[] = {
      {R"({"playbak":{}})",
       "the field \"playbak\", which tenuto.v1.Event has not (14 bytes)"},
      {R"({"playback":{"trakId":"value"}})",
       "the field \"trakId\", which tenuto.v1.Event has not in playback (31 "
       "bytes)"},
      {R"({"(odd":1})",
       "the field \"odd\", which tenuto.v1.Event has not (10 bytes)"},
      {R"({"a\u001bb":1})",
       "the field \"a\\x1b\\x62\", which tenuto.v1.Event has not (14 bytes)"},
      {"{\"" + std::string(100, 'x') + "\":1}",
       "the field \"" + std::string(64, 'x') +
           "\", which tenuto.v1.Event has not (106 bytes)"}};
  for (const auto& [line, message] : lines) {
    EXPECT_EQ(format_->Read(line, rejection_), nullptr) << line;
    EXPECT_EQ(rejection_.message, message);
  }
}

}  // namespace
}  // namespace tenuto
