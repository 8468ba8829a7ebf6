#include "server/scoring_service.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "model/explainer.h"
#include "server/call_batch.h"
#include "server/request_checks.h"
#include "server/rpc_status.h"
#include "server/stream_calls.h"
#include "server/unary_calls.h"

namespace tenuto {
namespace {

// Of a call that is scored with others; more are worth a pass of their own.
constexpr int kFewUsers = 8;
// Of a call, or of several together, that other calls can wait for.
constexpr int kManyUsers = 32;
constexpr int kManyValues = 32'768;

using google::protobuf::util::TimeUtil;

// Every value is a number or missing, and they make whole rows.
absl::Status CheckRows(const v1::ScoreRowsRequest& request, int width) {
  const int size = request.values_size();
  if (width == 0 || size % width != 0) {
    return FieldError(
        "values", "BAD_ROW_WIDTH",
        absl::StrCat("has ", size, " entries, no multiple of the ", width,
                     " columns of the model"));
  }
  if (size / width > ScoringService::kRowsMax) {
    return FieldError(
        "values", "TOO_MANY_ROWS",
        absl::StrCat("has ", size / width, " rows; at most ",
                     ScoringService::kRowsMax, " are taken at once"));
  }
  const auto infinite =
      std::find_if(request.values().begin(), request.values().end(),
                   [](float value) { return std::isinf(value); });
  if (infinite != request.values().end()) {
    return FieldError(
        absl::StrCat("values[", infinite - request.values().begin(), "]"),
        "INFINITE_VALUE", "is infinite; send NaN for a missing value");
  }
  return absl::OkStatus();
}

bool IsLong(const v1::ScoreUsersRequest& request) {
  return request.user_ids_size() > kManyUsers;
}
bool IsLong(const v1::ScoreRowsRequest& request) {
  return request.values_size() > kManyValues;
}

// All but the scores.
void FillHead(const ModelBundle& bundle, const UserRows& scored,
              v1::ScoreUsersResponse& response) {
  response.set_model(bundle.manifest().model());
  response.set_model_version(bundle.manifest().version());
  *response.mutable_as_of_time() =
      TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(scored.when.as_of));
}

absl::StatusOr<int> ReasonCount(const v1::ExplainScoreRequest& request) {
  const int count = request.reason_count_max();
  if (count < 0 || count > ScoringService::kReasonsMax) {
    return FieldError(
        "reason_count_max", "BAD_NUMBER",
        absl::StrCat("is not in 0-", ScoringService::kReasonsMax));
  }
  return count == 0 ? ScoringService::kReasonsDefault : count;
}

}  // namespace

ScoringService::ScoringService(Options options)
    : options_(std::move(options)),
      user_streams_(
          options_.calls, RpcMethod::kStreamScoreUsers,
          [this](const v1::ScoreUsersRequest& request,
                 v1::ScoreUsersResponse& response) {
            return Score(request, response);
          },
          [](const auto& request) { return IsLong(request); }),
      row_streams_(
          options_.calls, RpcMethod::kStreamScoreRows,
          [this](const v1::ScoreRowsRequest& request,
                 v1::ScoreRowsResponse& response) {
            return Score(request, response);
          },
          [](const auto& request) { return IsLong(request); }) {}

absl::Status ScoringService::AddKeys(const v1::ScoreUsersRequest& request,
                                     std::vector<UserKey>& users) const {
  if (request.user_ids_size() > kUsersMax) {
    return FieldError(
        "user_ids", "TOO_MANY_USERS",
        absl::StrCat("has ", request.user_ids_size(), " entries; at most ",
                     kUsersMax, " are scored at once"));
  }
  const auto wrong =
      std::find_if(request.user_ids().begin(), request.user_ids().end(),
                   [](const std::string& id) {
                     return id.empty() || id.size() > kIdBytesMax;
                   });
  if (wrong != request.user_ids().end()) {
    return CheckId(
        absl::StrCat("user_ids[", wrong - request.user_ids().begin(), "]"),
        *wrong);
  }
  for (const std::string& id : request.user_ids()) {
    users.push_back(options_.keys.Of(id));
  }
  return absl::OkStatus();
}

