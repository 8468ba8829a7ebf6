// How likely is this user to leave, and why? Three questions, one path, and a
// stream for whoever has many.
#ifndef TENUTO_SERVER_SCORING_SERVICE_H_
#define TENUTO_SERVER_SCORING_SERVICE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "features/user_key.h"
#include "model/model_registry.h"
#include "server/answer_streams.h"
#include "server/calls.h"
#include "server/metrics.h"
#include "server/rpc_service.h"
#include "server/unary_call.h"
#include "server/user_scorer.h"
#include "tenuto/v1/scoring.grpc.pb.h"

namespace tenuto {

// Thread-safe. The references must outlive it.
class ScoringService final : public RpcService {
 public:
  static constexpr int kUsersMax = 512;
  static constexpr int kRowsMax = 4096;
  static constexpr int kReasonsDefault = 5;
  static constexpr int kReasonsMax = 100;

  struct Options {
    const UserKeys& keys;
    const ModelRegistry& registry;
    const UserScorer& scorer;
    std::string default_model;  // Of calls that name none.
    Metrics& metrics;
    Calls& calls;
  };
  explicit ScoringService(Options options);

  // Without transport.
  absl::Status Score(const v1::ScoreUsersRequest& request,
                     v1::ScoreUsersResponse& response) const;
  absl::Status Score(const v1::ScoreRowsRequest& request,
                     v1::ScoreRowsResponse& response) const;
  absl::Status Explain(const v1::ExplainScoreRequest& request,
                       v1::ExplainScoreResponse& response) const;

  grpc::Service& methods() override { return methods_; }
  void Await(CallQueue& queue) override;

  // Ends the streams.
  void Drain();

 private:
  using UsersCall = UnaryCall<v1::ScoreUsersRequest, v1::ScoreUsersResponse>;
  void ScoreAlone(UsersCall& call) const;
  // Scores the users of several calls in one pass: what one user needs of code
  // and forest the next finds at hand. What is wrong, large or of another model
  // is scored alone.
  void ScoreTogether(absl::Span<UsersCall* const> calls) const;
  // `users` are those of the calls, in order.
  void ScoreThem(const ModelBundle& bundle, absl::Time start,
                 absl::Span<UsersCall* const> calls,
                 absl::Span<const UserKey> users) const;
  // The keys of checked ids, added to `users`.
  absl::Status AddKeys(const v1::ScoreUsersRequest& request,
                       std::vector<UserKey>& users) const;

  const Options options_;
  v1::Scoring::AsyncService methods_;
  UserScoreStreams user_streams_;
  RowScoreStreams row_streams_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_SCORING_SERVICE_H_
