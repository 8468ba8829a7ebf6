#include "tests/parity/live_traffic.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/clock.h"
#include "features/user_state.h"
#include "tenuto/v1/ingest.grpc.pb.h"
#include "tenuto/v1/scoring.grpc.pb.h"

namespace tenuto::testing {
namespace {

constexpr int kBatchMax = 20;
constexpr int kScoredMax = 50;
constexpr char kModel[] = "churn_14d";

// Each client draws for itself.
std::uint64_t SeedOf(std::uint64_t seed, std::uint64_t client) {
  return seed * 1000 + client;
}

std::int64_t NowUs() { return absl::ToUnixMicros(Clock::Real().Now()); }

}  // namespace

std::string UserName(std::int64_t number) {
  return absl::StrCat("listener-", number);
}

Producer::Producer(const std::string& name, std::uint64_t seed)
    : name_(name), random_(seed, NowUs() - kPastDays * kDayUs, kPastDays) {}

v1::Event Producer::Next() {
  Draws& draws = random_.draws();
  if (last_.has_event_time() && draws.Chance(0.05)) return last_;
  v1::Event event = random_.Plausible();
  event.set_event_id(absl::StrCat(name_, "-", event.event_id()));
  event.set_user_id(UserName(draws.Between(0, kUsers - 1)));
  if (draws.Chance(0.1)) {
    v1::ConsentChanged& consent = *event.mutable_consent_changed();
    consent.set_consent_class(draws.Chance(0.7) ? v1::CONSENT_CLASS_BEHAVIOUR
                                                : v1::CONSENT_CLASS_MESSAGES);
    consent.set_consent(draws.Chance(0.6) ? v1::CONSENT_GRANTED
                                          : v1::CONSENT_WITHHELD);
  }
  if (event.has_consent_changed() || draws.Chance(0.3)) {
    event.mutable_event_time()->set_seconds(NowUs() / 1'000'000);
    event.mutable_event_time()->set_nanos(0);
  }
  late_ += event.event_time().seconds() < (NowUs() - kDayUs) / 1'000'000;
  consents_ += event.has_consent_changed();
  return last_ = event;
}

LiveTraffic::LiveTraffic(std::shared_ptr<grpc::Channel> channel,
                         std::uint64_t seed)
    : channel_(std::move(channel)) {
  clients_.emplace_back([this, seed] { IngestOneByOne(SeedOf(seed, 0)); });
  clients_.emplace_back([this, seed] { IngestInAStream(SeedOf(seed, 1)); });
  clients_.emplace_back([this, seed] { Ask(SeedOf(seed, 2)); });
  clients_.emplace_back([this, seed] { Ask(SeedOf(seed, 3)); });
}

void LiveTraffic::WaitFor(std::int64_t scores, std::int64_t accepted) const {
  const auto reached = [this, scores, accepted] {
    mutex_.AssertReaderHeld();
    return counts_.failed_calls > 0 ||
           (counts_.scores >= scores && counts_.accepted >= accepted);
  };
  mutex_.LockWhen(absl::Condition(&reached));
  mutex_.Unlock();
}

TrafficCounts LiveTraffic::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& client : clients_) client.join();
  clients_.clear();
  absl::MutexLock lock(&mutex_);
  return counts_;
}

namespace {

v1::IngestEventsRequest NextBatch(Producer& producer, Draws& draws) {
  v1::IngestEventsRequest request;
  for (std::int64_t k = draws.Between(1, kBatchMax); k > 0; --k) {
    *request.add_events() = producer.Next();
  }
  return request;
}

}  // namespace

void LiveTraffic::IngestOneByOne(std::uint64_t seed) {
  const auto stub = v1::Ingest::NewStub(channel_);
  Producer producer(absl::StrCat("unary-", seed), seed);
  Draws draws(seed);
  for (bool more = true; more;) {
    grpc::ClientContext context;
    v1::IngestEventsResponse response;
    more =
        stub->IngestEvents(&context, NextBatch(producer, draws), &response).ok()
            ? Count(response)
            : Fail();
  }
  CountSent(producer);
}

void LiveTraffic::IngestInAStream(std::uint64_t seed) {
  const auto stub = v1::Ingest::NewStub(channel_);
  Producer producer(absl::StrCat("stream-", seed), seed);
  Draws draws(seed);
  grpc::ClientContext context;
  const auto stream = stub->StreamEvents(&context);
  for (bool more = true; more;) {
    v1::IngestEventsResponse response;
    more = stream->Write(NextBatch(producer, draws)) && stream->Read(&response)
               ? Count(response)
               : Fail();
  }
  stream->WritesDone();
  stream->Finish();
  CountSent(producer);
}

void LiveTraffic::Ask(std::uint64_t seed) {
  const auto stub = v1::Scoring::NewStub(channel_);
  Draws draws(seed);
  for (bool more = true; more;) {
    grpc::ClientContext context;
    // Some have never been heard of.
    const auto draw_user = [&] {
      return UserName(draws.Between(0, kUsers + 10));
    };
    if (draws.Chance(0.2)) {
      v1::ExplainScoreRequest request;
      request.set_model(kModel);
      request.set_user_id(draw_user());
      v1::ExplainScoreResponse response;
      more = CountScores(stub->ExplainScore(&context, request, &response).ok(),
                         1, true);
    } else {
      v1::ScoreUsersRequest request;
      request.set_model(kModel);
      for (std::int64_t k = draws.Between(1, kScoredMax); k > 0; --k) {
        request.add_user_ids(draw_user());
      }
      v1::ScoreUsersResponse response;
      more = CountScores(stub->ScoreUsers(&context, request, &response).ok(),
                         request.user_ids_size(), false);
    }
  }
}

bool LiveTraffic::Count(const v1::IngestEventsResponse& response) {
  absl::MutexLock lock(&mutex_);
  for (const v1::EventResult& result : response.results()) {
    counts_.accepted += result.verdict() == v1::EVENT_VERDICT_ACCEPTED;
    counts_.duplicate += result.verdict() == v1::EVENT_VERDICT_DUPLICATE;
    counts_.rejected += result.verdict() == v1::EVENT_VERDICT_REJECTED;
  }
  return !stopping_;
}

void LiveTraffic::CountSent(const Producer& producer) {
  absl::MutexLock lock(&mutex_);
  counts_.late += producer.late();
  counts_.consents += producer.consents();
}

bool LiveTraffic::CountScores(bool ok, std::int64_t scores, bool explained) {
  if (!ok) return Fail();
  absl::MutexLock lock(&mutex_);
  counts_.scores += scores;
  counts_.explained += explained;
  return !stopping_;
}

bool LiveTraffic::Fail() {
  absl::MutexLock lock(&mutex_);
  ++counts_.failed_calls;
  return false;
}

}  // namespace tenuto::testing