absl::Status ScoringService::Score(const v1::ScoreUsersRequest& request,
                                   v1::ScoreUsersResponse& response) const {
  // Their memory is used again.
  thread_local std::vector<UserKey> users;
  thread_local UserRows scored;
  users.clear();
  TENUTO_RETURN_IF_ERROR(AddKeys(request, users));
  TENUTO_ASSIGN_OR_RETURN(const auto bundle,
                          options_.scorer.FindUserBundle(request.model()));
  TENUTO_RETURN_IF_ERROR(options_.scorer.ScoreUsers(*bundle, users, scored));
  FillHead(*bundle, scored, response);
  response.mutable_scores()->Swap(&scored.scores);
  options_.metrics.CountScores(response.scores_size());
  return absl::OkStatus();
}

absl::Status ScoringService::Score(const v1::ScoreRowsRequest& request,
                                   v1::ScoreRowsResponse& response) const {
  TENUTO_ASSIGN_OR_RETURN(
      const auto bundle,
      FindBundle(options_.registry, request.model(), options_.default_model));
  TENUTO_RETURN_IF_ERROR(CheckRows(request, bundle->width()));
  const int rows = request.values_size() / bundle->width();
  thread_local std::vector<tenuto::Score> scores;  // Its memory is used again.
  scores.resize(static_cast<std::size_t>(rows));
  TENUTO_RETURN_IF_ERROR(bundle->ScoreRows(
      absl::MakeConstSpan(request.values().data(),
                          static_cast<std::size_t>(request.values_size())),
      absl::MakeSpan(scores)));
  response.set_model(bundle->manifest().model());
  response.set_model_version(bundle->manifest().version());
  response.mutable_probabilities()->Reserve(rows);
  response.mutable_margins()->Reserve(rows);
  for (const tenuto::Score& score : scores) {
    response.mutable_probabilities()->AddAlreadyReserved(
        static_cast<float>(score.probability));
    response.mutable_margins()->AddAlreadyReserved(score.margin);
  }
  options_.metrics.CountScores(rows);
  return absl::OkStatus();
}

void ScoringService::ScoreAlone(UsersCall& call) const {
  options_.calls.Answer(call, RpcMethod::kScoreUsers,
                        [&] { return Score(call.request(), call.response()); });
}

void ScoringService::ScoreTogether(absl::Span<UsersCall* const> calls) const {
  // Their memory is used again.
  thread_local std::vector<UsersCall*> together;
  thread_local std::vector<UserKey> users;
  together.clear();
  users.clear();
  const absl::Time start = options_.calls.Now();
  std::shared_ptr<const ModelBundle> bundle;
  for (UsersCall* const call : calls) {
    const v1::ScoreUsersRequest& request = call->request();
    auto its = options_.scorer.FindUserBundle(request.model());
    if (its.ok() && bundle == nullptr) bundle = *its;
    if (call->IsGivenUp() || !its.ok() || *its != bundle ||
        request.user_ids_size() > kFewUsers || !AddKeys(request, users).ok()) {
      ScoreAlone(*call);
      continue;
    }
    together.push_back(call);
    if (users.size() < std::size_t{kManyUsers}) continue;
    ScoreThem(*bundle, start, together, users);
    together.clear();
    users.clear();
  }
  if (!together.empty()) ScoreThem(*bundle, start, together, users);
}

