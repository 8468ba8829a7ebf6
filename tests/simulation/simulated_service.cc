#include "tests/simulation/simulated_service.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/catalogue.h"
#include "features/memory_ledger.h"
#include "model/decision/policy.h"
#include "model/model_registry.h"
#include "server/decision_service.h"
#include "server/ingest_service.h"
#include "server/user_scorer.h"
#include "tests/simulation/simulated_parts.h"
#include "tests/support/take_in.h"

namespace tenuto::testing {
namespace {

constexpr int kUsers = 12;
constexpr int kProducers = 3;
constexpr int kDays = 150;
constexpr std::int64_t kStartUs = 1'735'689'600'000'000;  // 2025-01-01
constexpr std::size_t kBatchMax = 40;

void SetTime(absl::Time time, google::protobuf::Timestamp& proto) {
  const std::int64_t us = absl::ToUnixMicros(time);
  proto.set_seconds(us / 1'000'000);
  proto.set_nanos(static_cast<std::int32_t>(us % 1'000'000) * 1000);
}

}  // namespace

SimulatedService::SimulatedService(std::uint64_t seed)
    : seed_(seed),
      events_(seed, kStartUs, kDays),
      draws_(seed * 2 + 1),
      parts_(std::make_unique<Parts>(seed)),
      producers_(kProducers) {
  parts_->clock.Set(absl::FromUnixMicros(kStartUs) + absl::Hours(24 * 100));
}
SimulatedService::~SimulatedService() = default;

void SimulatedService::Run(int steps) {
  for (int k = 0; k < steps; ++k) Step();
}

void SimulatedService::Step() {
  Producer& producer =
      producers_[static_cast<std::size_t>(draws_.Between(0, kProducers - 1))];
  if (draws_.Chance(0.015)) {
    return draws_.Chance(0.5) ? EraseSomebody() : EraseAgain();
  }
  switch (draws_.Between(0, 9)) {
    case 0:
    case 1:
    case 2:
      return MakeEvents(producer);
    case 3:
    case 4:
      return SendBatch(producer, SomeFault());
    case 5:
      return Decide();
    case 6:
      return AskAgain();
    case 7:
      return ScoreSomebody();
    case 8:
      return MoveClock();
    default:
      // Some are cut off one by one and come back in another order.
      producer.stopped = draws_.Chance(0.5);
      return;
  }
}

std::string SimulatedService::SomeUser() {
  return absl::StrCat("user-", draws_.Between(1, kUsers));
}

void SimulatedService::MakeEvents(Producer& producer) {
  for (std::int64_t left = draws_.Between(1, 6); left > 0; --left) {
    v1::Event event = events_.Plausible();
    event.set_event_id(absl::StrCat("e", ++made_));
    event.set_user_id(SomeUser());
    // Mostly fresh, some late by minutes to months, some of a clock ahead.
    absl::Duration age = absl::Seconds(draws_.Between(0, 3600));
    if (draws_.Chance(0.2)) age = absl::Hours(draws_.Between(0, 24 * 120));
    if (draws_.Chance(0.05)) age = -absl::Minutes(draws_.Between(0, 10));
    SetTime(parts_->clock.Now() - age, *event.mutable_event_time());
    producer.waiting.push_back({std::move(event), parts_->clock.Now()});
  }
  ++counts_["events made"];
}

// Fresh ones at the end of the waiting, some of them repeats of old ones.
std::vector<SimulatedService::Sending> SimulatedService::TakeBatch(
    Producer& producer) {
  const auto is_old = [&](const Sending& sending) {
    return parts_->clock.Now() - sending.since > absl::Hours(24 * 30);
  };
  std::erase_if(producer.waiting, is_old);
  std::erase_if(producer.sent, is_old);
  draws_.Shuffle(producer.waiting);
  std::vector<Sending> batch;
  while (!producer.waiting.empty() && batch.size() < kBatchMax) {
    batch.push_back(std::move(producer.waiting.back()));
    producer.waiting.pop_back();
  }
  for (int k = 0; k < 5 && !producer.sent.empty() && draws_.Chance(0.4); ++k) {
    batch.push_back(producer.sent[static_cast<std::size_t>(draws_.Between(
        0, static_cast<std::int64_t>(producer.sent.size()) - 1))]);
  }
  draws_.Shuffle(batch);
  return batch;
}

Fault SimulatedService::SomeFault() {
  if (!draws_.Chance(0.15)) return Fault::kNone;
  return draws_.Chance(0.5) ? Fault::kBeforeCommit : Fault::kAfterCommit;
}

void SimulatedService::LoseABatch() {
  Producer& producer = producers_[0];
  producer.stopped = false;
  producer.waiting.clear();
  MakeEvents(producer);
  SendBatch(producer, Fault::kLie);
}

void SimulatedService::SendBatch(Producer& producer, Fault fault) {
  if (producer.stopped) return;
  const std::vector<Sending> batch = TakeBatch(producer);
  v1::IngestEventsRequest request;
  request.set_request_id(absl::StrCat("batch-", ++made_));
  for (const auto& [event, since] : batch) {
    *request.add_events() = event;
  }
  parts_->ledger.FailNext(fault);
  v1::IngestEventsResponse response;
  const absl::Status status = TakeInAndWait(parts_->ingest, request, response);
  parts_->ledger.FailNext(Fault::kNone);
  if (status.ok()) return NoteResults(batch, response, producer);
  // Nobody knows what became of them: they wait and will be sent again.
  ++counts_["batches lost"];
  for (const Sending& sending : batch) {
    books_[sending.event.user_id()].NoteLost(sending.event.event_id());
    producer.waiting.push_back(sending);
  }
}

void SimulatedService::NoteResults(const std::vector<Sending>& batch,
                                   const v1::IngestEventsResponse& response,
                                   Producer& producer) {
  for (std::size_t k = 0; k < batch.size(); ++k) {
    const v1::Event& event = batch[k].event;
    const v1::EventVerdict verdict =
        response.results(static_cast<int>(k)).verdict();
    if (verdict == v1::EVENT_VERDICT_REJECTED) {
      ++counts_["events rejected"];
      continue;
    }
    const bool accepted = verdict == v1::EVENT_VERDICT_ACCEPTED;
    ++counts_[accepted ? "events accepted" : "events duplicate"];
    UserBook& book = books_[event.user_id()];
    if (accepted && !book.NoteAccepted(event.event_id())) {
      Wrong(absl::StrCat("event ", event.event_id(), " was accepted twice"));
    }
    if (!accepted && !book.NoteDuplicate(event.event_id())) {
      Wrong(absl::StrCat("event ", event.event_id(),
                         " is new, and was called a duplicate"));
    }
    producer.sent.push_back(batch[k]);
  }
}

bool SimulatedService::Call(AskedDecision& asked) {
  const UserBook& book = books_[asked.request.user_id()];
  // An erased user's answers are forgotten, too.
  asked.answered = asked.answered && asked.epoch >= book.first();
  // Where it may have been erased, it may have been decided anew.
  const bool is_sure = asked.answered && asked.epoch >= book.certain();
  parts_->ledger.FailNext(SomeFault());
  v1::DecideTreatmentResponse response;
  const absl::Status status = parts_->decisions.Decide(asked.request, response);
  parts_->ledger.FailNext(Fault::kNone);
  if (!status.ok()) {
    ++counts_["decisions lost"];
    asked.lost_epoch = book.epoch();
    return false;
  }
  const bool same = response.decision_id() == asked.response.decision_id() &&
                    response.treatment() == asked.response.treatment();
  if (is_sure && !same) {
    Wrong(absl::StrCat("request ", asked.request.request_id(),
                       " was decided twice"));
  }
  if (is_sure && !response.replayed()) {
    Wrong("a repeated request was not answered from memory");
  }
  if (!asked.answered && response.replayed() &&
      asked.lost_epoch < book.first()) {
    Wrong("an answer is remembered that was erased, or never asked for");
  }
  // What is remembered was not erased, and what is new cannot have been.
  asked.epoch = book.epoch();
  asked.answered = true;
  asked.response = response;
  ++counts_["decisions"];
  if (response.treatment() != "none") ++counts_["contacts"];
  return true;
}

void SimulatedService::Decide() {
  AskedDecision& asked = asked_.emplace_back();
  asked.request.set_request_id(absl::StrCat("r", ++made_));
  asked.request.set_user_id(SomeUser());
  asked.asked = parts_->clock.Now();
  Call(asked);
}

void SimulatedService::AskAgain() {
  if (asked_.empty()) return;
  // One of the latest; what is older than a day may be decided anew.
  const std::int64_t newest = static_cast<std::int64_t>(asked_.size()) - 1;
  AskedDecision& asked = asked_[static_cast<std::size_t>(
      draws_.Between(std::max<std::int64_t>(0, newest - 5), newest))];
  if (parts_->clock.Now() - asked.asked > absl::Hours(22)) return;
  if (!Call(asked)) return;
  v1::DecideTreatmentRequest other = asked.request;
  other.add_surfaces(v1::SURFACE_EMAIL);
  v1::DecideTreatmentResponse response;
  if (!absl::IsInvalidArgument(parts_->decisions.Decide(other, response))) {
    Wrong("a request id was taken with another body");
  }
  ++counts_["requests repeated"];
}

void SimulatedService::ScoreSomebody() {
  ScoredRow scored;
  scored.user = SomeUser();
  scored.position = parts_->memory.Facts().last_position;
  const auto rows = parts_->scorer.ScoreUsers(parts_->bundle(),
                                              {parts_->keys.Of(scored.user)});
  if (!rows.ok()) return Wrong(rows.status().ToString());
  scored.as_of = rows->when.as_of;
  scored.history_start = rows->when.history_start;
  scored.row = rows->rows;
  const double p = rows->scores[0].probability();
  if (!(p >= 0 && p <= 1)) Wrong(absl::StrCat("a probability of ", p));
  scored_.push_back(std::move(scored));
  ++counts_["scores"];
}

void SimulatedService::MoveClock() {
  absl::Duration by = absl::Minutes(draws_.Between(1, 120));
  if (draws_.Chance(0.1)) by = absl::Hours(draws_.Between(1, 72));
  if (draws_.Chance(0.05)) by = -absl::Minutes(draws_.Between(1, 60));
  parts_->clock.Set(parts_->clock.Now() + by);
}

}  // namespace tenuto::testing
