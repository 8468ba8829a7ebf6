// How likely is this user to leave, and why? Three questions, one path, and a
// stream for whoever has many.
#ifndef TENUTO_SERVER_SCORING_SERVICE_H_
#define TENUTO_SERVER_SCORING_SERVICE_H_

#include <string>

#include "absl/status/status.h"
#include "features/user_key.h"
#include "model/model_registry.h"
#include "server/calls.h"
#include "server/message_pool.h"
#include "server/metrics.h"
#include "server/score_streams.h"
#include "server/user_scorer.h"
#include "tenuto/v1/scoring.grpc.pb.h"

namespace tenuto {

// Thread-safe. The references must outlive it.
class ScoringService final : public v1::Scoring::CallbackService {
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

  grpc::ServerUnaryReactor* ScoreUsers(
      grpc::CallbackServerContext* context,
      const v1::ScoreUsersRequest* request,
      v1::ScoreUsersResponse* response) override;
  grpc::ServerUnaryReactor* ScoreRows(grpc::CallbackServerContext* context,
                                      const v1::ScoreRowsRequest* request,
                                      v1::ScoreRowsResponse* response) override;
  UserScoreStreams::Reactor* StreamScoreUsers(
      grpc::CallbackServerContext* context) override;
  RowScoreStreams::Reactor* StreamScoreRows(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ExplainScore(
      grpc::CallbackServerContext* context,
      const v1::ExplainScoreRequest* request,
      v1::ExplainScoreResponse* response) override;

  // Ends the streams.
  void Drain();

 private:
  const Options options_;
  MessagePool<v1::ScoreUsersRequest, v1::ScoreUsersResponse> user_messages_;
  MessagePool<v1::ScoreRowsRequest, v1::ScoreRowsResponse> row_messages_;
  UserScoreStreams user_streams_;
  RowScoreStreams row_streams_;
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_SCORING_SERVICE_H_
