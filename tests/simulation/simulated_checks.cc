// What must hold of a simulated service at any moment (R1, R8, R9, R20, R38,
// R39 of the promises): each found from the log alone, by plain means.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/feature_plan.h"
#include "tests/simulation/simulated_log.h"
#include "tests/simulation/simulated_parts.h"
#include "tests/simulation/simulated_service.h"
#include "tests/support/naive_guardrails.h"

namespace tenuto::testing {
std::vector<std::string> SimulatedService::Check() {
  for (const auto& [user, book] : books_) {
    CheckUser(user);
    CheckDecisions(user);
    CheckScores(user);
  }
  for (std::string& wrong : wrongs_) {
    wrong = absl::StrCat("seed ", seed_, ": ", wrong);
  }
  return wrongs_;
}

// Nothing acknowledged is lost, nothing is there twice, nothing came from
// nowhere or from before an erasure; and the state is the fold of the log in
// whatever order.
void SimulatedService::CheckUser(const std::string& user) {
  const UserKey key = parts_->keys.Of(user);
  std::vector<OwnedEvent> events = EventsOf(parts_->memory, key);
  std::set<std::uint64_t> logged;
  for (const OwnedEvent& event : events) {
    if (!logged.insert(event.hash).second) {
      Wrong(absl::StrCat(user, ": position ", event.position,
                         " is an event that was there before"));
    }
    if (event.position <= erased_through_[user]) {
      Wrong(absl::StrCat(user, ": position ", event.position,
                         " is there after its erasure"));
    }
  }
  for (const std::string& wrong : books_[user].Explain(logged)) {
    Wrong(absl::StrCat(user, ": ", wrong));
  }
  for (const OwnedEvent& event : events) {
    v1::Event message;
    if (!logged.contains(event.hash)) continue;
    // A decision whose answer was lost is still one.
    if (!message.ParseFromString(event.bytes) || !message.has_decision_made()) {
      Wrong(
          absl::StrCat(user, ": position ", event.position, " was never sent"));
    }
  }
  std::string state;
  EXPECT_EQ(parts_->memory.LoadState(key, state), absl::OkStatus());
  draws_.Shuffle(events);
  const bool any = !events.empty();
  if (state != (any ? RisingFold(events).Through(~Position{0}) : "")) {
    Wrong(absl::StrCat(user, ": the state is not the fold of the log"));
  }
}

// Each decision in the log was allowed by what the log held before it, and each
// one that was answered is in the log.
void SimulatedService::CheckDecisions(const std::string& user) {
  const std::vector<OwnedEvent> events =
      EventsOf(parts_->memory, parts_->keys.Of(user));
  RisingFold fold(events);
  std::map<std::string, std::string> recorded;
  for (const OwnedEvent& event : events) {
    v1::Event message;
    if (!message.ParseFromString(event.bytes) || !message.has_decision_made()) {
      continue;
    }
    const v1::DecisionMade& made = message.decision_made();
    recorded[made.decision_id()] = made.treatment();
    CheckDecision(user, message,
                  made.contact() ? fold.Through(event.position - 1) : "");
  }
  for (const AskedDecision& asked : asked_) {
    if (!asked.answered || asked.request.user_id() != user) continue;
    if (asked.epoch < books_[user].certain()) continue;  // Erased, or maybe.
    const auto found = recorded.find(asked.response.decision_id());
    const bool in_log =
        found != recorded.end() && found->second == asked.response.treatment();
    // Of strangers nothing is recorded, and nothing is done to them.
    if (!in_log && asked.response.treatment() != "none") {
      Wrong(absl::StrCat("decision ", asked.response.decision_id(),
                         " was served and is not in the log"));
    }
  }
}

// `state` is what the log held before the decision, if that is a contact.
void SimulatedService::CheckDecision(const std::string& user,
                                     const v1::Event& event,
                                     std::string state) {
  const v1::DecisionMade& made = event.decision_made();
  double sum = 0;
  for (const auto& candidate : made.considered()) {
    sum += candidate.propensity();
  }
  if (std::abs(sum - 1) > 1e-6 || !(made.propensity() > 0)) {
    Wrong(
        absl::StrCat("propensities of ", made.decision_id(), " sum to ", sum));
  }
  if (!made.contact()) return;
  EXPECT_EQ(parts_->scorer.FillConsent(state), absl::OkStatus());
  const auto reader = StateReader::Open(parts_->catalogue, state);
  EXPECT_TRUE(reader.ok());
  Case a_case;
  a_case.user = parts_->keys.Of(user);
  a_case.standing = StandingOf(&*reader);
  a_case.zone = reader->LastText("time_zone");
  a_case.now = absl::FromUnixSeconds(event.event_time().seconds()) +
               absl::Nanoseconds(event.event_time().nanos());
  const v1::Treatments& treatments = Policy::Embedded().treatments();
  for (const v1::Treatment& treatment : treatments.treatments()) {
    if (treatment.name() != made.treatment()) continue;
    const std::string binding = NaiveFirstBinding(
        treatments.guardrails(), treatment, made.surface(), a_case,
        Policy::Embedded().guardrails().HoldsOut(a_case.user),
        LibcZone(a_case.zone));
    if (!binding.empty()) {
      Wrong(absl::StrCat(user, " was sent ", made.treatment(), " in spite of ",
                         binding));
    }
  }
}

// Every row that was scored comes out of the log again, bit for bit.
void SimulatedService::CheckScores(const std::string& user) {
  const FeaturePlan& plan = *parts_->bundle().plan();
  const std::vector<OwnedEvent> events =
      EventsOf(parts_->memory, parts_->keys.Of(user));
  RisingFold fold(events);
  for (const ScoredRow& scored : scored_) {
    if (scored.user != user) continue;
    std::string state = fold.Through(scored.position);
    EXPECT_EQ(parts_->scorer.FillConsent(state), absl::OkStatus());
    std::vector<float> row(scored.row.size());
    EXPECT_EQ(plan.Assemble(state, {scored.as_of, scored.history_start},
                            absl::MakeSpan(row)),
              absl::OkStatus());
    if (std::memcmp(row.data(), scored.row.data(),
                    row.size() * sizeof(float)) != 0) {
      Wrong(absl::StrCat(scored.user, ": the row scored at position ",
                         scored.position, " does not come out of the log"));
    }
    for (const float value : row) {
      if (std::isinf(value)) Wrong("an infinite feature");
    }
  }
  std::erase_if(scored_,
                [&](const ScoredRow& scored) { return scored.user == user; });
}

}  // namespace tenuto::testing
