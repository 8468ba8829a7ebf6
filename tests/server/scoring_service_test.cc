#include "server/scoring_service.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc_status.h"
#include "tests/support/churn_bundle.h"
#include "tests/support/queue_server.h"
#include "tests/support/server_parts.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

class ScoringServiceTest : public ::testing::Test {
 protected:
  ScoringServiceTest() {
    WriteChurnBundle(parts_.models_dir, parts_.catalogue);
    WriteTableBundle(parts_.models_dir, "visits");
    for (const absl::Status& refusal : parts_.registry.Refresh()) {
      ADD_FAILURE() << refusal;
    }
    parts_.TakeIn(SubscriberEvents("anna", 20, kTestNow));
  }

  template <typename Request, typename Response>
  void ExpectRefusal(const Request& request, absl::StatusCode code,
                     const std::string& reason, const std::string& text) {
    Response response;
    const absl::Status status = service_.Score(request, response);
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(ReasonOf(status), reason);
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }
  void ExpectRefusal(const v1::ScoreUsersRequest& request,
                     absl::StatusCode code, const std::string& reason,
                     const std::string& text) {
    ExpectRefusal<v1::ScoreUsersRequest, v1::ScoreUsersResponse>(request, code,
                                                                 reason, text);
  }
  void ExpectRefusal(const v1::ScoreRowsRequest& request,
                     const std::string& reason, const std::string& text) {
    ExpectRefusal<v1::ScoreRowsRequest, v1::ScoreRowsResponse>(
        request, absl::StatusCode::kInvalidArgument, reason, text);
  }

  ServerParts parts_;
  const UserScorer scorer_ = parts_.MakeScorer();
  ScoringService service_{{.keys = parts_.keys,
                           .registry = parts_.registry,
                           .scorer = scorer_,
                           .default_model = "churn_14d",
                           .metrics = parts_.metrics,
                           .calls = parts_.calls}};
};

TEST_F(ScoringServiceTest, TakesTheDefaultModelWhereACallNamesNone) {
  v1::ScoreUsersRequest users;
  users.add_user_ids("anna");
  v1::ScoreUsersResponse scored;
  ASSERT_TRUE(service_.Score(users, scored).ok());
  EXPECT_EQ(scored.model(), "churn_14d");
  v1::ExplainScoreRequest one;
  one.set_user_id("anna");
  v1::ExplainScoreResponse explained;
  ASSERT_TRUE(service_.Explain(one, explained).ok());
  EXPECT_EQ(explained.model(), "churn_14d");
  v1::ScoreRowsRequest rows;
  v1::ScoreRowsResponse row_scores;
  ASSERT_TRUE(service_.Score(rows, row_scores).ok());
  EXPECT_EQ(row_scores.model(), "churn_14d");
}

// Calls that arrive together are scored together; each must get its own answer,
// whatever is wrong with its neighbours.
TEST_F(ScoringServiceTest, AnswersCallsThatArriveTogetherEachForItself) {
  std::vector<v1::ScoreUsersRequest> requests(200);
  for (std::size_t k = 0; k < requests.size(); ++k) {
    v1::ScoreUsersRequest& request = requests[k];
    const char* const models[] = {"churn_14d", "", "visits", "absent"};
    request.set_model(models[k % 7 < 4 ? k % 2 : k % 4]);
    // None, few, more than are scored with others, and far more.
    for (std::size_t user = 0; user < (k * k) % 41; ++user) {
      request.add_user_ids(user % 3 == 0 ? "anna" : absl::StrCat("u", user));
    }
    if (k % 11 == 5) request.add_user_ids("");
  }
  QueueServer server({&service_});
  const auto stub = v1::Scoring::NewStub(server.channel());
  grpc::CompletionQueue queue;
  struct Call {
    grpc::ClientContext context;
    v1::ScoreUsersResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ScoreUsersResponse>>
        reader;
  };
  std::vector<Call> calls(requests.size());
  for (std::size_t k = 0; k < calls.size(); ++k) {
    calls[k].reader =
        stub->AsyncScoreUsers(&calls[k].context, requests[k], &queue);
    calls[k].reader->Finish(&calls[k].response, &calls[k].status, nullptr);
  }
  void* tag;
  bool ok;
  for (std::size_t k = 0; k < calls.size(); ++k) queue.Next(&tag, &ok);
  for (std::size_t k = 0; k < calls.size(); ++k) {
    v1::ScoreUsersResponse alone;
    const absl::Status status = service_.Score(requests[k], alone);
    EXPECT_EQ(calls[k].status.error_message(), status.message());
    if (status.ok()) {
      EXPECT_EQ(calls[k].response.SerializeAsString(),
                alone.SerializeAsString());
    }
  }
}

