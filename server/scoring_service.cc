#include "server/scoring_service.h"

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "model/explainer.h"
#include "server/request_checks.h"
#include "server/rpc_status.h"

namespace tenuto {
namespace {

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
  for (int k = 0; k < size; ++k) {
    if (std::isinf(request.values(k))) {
      return FieldError(absl::StrCat("values[", k, "]"), "INFINITE_VALUE",
                        "is infinite; send NaN for a missing value");
    }
  }
  return absl::OkStatus();
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

absl::Status ScoringService::Score(const v1::ScoreUsersRequest& request,
                                   v1::ScoreUsersResponse& response) const {
  if (request.user_ids_size() > kUsersMax) {
    return FieldError(
        "user_ids", "TOO_MANY_USERS",
        absl::StrCat("has ", request.user_ids_size(), " entries; at most ",
                     kUsersMax, " are scored at once"));
  }
  std::vector<UserKey> users;
  for (int k = 0; k < request.user_ids_size(); ++k) {
    TENUTO_RETURN_IF_ERROR(
        CheckId(absl::StrCat("user_ids[", k, "]"), request.user_ids(k)));
    users.push_back(options_.keys.Of(request.user_ids(k)));
  }
  TENUTO_ASSIGN_OR_RETURN(const auto bundle,
                          options_.scorer.FindUserBundle(request.model()));
  TENUTO_ASSIGN_OR_RETURN(UserRows scored,
                          options_.scorer.ScoreUsers(*bundle, users));
  response.set_model(bundle->manifest().model());
  response.set_model_version(bundle->manifest().version());
  *response.mutable_as_of_time() =
      TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(scored.when.as_of));
  for (v1::UserScore& score : scored.scores) {
    *response.add_scores() = std::move(score);
  }
  options_.metrics.CountScores(response.scores_size());
  return absl::OkStatus();
}

absl::Status ScoringService::Score(const v1::ScoreRowsRequest& request,
                                   v1::ScoreRowsResponse& response) const {
  TENUTO_ASSIGN_OR_RETURN(
      const auto bundle,
      FindBundle(options_.registry, request.model(), options_.default_model));
  TENUTO_RETURN_IF_ERROR(CheckRows(request, bundle->width()));
  std::vector<tenuto::Score> scores(
      static_cast<std::size_t>(request.values_size() / bundle->width()));
  TENUTO_RETURN_IF_ERROR(bundle->ScoreRows(
      absl::MakeConstSpan(request.values().data(),
                          static_cast<std::size_t>(request.values_size())),
      absl::MakeSpan(scores)));
  response.set_model(bundle->manifest().model());
  response.set_model_version(bundle->manifest().version());
  for (const tenuto::Score& score : scores) {
    response.add_probabilities(static_cast<float>(score.probability));
    response.add_margins(score.margin);
  }
  options_.metrics.CountScores(response.margins_size());
  return absl::OkStatus();
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
  *response.mutable_score() = scored.scores.front();
  response.set_bias(explanation.bias);
  for (const ExplainedColumn& column : explanation.columns) {
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

grpc::ServerUnaryReactor* ScoringService::ScoreUsers(
    grpc::CallbackServerContext* context, const v1::ScoreUsersRequest* request,
    v1::ScoreUsersResponse* response) {
  return options_.calls.Answer(*context, RpcMethod::kScoreUsers,
                               [&] { return Score(*request, *response); });
}

grpc::ServerUnaryReactor* ScoringService::ScoreRows(
    grpc::CallbackServerContext* context, const v1::ScoreRowsRequest* request,
    v1::ScoreRowsResponse* response) {
  return options_.calls.Answer(*context, RpcMethod::kScoreRows,
                               [&] { return Score(*request, *response); });
}

grpc::ServerUnaryReactor* ScoringService::ExplainScore(
    grpc::CallbackServerContext* context,
    const v1::ExplainScoreRequest* request,
    v1::ExplainScoreResponse* response) {
  return options_.calls.Answer(*context, RpcMethod::kExplainScore,
                               [&] { return Explain(*request, *response); });
}

}  // namespace tenuto
