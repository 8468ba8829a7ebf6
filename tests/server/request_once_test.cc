#include "server/request_once.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tenuto/v1/decision.pb.h"
#include "tests/support/server_parts.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class RequestOnceTest : public ::testing::Test {
 protected:
  RequestOnce Of(const char* kind, const char* id, const char* body) const {
    v1::DecideTreatmentRequest request;
    request.set_user_id(body);
    return {parts_.keys, kind, parts_.keys.Of("anna"), id, request};
  }
  absl::StatusOr<Ledger::Answer> Commit(const RequestOnce& once,
                                        absl::StatusOr<Ledger::Outcome> made) {
    return once.Commit(parts_.ledger, parts_.clock.Now(),
                       [&](absl::string_view) { return made; });
  }
  static Ledger::Outcome Saying(const char* text) {
    Ledger::Outcome outcome;
    outcome.response = text;
    return outcome;
  }

  ServerParts parts_;
};

TEST_F(RequestOnceTest, GivesTheFirstAnswerAgain) {
  const RequestOnce once = Of("a", "id", "body");
  EXPECT_EQ(Commit(once, Saying("one"))->response, "one");
  const auto again = Commit(once, Saying("two"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->response, "one");
  EXPECT_TRUE(again->replayed);
}

TEST_F(RequestOnceTest, RefusesAnIdWithAnotherBodyAndKeepsKindsApart) {
  ASSERT_TRUE(Commit(Of("a", "id", "body"), Saying("one")).ok());
  const auto other = Commit(Of("a", "id", "other"), Saying("two"));
  EXPECT_TRUE(absl::IsInvalidArgument(other.status()));
  EXPECT_THAT(other.status().ToString(), HasSubstr("REQUEST_ID_REUSED"));
  EXPECT_EQ(Commit(Of("b", "id", "other"), Saying("two"))->response, "two");
}

TEST_F(RequestOnceTest, ErasesOnceAndRefusesAnIdWithAnotherBody) {
  parts_.TakeIn(SubscriberEvents("anna", 2, kTestNow));
  const absl::Time now = parts_.clock.Now();
  const auto erased = Of("a", "id", "body").Erase(parts_.ledger, now);
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_GT(erased->events, 0u);
  const auto again = Of("a", "id", "body").Erase(parts_.ledger, now);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->events, erased->events);
  const auto other = Of("a", "id", "other").Erase(parts_.ledger, now);
  EXPECT_TRUE(absl::IsInvalidArgument(other.status()));
  EXPECT_THAT(other.status().ToString(), HasSubstr("REQUEST_ID_REUSED"));
}

// A refusal of the request itself must not read as a repeated id.
TEST_F(RequestOnceTest, ReturnsARefusalAsItIsAndRemembersNothing) {
  const RequestOnce once = Of("a", "id", "body");
  const auto refused = Commit(once, absl::InvalidArgumentError("not so"));
  EXPECT_EQ(refused.status(), absl::InvalidArgumentError("not so"));
  EXPECT_EQ(Commit(once, Saying("one"))->response, "one");
}

TEST_F(RequestOnceTest, NamesWithoutTellingTheId) {
  const RequestOnce once = Of("a", "id", "body");
  EXPECT_THAT(once.name(), ::testing::Not(HasSubstr("id")));
  const absl::Time now = parts_.clock.Now();
  EXPECT_EQ(once.IdOf("plan", now).size(), 32u);
  EXPECT_NE(once.IdOf("plan", now), once.IdOf("lease", now));
  EXPECT_NE(once.IdOf("plan", now),
            once.IdOf("plan", now + absl::Microseconds(1)));
  EXPECT_EQ(once.DrawSeed(1), Of("a", "id", "other").DrawSeed(1));
  EXPECT_NE(once.DrawSeed(1), once.DrawSeed(2));
}

}  // namespace
}  // namespace tenuto