// A ledger in which one user's state cannot be read.
class DamagedLedger final : public MemoryLedger {
 public:
  DamagedLedger(const Catalogue& catalogue, const Clock& clock, UserKey damaged)
      : MemoryLedger(catalogue, clock), damaged_(damaged) {}
  absl::Status LoadState(const UserKey& user,
                         std::string& state) const override {
    ++loads;
    if (user == damaged_) return absl::DataLossError("this state is damaged");
    return MemoryLedger::LoadState(user, state);
  }
  mutable std::atomic<int> loads{0};

 private:
  const UserKey damaged_;
};

// Scored together, then each for itself: only the damaged one hears of it.
TEST_F(ScoringServiceTest, KeepsDamageToTheCallThatMeetsIt) {
  constexpr int kCalls = 64;
  const DamagedLedger ledger(parts_.catalogue, parts_.clock,
                             parts_.keys.Of("damaged"));
  const UserScorer scorer = parts_.MakeScorerOf(ledger);
  ScoringService service({.keys = parts_.keys,
                          .registry = parts_.registry,
                          .scorer = scorer,
                          .default_model = "churn_14d",
                          .metrics = parts_.metrics,
                          .calls = parts_.calls});
  QueueServer server({&service});
  const auto stub = v1::Scoring::NewStub(server.channel());
  // Whether calls arrive together is chance; a batch with damage in it is seen
  // by states that are read twice.
  for (int round = 0; round < 200; ++round) {
    const int before = ledger.loads;
    struct Call {
      grpc::ClientContext context;
      v1::ScoreUsersResponse response;
      grpc::Status status;
      std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ScoreUsersResponse>>
          reader;
    };
    grpc::CompletionQueue queue;
    std::vector<Call> calls(kCalls);
    for (std::size_t k = 0; k < kCalls; ++k) {
      v1::ScoreUsersRequest request;
      request.add_user_ids(k % 8 == 3 ? "damaged" : absl::StrCat("u", k));
      calls[k].reader =
          stub->AsyncScoreUsers(&calls[k].context, request, &queue);
      calls[k].reader->Finish(&calls[k].response, &calls[k].status, nullptr);
    }
    void* tag;
    bool ok;
    for (std::size_t k = 0; k < kCalls; ++k) queue.Next(&tag, &ok);
    for (std::size_t k = 0; k < kCalls; ++k) {
      EXPECT_EQ(calls[k].status.error_code(), k % 8 == 3
                                                  ? grpc::StatusCode::DATA_LOSS
                                                  : grpc::StatusCode::OK);
      EXPECT_EQ(calls[k].response.scores_size(), k % 8 == 3 ? 0 : 1);
    }
    if (ledger.loads > before + kCalls) return;
  }
  FAIL() << "no calls arrived together";
}

TEST_F(ScoringServiceTest, ListsTheModelsWhereTheDefaultOneDoesNotServe) {
  const UserScorer scorer({.clock = parts_.clock,
                           .catalogue = parts_.catalogue,
                           .ledger = parts_.ledger,
                           .registry = parts_.registry,
                           .records = *parts_.records,
                           .default_model = "absent",
                           .consent_defaults = {}});
  const auto bundle = scorer.FindUserBundle("");
  EXPECT_TRUE(absl::IsInvalidArgument(bundle.status()));
  EXPECT_EQ(ReasonOf(bundle.status()), "MODEL_NOT_NAMED");
  EXPECT_EQ(bundle.status().message(),
            "model is empty, and the default_model \"absent\" does not serve; "
            "serving: churn_14d, visits");
}

TEST_F(ScoringServiceTest, ScoresKnownAndUnknownUsersInOrder) {
  v1::ScoreUsersRequest request;
  request.set_model("churn_14d");
  request.add_user_ids("stranger");
  request.add_user_ids("anna");
  v1::ScoreUsersResponse response;
  const absl::Status status = service_.Score(request, response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.model_version(), 1);
  EXPECT_EQ(response.as_of_time().seconds(), absl::ToUnixSeconds(kTestNow));
  ASSERT_EQ(response.scores_size(), 2);
  EXPECT_FALSE(response.scores(0).known());
  EXPECT_FALSE(response.scores(0).eligible());
  EXPECT_EQ(response.scores(0).applied_through(), 0u);
  EXPECT_TRUE(response.scores(1).known());
  EXPECT_TRUE(response.scores(1).eligible());
  EXPECT_EQ(response.scores(1).applied_through(),
            parts_.ledger.Facts().last_position);
  for (const v1::UserScore& score : response.scores()) {
    EXPECT_GT(score.probability(), 0);
    EXPECT_LT(score.probability(), 1);
  }
}

