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
#include "features/signal_fold.h"
#include "tests/simulation/simulated_parts.h"
#include "tests/simulation/simulated_service.h"
#include "tests/support/naive_guardrails.h"
#include "xxhash.h"

namespace tenuto::testing {
namespace {

struct OwnedEvent {
  Position position;
  std::uint64_t hash;
  std::string bytes;
};

std::vector<OwnedEvent> EventsOf(const Ledger& ledger, const UserKey& user) {
  std::vector<OwnedEvent> events;
  EXPECT_EQ(ledger.Scan(user.partition(), 0,
                        [&](const LoggedEvent& event) {
                          if (event.user == user) {
                            events.push_back({event.position, event.event_hash,
                                              std::string(event.event)});
                          }
                          return true;
                        }),
            absl::OkStatus());
  return events;
}

std::uint64_t HashOfId(const std::string& id) {
  return XXH3_64bits(id.data(), id.size());
}

// The state of everything up to a position, in the order given.
std::string Folded(const std::vector<OwnedEvent>& events, Position through) {
  static const auto* const fold = new SignalFold(Catalogue::Embedded());
  UserState state(fold->layout());
  EventView view;
  for (const OwnedEvent& event : events) {
    if (event.position > through) continue;
    EXPECT_TRUE(view.Parse(event.bytes));
    fold->Apply(view, event.position, state);
  }
  std::string bytes;
  state.Encode(bytes);
  return bytes;
}

}  // namespace

std::vector<std::string> SimulatedService::Check() {
  for (const auto& [user, expected] : expected_) {
    CheckUser(user);
    CheckDecisions(user);
  }
  CheckScores();
  for (std::string& wrong : wrongs_) {
    wrong = absl::StrCat("seed ", seed_, ": ", wrong);
  }
  return wrongs_;
}

// Nothing acknowledged is lost, nothing is there twice, nothing came from
// nowhere; and the state is the fold of the log in whatever order.
void SimulatedService::CheckUser(const std::string& user) {
  const UserKey key = parts_->keys.Of(user);
  std::vector<OwnedEvent> events = EventsOf(parts_->memory, key);
  std::set<std::uint64_t> logged;
  for (const OwnedEvent& event : events) {
    if (!logged.insert(event.hash).second) {
      Wrong(absl::StrCat(user, ": position ", event.position,
                         " is an event that was there before"));
    }
  }
  const Expected& expected = expected_[user];
  for (const std::string& id : expected.acknowledged) {
    if (!logged.contains(HashOfId(id))) {
      Wrong(absl::StrCat(user, ": acknowledged event ", id, " is lost"));
    }
    logged.erase(HashOfId(id));
  }
  for (const std::string& id : expected.sent) logged.erase(HashOfId(id));
  for (const AskedDecision& asked : asked_) {
    logged.erase(
        HashOfId(absl::StrCat("decision/", asked.response.decision_id())));
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
  if (state != Folded(events, ~Position{0})) {
    Wrong(absl::StrCat(user, ": the state is not the fold of the log"));
  }
}

// Each decision in the log was allowed by what the log held before it, and each
// one that was answered is in the log.
void SimulatedService::CheckDecisions(const std::string& user) {
  const UserKey key = parts_->keys.Of(user);
  const std::vector<OwnedEvent> events = EventsOf(parts_->memory, key);
  const v1::Guardrails& limits = Policy::Embedded().treatments().guardrails();
  std::map<std::string, std::string> recorded;
  for (const OwnedEvent& event : events) {
    v1::Event message;
    if (!message.ParseFromString(event.bytes) || !message.has_decision_made()) {
      continue;
    }
    const v1::DecisionMade& made = message.decision_made();
    recorded[made.decision_id()] = made.treatment();
    double sum = 0;
    for (const auto& candidate : made.considered()) {
      sum += candidate.propensity();
    }
    if (std::abs(sum - 1) > 1e-6 || !(made.propensity() > 0)) {
      Wrong(absl::StrCat("propensities of ", made.decision_id(), " sum to ",
                         sum));
    }
    if (!made.contact()) continue;
    std::string before = Folded(events, event.position - 1);
    EXPECT_EQ(parts_->scorer.FillConsent(before), absl::OkStatus());
    const auto reader = StateReader::Open(parts_->catalogue, before);
    EXPECT_TRUE(reader.ok());
    Case a_case;
    a_case.user = key;
    a_case.standing = StandingOf(&*reader);
    a_case.zone = reader->LastText("time_zone");
    a_case.now = absl::FromUnixSeconds(message.event_time().seconds()) +
                 absl::Nanoseconds(message.event_time().nanos());
    for (const v1::Treatment& treatment :
         Policy::Embedded().treatments().treatments()) {
      if (treatment.name() != made.treatment()) continue;
      const std::string binding = NaiveFirstBinding(
          limits, treatment, made.surface(), a_case,
          Policy::Embedded().guardrails().HoldsOut(key), LibcZone(a_case.zone));
      if (!binding.empty()) {
        Wrong(absl::StrCat(user, " was sent ", made.treatment(),
                           " in spite of ", binding));
      }
    }
  }
  for (const AskedDecision& asked : asked_) {
    if (!asked.answered || asked.request.user_id() != user) continue;
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

// Every row that was scored comes out of the log again, bit for bit.
void SimulatedService::CheckScores() {
  const FeaturePlan& plan = *parts_->bundle().plan();
  std::map<std::string, std::vector<OwnedEvent>> events;
  for (const ScoredRow& scored : scored_) {
    const UserKey key = parts_->keys.Of(scored.user);
    if (!events.contains(scored.user)) {
      events[scored.user] = EventsOf(parts_->memory, key);
    }
    std::string state = Folded(events[scored.user], scored.position);
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
  scored_.clear();
}

}  // namespace tenuto::testing