void ScoringService::ScoreThem(const ModelBundle& bundle, absl::Time start,
                               absl::Span<UsersCall* const> calls,
                               absl::Span<const UserKey> users) const {
  thread_local UserRows scored;  // Its memory is used again.
  if (!options_.scorer.ScoreUsers(bundle, users, scored).ok()) {
    // One user's state may be what failed.
    for (UsersCall* const call : calls) {
      ScoreAlone(*call);
    }
    return;
  }
  int next = 0;
  for (UsersCall* const call : calls) {
    v1::ScoreUsersResponse& response = call->response();
    FillHead(bundle, scored, response);
    for (int k = 0; k < call->request().user_ids_size(); ++k) {
      response.add_scores()->Swap(scored.scores.Mutable(next++));
    }
    call->Finish(
        options_.calls.Close(RpcMethod::kScoreUsers, start, absl::OkStatus()));
  }
  options_.metrics.CountScores(next);
}

absl::Status ScoringService::Explain(const v1::ExplainScoreRequest& request,
                                     v1::ExplainScoreResponse& response) const {
  TENUTO_RETURN_IF_ERROR(CheckId("user_id", request.user_id()));
  TENUTO_ASSIGN_OR_RETURN(const int reason_count, ReasonCount(request));
  TENUTO_ASSIGN_OR_RETURN(const auto bundle,
                          options_.scorer.FindUserBundle(request.model()));
  const UserKey user = options_.keys.Of(request.user_id());
  TENUTO_ASSIGN_OR_RETURN(
      const UserRows scored,
      options_.scorer.ScoreUsers(*bundle, absl::MakeConstSpan(&user, 1)));
  TENUTO_ASSIGN_OR_RETURN(const Explanation explanation,
                          tenuto::Explain(*bundle, scored.rows, reason_count));
  response.set_model(bundle->manifest().model());
  response.set_model_version(bundle->manifest().version());
  *response.mutable_score() = scored.scores[0];
  response.set_bias(explanation.bias);
  for (const ExplainedColumn& column : explanation.columns) {
    if (column.contribution == 0) break;  // The largest come first.
    v1::Contribution& contribution = *response.add_contributions();
    contribution.set_feature(column.feature);
    contribution.set_family(column.family);
    contribution.set_value(column.value);
    contribution.set_contribution(column.contribution);
  }
  for (const std::string& reason : explanation.reasons) {
    response.add_reasons(reason);
  }
  options_.metrics.CountScores(1);
  return absl::OkStatus();
}

void ScoringService::Await(CallQueue& queue) {
  using Methods = v1::Scoring::AsyncService;
  Calls& calls = options_.calls;
  const auto users = std::make_shared<CallBatch<UsersCall>>(
      queue,
      [this](absl::Span<UsersCall* const> batch) { ScoreTogether(batch); });
  queue.Keep(users);
  AwaitCalls(queue, methods_, &Methods::RequestScoreUsers,
             [this, users](UsersCall& call) {
               if (!IsLong(call.request())) return users->Add(call);
               options_.calls.AnswerHeavy(
                   call, RpcMethod::kScoreUsers, [this, &call] {
                     return Score(call.request(), call.response());
                   });
             });
  AwaitCalls(queue, methods_, &Methods::RequestScoreRows,
             [this, &calls](auto& call) {
               const auto score = [this, &call] {
                 return Score(call.request(), call.response());
               };
               if (IsLong(call.request())) {
                 calls.AnswerHeavy(call, RpcMethod::kScoreRows, score);
               } else {
                 calls.Answer(call, RpcMethod::kScoreRows, score);
               }
             });
  AwaitCalls(
      queue, methods_, &Methods::RequestExplainScore,
      [this, &calls](auto& call) {
        calls.AnswerHeavy(call, RpcMethod::kExplainScore, [this, &call] {
          return Explain(call.request(), call.response());
        });
      },
      Cancels::kHeard);
  AwaitStreams(queue, methods_, &Methods::RequestStreamScoreUsers,
               [this] { return user_streams_.Make(); });
  AwaitStreams(queue, methods_, &Methods::RequestStreamScoreRows,
               [this] { return row_streams_.Make(); });
}

void ScoringService::Drain() {
  user_streams_.Drain();
  row_streams_.Drain();
}

}  // namespace tenuto