TEST_F(ScoringServiceTest, RefusesWhatItCannotScore) {
  v1::ScoreUsersRequest request;
  request.set_model("churn_14d");
  request.add_user_ids("anna");
  request.add_user_ids("");
  ExpectRefusal(request, absl::StatusCode::kInvalidArgument, "EMPTY_ID",
                "user_ids[1] is empty");
  request.set_user_ids(1, std::string(129, 'x'));
  ExpectRefusal(request, absl::StatusCode::kInvalidArgument, "ID_TOO_LONG",
                "user_ids[1] has more than 128 bytes");
  *request.mutable_user_ids(1) = std::string("anna");
  request.set_model("chrun");
  ExpectRefusal(request, absl::StatusCode::kNotFound, "MODEL_NOT_FOUND",
                "model \"chrun\" does not serve; serving: churn_14d, visits");
  request.set_model("visits");
  ExpectRefusal(request, absl::StatusCode::kFailedPrecondition,
                "MODEL_OF_TABLE", "call ScoreRows");
  for (int k = 0; k < ScoringService::kUsersMax; ++k) {
    request.add_user_ids(std::string("u"));
  }
  ExpectRefusal(request, absl::StatusCode::kInvalidArgument, "TOO_MANY_USERS",
                "user_ids has 514 entries; at most 512");
}

TEST_F(ScoringServiceTest, ScoresTheRowsOfCallersLikeItsOwn) {
  v1::ScoreUsersRequest users;
  users.set_model("churn_14d");
  users.add_user_ids("anna");
  v1::ScoreUsersResponse score;
  ASSERT_TRUE(service_.Score(users, score).ok());
  const std::vector<v1::ScoreRecord> records = parts_.TakeRecords();
  ASSERT_EQ(records.size(), 1u);
  v1::ScoreRowsRequest rows;
  rows.set_model("churn_14d");
  *rows.mutable_values() = records[0].row();
  rows.mutable_values()->MergeFrom(records[0].row());
  v1::ScoreRowsResponse response;
  const absl::Status status = service_.Score(rows, response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.margins_size(), 2);
  EXPECT_EQ(response.margins(0), score.scores(0).margin());
  EXPECT_EQ(response.margins(1), score.scores(0).margin());
}

TEST_F(ScoringServiceTest, RefusesRowsThatAreNone) {
  v1::ScoreRowsRequest request;
  request.set_model("visits");
  request.add_values(1);
  ExpectRefusal(request, "BAD_ROW_WIDTH", "no multiple of the 2 columns");
  request.add_values(std::numeric_limits<float>::infinity());
  ExpectRefusal(request, "INFINITE_VALUE", "values[1] is infinite");
  request.mutable_values()->Resize(2 * ScoringService::kRowsMax + 2, 0);
  request.set_values(1, std::numeric_limits<float>::quiet_NaN());
  ExpectRefusal(request, "TOO_MANY_ROWS", "values has 4097 rows");
  request.mutable_values()->Truncate(2 * ScoringService::kRowsMax);
  v1::ScoreRowsResponse response;
  EXPECT_TRUE(service_.Score(request, response).ok());
  EXPECT_EQ(response.probabilities_size(), ScoringService::kRowsMax);
}

TEST_F(ScoringServiceTest, ExplainsAScoreThatItsPartsSumTo) {
  v1::ExplainScoreRequest request;
  request.set_model("churn_14d");
  request.set_user_id("anna");
  request.set_reason_count_max(2);
  v1::ExplainScoreResponse response;
  const absl::Status status = service_.Explain(request, response);
  ASSERT_TRUE(status.ok()) << status;
  double sum = response.bias();
  double previous = std::numeric_limits<double>::infinity();
  for (const v1::Contribution& part : response.contributions()) {
    sum += part.contribution();
    EXPECT_LE(std::abs(part.contribution()), previous);
    EXPECT_NE(part.contribution(), 0) << part.feature();
    previous = std::abs(part.contribution());
  }
  EXPECT_NEAR(sum, response.score().margin(), 1e-4);
  EXPECT_LE(response.reasons_size(), 2);
}

TEST_F(ScoringServiceTest, RefusesToExplainNobody) {
  v1::ExplainScoreRequest request;
  request.set_model("churn_14d");
  v1::ExplainScoreResponse response;
  EXPECT_EQ(service_.Explain(request, response).message(), "user_id is empty");
  request.set_user_id("anna");
  request.set_reason_count_max(-1);
  EXPECT_EQ(service_.Explain(request, response).message(),
            "reason_count_max is not in 0-100");
}

}  // namespace
}  // namespace tenuto
