// A messaging platform's side of Tenuto, to copy: tell what happened, ask who
// may leave, let it decide what to send, report back. Argument: HOST:PORT.
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

struct CallContext : grpc::ClientContext {
  explicit CallContext(std::chrono::milliseconds deadline) {
    set_deadline(std::chrono::system_clock::now() + deadline);
  }
};

bool Succeeded(const char* call, const grpc::Status& status) {
  if (status.ok()) return true;
  std::fprintf(stderr, "%s: %s\n", call, status.error_message().c_str());
  return false;
}

v1::Event NewEvent(const std::string& user, const std::string& id) {
  v1::Event event;
  event.set_user_id(user);
  event.set_event_id(id);
  *event.mutable_event_time() =
      google::protobuf::util::TimeUtil::GetCurrentTime();
  return event;
}

class MessagingPlatform {
 public:
  explicit MessagingPlatform(const std::shared_ptr<grpc::Channel>& channel)
      : ingest_(channel), scoring_(channel), decision_(channel) {}

  // Event ids make it safe to send a batch again when no answer came.
  bool Tell(const std::vector<v1::Event>& events) {
    v1::IngestEventsRequest request;
    request.mutable_events()->Assign(events.begin(), events.end());
    v1::IngestEventsResponse response;
    grpc::Status status(grpc::StatusCode::UNAVAILABLE, "");
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
      CallContext context(std::chrono::seconds(2));
      status = ingest_.IngestEvents(&context, request, &response);
    }
    for (const v1::EventResult& result : response.results()) {
      if (result.verdict() != v1::EVENT_VERDICT_REJECTED) continue;
      std::fprintf(stderr, "rejected: %s\n", result.message().c_str());
    }
    return Succeeded("IngestEvents", status);
  }

  bool Score(const std::vector<std::string>& users) {
    CallContext context(std::chrono::seconds(1));
    v1::ScoreUsersRequest request;
    request.set_model("churn_14d");
    request.mutable_user_ids()->Assign(users.begin(), users.end());
    v1::ScoreUsersResponse response;
    const auto status = scoring_.ScoreUsers(&context, request, &response);
    for (int k = 0; k < response.scores_size(); ++k) {
      std::printf("%s leaves with probability %.3f\n",
                  request.user_ids(k).c_str(),
                  response.scores(k).probability());
    }
    return Succeeded("ScoreUsers", status);
  }

  // The same request id always gets the same decision, so a lost answer is
  // asked for again without sending anybody two messages.
  bool Decide(const std::string& user, const std::string& request_id,
              v1::DecideTreatmentResponse& response) {
    CallContext context(std::chrono::seconds(1));
    v1::DecideTreatmentRequest request;
    request.set_request_id(request_id);
    request.set_user_id(user);
    request.add_surfaces(v1::SURFACE_IN_APP);
    const auto status = decision_.DecideTreatment(&context, request, &response);
    if (!Succeeded("DecideTreatment", status)) return false;
    std::printf("%s gets %s (propensity %.4f)%s\n", user.c_str(),
                response.treatment().c_str(), response.propensity(),
                response.replayed() ? ", as answered before" : "");
    return true;
  }

  bool ReportDelivery(const std::string& user,
                      const v1::DecideTreatmentResponse& decision) {
    if (decision.treatment() == "none") return true;
    v1::Event sent = NewEvent(user, decision.decision_id() + "/sent");
    v1::Event opened = NewEvent(user, decision.decision_id() + "/opened");
    const auto fill = [&](auto& message) {
      message.set_decision_id(decision.decision_id());
      message.set_treatment(decision.treatment());
      message.set_surface(decision.surface());
    };
    fill(*sent.mutable_message_sent());
    fill(*opened.mutable_message_opened());
    return Tell({sent, opened});
  }

 private:
  v1::Ingest::Stub ingest_;
  v1::Scoring::Stub scoring_;
  v1::Decision::Stub decision_;
};

// A premium user who allows us to look and to speak, and plays a track.
std::vector<v1::Event> FirstDay(const std::string& user) {
  std::vector<v1::Event> events = {NewEvent(user, "first-track")};
  events[0].set_plan(v1::PLAN_PREMIUM);
  events[0].mutable_playback()->set_track_id("track-1");
  for (const auto consent_class :
       {v1::CONSENT_CLASS_BEHAVIOUR, v1::CONSENT_CLASS_MESSAGES}) {
    events.push_back(NewEvent(user, v1::ConsentClass_Name(consent_class)));
    v1::ConsentChanged& change = *events.back().mutable_consent_changed();
    change.set_consent_class(consent_class);
    change.set_consent(v1::CONSENT_GRANTED);
  }
  return events;
}

}  // namespace

int main(int argc, char** argv) {
  MessagingPlatform platform(
      grpc::CreateChannel(argc > 1 ? argv[1] : "127.0.0.1:7400",
                          grpc::InsecureChannelCredentials()));
  const std::vector<std::string> users = {"anna", "bert", "cleo"};
  bool ok = true;
  for (const std::string& user : users) ok &= platform.Tell(FirstDay(user));
  ok &= platform.Score(users);
  for (const std::string& user : users) {
    v1::DecideTreatmentResponse decision;
    const std::string request_id = "campaign-7/" + user;
    ok &= platform.Decide(user, request_id, decision) &&
          platform.ReportDelivery(user, decision) &&
          platform.Decide(user, request_id, decision);
  }
  return ok ? 0 : 1;
}
