#include "server/decision_service.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/rpc_status.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/pending_ledger.h"
#include "tests/support/server_parts.h"

namespace tenuto {
namespace {

class DecisionServiceTest : public ::testing::Test {
 protected:
  DecisionServiceTest() {
    WriteChurnBundle(parts_.models_dir, parts_.catalogue);
    EXPECT_TRUE(parts_.registry.Refresh().empty());
    parts_.TakeIn(SubscriberEvents("anna", 10, kTestNow));
  }

  DecisionService MakeService() { return MakeServiceOf(parts_.ledger); }
  DecisionService MakeServiceOf(Ledger& ledger) {
    return DecisionService({.clock = parts_.clock,
                            .catalogue = parts_.catalogue,
                            .keys = parts_.keys,
                            .gate = parts_.gate,
                            .ledger = ledger,
                            .scorer = scorer_,
                            .policy = Policy::Embedded(),
                            .metrics = parts_.metrics,
                            .calls = parts_.calls,
                            .seed = 1});
  }

  static v1::DecideTreatmentRequest Request(const std::string& id) {
    v1::DecideTreatmentRequest request;
    request.set_request_id(id);
    request.set_user_id("anna");
    return request;
  }

  v1::DecideTreatmentResponse Decide(
      const v1::DecideTreatmentRequest& request) {
    v1::DecideTreatmentResponse response;
    const absl::Status status = service_.Decide(request, response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }

  absl::Status Refusal(const v1::DecideTreatmentRequest& request) {
    v1::DecideTreatmentResponse response;
    return service_.Decide(request, response);
  }

  // The decisions of `anna` that the log holds.
  std::vector<v1::DecisionMade> Logged() {
    return parts_.Logged(parts_.keys.Of("anna"), &v1::Event::has_decision_made,
                         &v1::Event::decision_made);
  }

  ServerParts parts_;
  const UserScorer scorer_ = parts_.MakeScorer();
  DecisionService service_ = MakeService();
};

TEST_F(DecisionServiceTest, CommitsWhatItAnswers) {
  const v1::DecideTreatmentResponse response = Decide(Request("r1"));
  const std::vector<v1::DecisionMade> logged = Logged();
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_EQ(logged[0].decision_id(), response.decision_id());
  EXPECT_EQ(logged[0].treatment(), response.treatment());
  EXPECT_EQ(logged[0].propensity(), response.propensity());
  EXPECT_EQ(logged[0].churn_probability(), response.churn_probability());
  EXPECT_EQ(logged[0].request_id(),
            parts_.keys.Pseudonym("tenuto request ids", "r1"));
  EXPECT_EQ(logged[0].model(), "churn_14d/1");
  EXPECT_EQ(logged[0].policy(), std::string(Policy::Embedded().version()));
  EXPECT_EQ(logged[0].contact(), response.treatment() != "none");
  EXPECT_FALSE(response.replayed());
  EXPECT_EQ(response.decision_id().size(), 32u);
  EXPECT_LE(response.churn_probability_low(), response.churn_probability());
  EXPECT_GE(response.churn_probability_high(), response.churn_probability());
}

TEST_F(DecisionServiceTest, GivesAStrangerNoneWithoutMakingThemKnown) {
  v1::DecideTreatmentRequest request = Request("r1");
  request.set_user_id("stranger");
  const Position before = parts_.ledger.Facts().last_position;
  const v1::DecideTreatmentResponse response = Decide(request);
  EXPECT_EQ(response.treatment(), "none");
  EXPECT_EQ(response.propensity(), 1);
  ASSERT_GT(response.considered_size(), 1);
  for (int k = 1; k < response.considered_size(); ++k) {
    EXPECT_EQ(response.considered(k).blocked_by(), "unknown_user");
  }
  EXPECT_EQ(parts_.ledger.Facts().last_position, before);
  std::string state;
  ASSERT_TRUE(parts_.ledger.LoadState(parts_.keys.Of("stranger"), state).ok());
  EXPECT_EQ(state, "");
  EXPECT_TRUE(Decide(request).replayed());
  request.set_request_id("r2");
  EXPECT_EQ(Decide(request).considered(1).blocked_by(), "unknown_user");
}

TEST_F(DecisionServiceTest, HearsTheConfiguredConsentOfWhoeverNeverAnswered) {
  v1::Event seen = MakeEvent("carl", "seen", kTestNow - absl::Hours(2));
  seen.set_plan(v1::PLAN_PREMIUM);
  seen.mutable_search();
  parts_.TakeIn({seen});
  v1::DecideTreatmentRequest request = Request("r1");
  request.set_user_id("carl");
  EXPECT_EQ(Decide(request).considered(1).blocked_by(), "consent_messages");
  parts_.consent_defaults.set_messages(v1::CONSENT_GRANTED);
  const UserScorer scorer = parts_.MakeScorer();
  const DecisionService service({.clock = parts_.clock,
                                 .catalogue = parts_.catalogue,
                                 .keys = parts_.keys,
                                 .gate = parts_.gate,
                                 .ledger = parts_.ledger,
                                 .scorer = scorer,
                                 .policy = Policy::Embedded(),
                                 .metrics = parts_.metrics,
                                 .calls = parts_.calls,
                                 .seed = 1});
  request.set_request_id("r2");
  v1::DecideTreatmentResponse response;
  ASSERT_TRUE(service.Decide(request, response).ok());
  EXPECT_EQ(response.considered(1).blocked_by(), "consent_behaviour");
}

TEST_F(DecisionServiceTest, ConsidersNoneFirstAndPropensitiesSumToOne) {
  const v1::DecideTreatmentResponse response = Decide(Request("r1"));
  ASSERT_GT(response.considered_size(), 1);
  EXPECT_EQ(response.considered(0).treatment(), "none");
  double sum = 0;
  for (const v1::Considered& considered : response.considered()) {
    sum += considered.propensity();
  }
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_GT(response.propensity(), 0);
}

TEST_F(DecisionServiceTest, DecidesNothingByWhatMissesThePast) {
  const auto decide = [&](const char* signal, const char* request) {
    PendingLedger ledger(parts_.ledger,
                         PendingSignals({SignalId(parts_.catalogue, signal)}));
    v1::DecideTreatmentResponse response;
    return MakeServiceOf(ledger).Decide(Request(request), response);
  };
  const absl::Status refused = decide("recent_contacts", "first");
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_TRUE(Logged().empty());
  EXPECT_TRUE(absl::IsUnavailable(decide("total_tracks", "second")))
      << "which the model reads, if no guardrail does";
  EXPECT_TRUE(Logged().empty());
  PendingLedger unread(parts_.ledger, PendingSignals({999'999}));
  v1::DecideTreatmentResponse response;
  EXPECT_EQ(MakeServiceOf(unread).Decide(Request("third"), response),
            absl::OkStatus());
  EXPECT_EQ(Logged().size(), 1u);
  EXPECT_EQ(Refusal(Request("first")), absl::OkStatus()) << "once it is whole";
}

TEST_F(DecisionServiceTest, GivesARepeatedRequestTheStoredAnswer) {
  v1::DecideTreatmentResponse first = Decide(Request("r1"));
  parts_.clock.Set(kTestNow + absl::Hours(3));
  const v1::DecideTreatmentResponse again = Decide(Request("r1"));
  EXPECT_TRUE(again.replayed());
  first.set_replayed(true);
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(Logged().size(), 1u);
  EXPECT_EQ(parts_.TakeRecords().size(), 1u);
}

TEST_F(DecisionServiceTest, RefusesARepeatedRequestWithAnotherBody) {
  Decide(Request("r1"));
  v1::DecideTreatmentRequest other = Request("r1");
  other.set_user_id("bert");
  const absl::Status status = Refusal(other);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(ReasonOf(status), "REQUEST_ID_REUSED");
}

TEST_F(DecisionServiceTest, DecidesAnewWhenARequestIdReturnsAfterADay) {
  const std::string first = Decide(Request("r1")).decision_id();
  parts_.clock.Set(kTestNow + absl::Hours(25));
  const v1::DecideTreatmentResponse again = Decide(Request("r1"));
  EXPECT_FALSE(again.replayed());
  EXPECT_NE(again.decision_id(), first);
  EXPECT_EQ(Logged().size(), 2u);
}

// What is chosen for 60 users by a server of its own.
std::vector<std::string> ChoicesWithSeed(std::uint64_t seed) {
  ServerParts parts;
  WriteChurnBundle(parts.models_dir, parts.catalogue);
  EXPECT_TRUE(parts.registry.Refresh().empty());
  const UserScorer scorer = parts.MakeScorer();
  const DecisionService service({.clock = parts.clock,
                                 .catalogue = parts.catalogue,
                                 .keys = parts.keys,
                                 .gate = parts.gate,
                                 .ledger = parts.ledger,
                                 .scorer = scorer,
                                 .policy = Policy::Embedded(),
                                 .metrics = parts.metrics,
                                 .calls = parts.calls,
                                 .seed = seed});
  std::vector<std::string> choices;
  for (int k = 0; k < 60; ++k) {
    v1::DecideTreatmentRequest request;
    request.set_user_id("user-" + std::to_string(k));
    request.set_request_id("request-" + std::to_string(k));
    parts.TakeIn(SubscriberEvents(request.user_id(), 5, kTestNow));
    v1::DecideTreatmentResponse response;
    EXPECT_TRUE(service.Decide(request, response).ok());
    choices.push_back(response.treatment());
  }
  return choices;
}

TEST(DecisionServiceSeed, AloneDecidesWhatIsExplored) {
  const std::vector<std::string> choices = ChoicesWithSeed(7);
  EXPECT_EQ(choices, ChoicesWithSeed(7));
  EXPECT_NE(choices, ChoicesWithSeed(8));
}

TEST_F(DecisionServiceTest, OffersOnlyTheSurfacesThatTheCallerHas) {
  v1::DecideTreatmentRequest request = Request("r1");
  request.add_surfaces(v1::SURFACE_EMAIL);
  const v1::DecideTreatmentResponse response = Decide(request);
  EXPECT_TRUE(response.surface() == v1::SURFACE_EMAIL ||
              response.surface() == v1::SURFACE_UNSPECIFIED);
}

TEST_F(DecisionServiceTest, RefusesRequestsWithoutNamesAndUnknownSurfaces) {
  EXPECT_EQ(Refusal(Request("")).message(), "request_id is empty");
  EXPECT_EQ(Refusal(Request(std::string(129, 'r'))).message(),
            "request_id has more than 128 bytes");
  v1::DecideTreatmentRequest request = Request("r1");
  request.set_user_id("");
  EXPECT_EQ(Refusal(request).message(), "user_id is empty");
  request = Request("r1");
  request.mutable_surfaces()->Add(99);
  EXPECT_EQ(Refusal(request).message(), "surfaces[0] has no value 99");
  request = Request("r1");
  request.set_model("absent");
  EXPECT_EQ(ReasonOf(Refusal(request)), "MODEL_NOT_FOUND");
  EXPECT_TRUE(Logged().empty());
}

}  // namespace
}  // namespace tenuto
