// What a messaging platform does with Tenuto, small enough to copy: tell what
// happened, ask who is likely to leave, let it decide what to send, and report
// what became of the message under the decision's id.
//
//   messaging_platform 127.0.0.1:7400
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "tenuto/v1/decision.grpc.pb.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"

namespace {

namespace v1 = tenuto::v1;
using google::protobuf::util::TimeUtil;

constexpr char kModel[] = "churn_14d";

class MessagingPlatform {
 public:
  explicit MessagingPlatform(const std::string& server)
      : channel_(
            grpc::CreateChannel(server, grpc::InsecureChannelCredentials())),
        ingest_(v1::Ingest::NewStub(channel_)),
        scoring_(v1::Scoring::NewStub(channel_)),
        decision_(v1::Decision::NewStub(channel_)) {}

  // Event ids make it safe to send a batch again when no answer came.
  bool Tell(const std::vector<v1::Event>& events) {
    v1::IngestEventsRequest request;
    request.mutable_events()->Assign(events.begin(), events.end());
    v1::IngestEventsResponse response;
    grpc::Status status;
    for (int attempt = 0; attempt < 3; ++attempt) {
      grpc::ClientContext context;
      context.set_deadline(In(std::chrono::seconds(2)));
      status = ingest_->IngestEvents(&context, request, &response);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
    }
    if (!status.ok()) return Complain("IngestEvents", status);
    for (const v1::EventResult& result : response.results()) {
      if (result.verdict() != v1::EVENT_VERDICT_REJECTED) continue;
      std::fprintf(stderr, "rejected: %s\n", result.message().c_str());
      return false;
    }
    return true;
  }

  bool Score(const std::vector<std::string>& users) {
    grpc::ClientContext context;
    context.set_deadline(In(std::chrono::seconds(1)));
    v1::ScoreUsersRequest request;
    request.set_model(kModel);
    for (const std::string& user : users) request.add_user_ids(user);
    v1::ScoreUsersResponse response;
    const grpc::Status status =
        scoring_->ScoreUsers(&context, request, &response);
    if (!status.ok()) return Complain("ScoreUsers", status);
    for (int k = 0; k < response.scores_size(); ++k) {
      std::printf("%s leaves with probability %.3f\n",
                  request.user_ids(k).c_str(),
                  response.scores(k).probability());
    }
    return true;
  }

  // The same request id always gets the same decision, so a lost answer is
  // asked for again without sending anybody two messages.
  bool Decide(const std::string& user, const std::string& request_id,
              v1::DecideTreatmentResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(In(std::chrono::seconds(1)));
    v1::DecideTreatmentRequest request;
    request.set_request_id(request_id);
    request.set_user_id(user);
    request.set_model(kModel);
    request.add_surfaces(v1::SURFACE_IN_APP);
    const grpc::Status status =
        decision_->DecideTreatment(&context, request, &response);
    if (!status.ok()) return Complain("DecideTreatment", status);
    std::printf("%s gets %s (propensity %.4f)%s\n", user.c_str(),
                response.treatment().c_str(), response.propensity(),
                response.replayed() ? ", as answered before" : "");
    return true;
  }

  // Shows the message, then tells that it was sent and opened.
  bool Deliver(const std::string& user,
               const v1::DecideTreatmentResponse& decision) {
    if (decision.treatment() == "none") return true;
    v1::Event sent = NewEvent(user, decision.decision_id() + "/sent");
    sent.mutable_message_sent()->set_decision_id(decision.decision_id());
    sent.mutable_message_sent()->set_treatment(decision.treatment());
    sent.mutable_message_sent()->set_surface(decision.surface());
    v1::Event opened = NewEvent(user, decision.decision_id() + "/opened");
    opened.mutable_message_opened()->set_decision_id(decision.decision_id());
    opened.mutable_message_opened()->set_treatment(decision.treatment());
    opened.mutable_message_opened()->set_surface(decision.surface());
    return Tell({sent, opened});
  }

  static v1::Event NewEvent(const std::string& user, const std::string& id) {
    v1::Event event;
    event.set_user_id(user);
    event.set_event_id(id);
    *event.mutable_event_time() = TimeUtil::GetCurrentTime();
    return event;
  }

 private:
  static std::chrono::system_clock::time_point In(std::chrono::seconds time) {
    return std::chrono::system_clock::now() + time;
  }
  static bool Complain(const char* call, const grpc::Status& status) {
    std::fprintf(stderr, "%s: %s\n", call, status.error_message().c_str());
    return false;
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Ingest::Stub> ingest_;
  const std::unique_ptr<v1::Scoring::Stub> scoring_;
  const std::unique_ptr<v1::Decision::Stub> decision_;
};

bool Run(MessagingPlatform& platform) {
  const std::vector<std::string> users = {"anna", "bert", "cleo"};
  for (const std::string& user : users) {
    v1::Event consent = platform.NewEvent(user, "consent");
    consent.mutable_consent_changed()->set_consent_class(
        v1::CONSENT_CLASS_MESSAGES);
    consent.mutable_consent_changed()->set_consent(v1::CONSENT_GRANTED);
    v1::Event played = platform.NewEvent(user, "first-track");
    played.set_plan(v1::PLAN_PREMIUM);
    played.mutable_playback()->set_track_id("track-1");
    played.mutable_playback()->set_ms_played(180'000);
    if (!platform.Tell({consent, played})) return false;
  }
  if (!platform.Score(users)) return false;
  for (const std::string& user : users) {
    v1::DecideTreatmentResponse decision;
    const std::string request_id = "campaign-7/" + user;
    if (!platform.Decide(user, request_id, decision) ||
        !platform.Deliver(user, decision) ||
        !platform.Decide(user, request_id, decision)) {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  MessagingPlatform platform(argc > 1 ? argv[1] : "127.0.0.1:7400");
  return Run(platform) ? 0 : 1;
}
