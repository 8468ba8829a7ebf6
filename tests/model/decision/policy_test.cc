#include "model/decision/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/naive_guardrails.h"

namespace tenuto {
namespace {

using testing::Case;
using ::testing::HasSubstr;
using testing::LibcZone;

constexpr std::uint64_t kSeed = 20251026;

// Counts what a policy takes from it.
class CountingDraws {
 public:
  using result_type = std::uint64_t;
  explicit CountingDraws(std::uint64_t seed) : engine_(seed) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() {
    return std::numeric_limits<result_type>::max();
  }
  result_type operator()() {
    ++count_;
    return engine_();
  }
  int count() const { return count_; }

 private:
  std::mt19937_64 engine_;
  int count_ = 0;
};

Policy WithShare(double share) {
  v1::Treatments treatments = Policy::Embedded().treatments();
  treatments.mutable_exploration()->set_share(share);
  auto policy = Policy::Create(std::move(treatments));
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

DecisionInput InputOf(const Case& a_case) {
  DecisionInput input;
  input.user = a_case.user;
  input.churn_probability = a_case.churn_probability;
  input.now = a_case.now;
  input.surfaces = a_case.surfaces;
  return input;
}

Standing Contactable() {
  Standing standing;
  standing.known = true;
  standing.messages_granted = true;
  standing.behaviour_granted = true;
  standing.subscribed = true;
  standing.zone = absl::UTCTimeZone();
  return standing;
}

// Noon of a Sunday, for a user who is not held out.
DecisionInput Noon(const Policy& policy, double churn_probability) {
  DecisionInput input;
  while (policy.guardrails().HoldsOut(input.user)) ++input.user.bytes[0];
  input.churn_probability = churn_probability;
  input.now = absl::FromUnixSeconds(1750000000 / 86400 * 86400 + 43200);
  return input;
}

std::string Bytes(const Decision& decision) {
  std::string bytes = std::to_string(decision.chosen) + decision.explanation;
  for (const Candidate& c : decision.candidates) {
    bytes.append(reinterpret_cast<const char*>(&c.propensity), 8);
    bytes.append(reinterpret_cast<const char*>(&c.expected_value_minor), 8);
    bytes += c.treatment + c.blocked_by;
  }
  return bytes;
}

// The formula once more, from the proto's comments.
double NaiveValue(const v1::Treatments& all, const v1::Treatment& treatment,
                  double churn_probability) {
  const v1::Objectives& worth = all.objectives();
  const double gain = churn_probability * treatment.saves_mean() *
                      static_cast<double>(worth.month_value_minor()) *
                      worth.kept_months();
  const double annoyance = treatment.opt_out_mean() *
                           static_cast<double>(worth.opt_out_cost_minor());
  return gain - annoyance -
         static_cast<double>(worth.fatigue_cost_minor() +
                             treatment.cost_minor());
}

// Every promise of the header, for one decision.
void CheckDecision(const Policy& policy, const Case& a_case,
                   const LibcZone& clock, const Decision& decision) {
  const v1::Treatments& all = policy.treatments();
  ASSERT_EQ(decision.candidates[0].treatment, "none");
  ASSERT_EQ(decision.candidates[0].expected_value_minor, 0);
  ASSERT_EQ(decision.candidates[0].blocked_by, "");
  std::size_t i = 1;
  double sum = decision.candidates[0].propensity;
  double best = 0;
  for (const v1::Treatment& treatment : all.treatments()) {
    const double value = NaiveValue(all, treatment, a_case.churn_probability);
    for (const int surface : treatment.surfaces()) {
      const Candidate& candidate = decision.candidates[i++];
      ASSERT_EQ(candidate.treatment, treatment.name());
      ASSERT_EQ(candidate.surface, surface);
      ASSERT_NEAR(candidate.expected_value_minor, value, 1e-9);
      ASSERT_EQ(candidate.blocked_by,
                NaiveFirstBinding(
                    all.guardrails(), treatment, candidate.surface, a_case,
                    policy.guardrails().HoldsOut(a_case.user), clock));
      ASSERT_EQ(candidate.propensity == 0, !candidate.blocked_by.empty());
      sum += candidate.propensity;
      if (candidate.blocked_by.empty()) best = std::max(best, value);
    }
  }
  ASSERT_EQ(i, decision.candidates.size());
  ASSERT_NEAR(sum, 1, 1e-12);
  ASSERT_GT(decision.choice().propensity, 0);
  ASSERT_LE(decision.choice().propensity, 1);
  ASSERT_EQ(decision.choice().blocked_by, "");
  if (!decision.explored) {
    ASSERT_NEAR(decision.choice().expected_value_minor, best, 1e-9);
  }
}

TEST(Policy, KeepsEveryPromiseIn100000RandomDecisions) {
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 cases(kSeed);
  CountingDraws draws(kSeed);
  const Policy policy = WithShare(0.3);
  const int each = 100'000 / static_cast<int>(testing::Zones().size()) + 1;
  int decisions = 0;
  int contacts = 0;
  int explored = 0;
  for (const std::string& zone : testing::Zones()) {
    const LibcZone clock(zone);
    for (int i = 0; i < each; ++i) {
      const Case a_case = testing::RandomCase(zone, policy.treatments(), cases);
      const Decision decision =
          policy.DecideFor(a_case.standing, InputOf(a_case), draws);
      ASSERT_NO_FATAL_FAILURE(CheckDecision(policy, a_case, clock, decision))
          << "case " << i << " of zone \"" << zone << "\"";
      ASSERT_EQ(draws.count(), ++decisions) << "one draw each";
      contacts += decision.chosen != 0;
      explored += decision.explored;
    }
  }
  EXPECT_GT(contacts, decisions / 20);
  EXPECT_NEAR(explored, 0.3 * decisions, 5 * std::sqrt(0.21 * decisions));
}

// Chi-square of how often each allowed candidate was chosen; the limit is that
// of one false alarm in a million, by Wilson and Hilferty.
void CheckFrequencies(const Policy& policy, const Standing& standing,
                      const DecisionInput& input) {
  std::mt19937_64 random(kSeed);
  constexpr int kDraws = 10'000;
  std::map<int, int> chosen;
  Decision decision;
  for (int i = 0; i < kDraws; ++i) {
    decision = policy.DecideFor(standing, input, random);
    ++chosen[decision.chosen];
  }
  double chi_square = 0;
  int cells = 0;
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const double expected = kDraws * decision.candidates[i].propensity;
    if (expected == 0) {
      EXPECT_EQ(chosen.count(static_cast<int>(i)), 0u);
      continue;
    }
    const double excess = chosen[static_cast<int>(i)] - expected;
    chi_square += excess * excess / expected;
    ++cells;
  }
  if (cells == 1) return;
  const double freedom = cells - 1;
  const double root =
      1 - 2 / (9 * freedom) + 4.75 * std::sqrt(2 / (9 * freedom));
  EXPECT_LT(chi_square, freedom * root * root * root)
      << cells << " candidates, seed " << kSeed;
}

TEST(Policy, ChoosesAsOftenAsItsPropensitiesSay) {
  std::cout << "seed " << kSeed << "\n";
  Standing failing = Contactable();
  failing.payment_failing = true;
  Standing cautious = Contactable();
  cautious.opted_out[v1::SURFACE_PUSH] = true;
  cautious.zone.reset();
  for (const double share : {0.0, 0.1, 1.0}) {
    const Policy policy = WithShare(share);
    for (const double churn : {0.001, 0.2, 0.95}) {
      for (const Standing& standing :
           {Contactable(), failing, cautious, Standing()}) {
        CheckFrequencies(policy, standing, Noon(policy, churn));
      }
    }
  }
}

TEST(Policy, GivesTheSameBytesForTheSameDraw) {
  const Policy& policy = Policy::Embedded();
  std::mt19937_64 first(kSeed);
  std::mt19937_64 second(kSeed);
  for (int i = 0; i < 1000; ++i) {
    const DecisionInput input = Noon(policy, i / 1000.0);
    ASSERT_EQ(Bytes(policy.DecideFor(Contactable(), input, first)),
              Bytes(policy.DecideFor(Contactable(), input, second)));
  }
}

TEST(Policy, LeavesAContentedUserAloneAndActsWhereItPays) {
  const Policy policy = WithShare(0);
  std::mt19937_64 random(kSeed);
  const auto choose = [&](double churn, const Standing& standing) {
    return policy.DecideFor(standing, Noon(policy, churn), random)
        .choice()
        .treatment;
  };
  EXPECT_EQ(choose(0.005, Contactable()), "none");
  EXPECT_EQ(choose(0.1, Contactable()), "playlist_discovery_tip");
  EXPECT_EQ(choose(0.5, Contactable()), "pause_offer");
  EXPECT_EQ(choose(0.95, Contactable()), "loyalty_discount");
  Standing failing = Contactable();
  failing.payment_failing = true;
  EXPECT_EQ(choose(0.1, failing), "update_card");
}

TEST(Policy, PrefersTheFirstSurfaceAmongEquals) {
  const Policy policy = WithShare(0);
  std::mt19937_64 random(kSeed);
  DecisionInput input = Noon(policy, 0.1);
  const auto surface = [&] {
    return policy.DecideFor(Contactable(), input, random).choice().surface;
  };
  EXPECT_EQ(surface(), v1::SURFACE_IN_APP);
  input.surfaces = {v1::SURFACE_EMAIL, v1::SURFACE_PUSH};
  EXPECT_EQ(surface(), v1::SURFACE_PUSH);
}

TEST(Policy, SendsNothingToAUserWithoutAState) {
  const Policy policy = WithShare(1);
  CountingDraws random(kSeed);
  const Decision decision = policy.Decide(Noon(policy, 0.9), random);
  EXPECT_EQ(decision.chosen, 0);
  EXPECT_EQ(decision.choice().propensity, 1);
  EXPECT_EQ(decision.candidates[1].blocked_by, "unknown_user");
  EXPECT_EQ(random.count(), 1) << "streams stay aligned whatever is allowed";
}

TEST(Policy, TakesAProbabilityThatIsNoneAsHarmless) {
  const Policy policy = WithShare(0);
  std::mt19937_64 random(kSeed);
  const auto value = [&](double churn) {
    return policy.DecideFor(Contactable(), Noon(policy, churn), random)
        .candidates[1]
        .expected_value_minor;
  };
  EXPECT_EQ(value(std::nan("")), value(0));
  EXPECT_EQ(value(-3), value(0));
  EXPECT_EQ(value(7), value(1));
  EXPECT_LT(value(0), value(1));
}

TEST(Policy, HasAVersionThatChangesWithAnyNumber) {
  EXPECT_EQ(Policy::Embedded().version(), Policy::Embedded().version());
  EXPECT_EQ(Policy::Embedded().version().size(), 16u);
  EXPECT_NE(WithShare(0.1).version(), WithShare(0.11).version());
}

TEST(Policy, IsNotMadeOfFaultyTreatments) {
  v1::Treatments treatments = Policy::Embedded().treatments();
  treatments.mutable_treatments(2)->set_saves_mean(2);
  const auto policy = Policy::Create(std::move(treatments));
  EXPECT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(policy.status().message()),
              AllOf(HasSubstr("audio_quality_tip"), HasSubstr("saves_mean")));
  EXPECT_THAT(std::string(Policy::Parse("nonsense").status().message()),
              HasSubstr("treatments.textproto:1:"));
}

// What really happened to one user, told by the C library's calendar.
void CheckHistory(const v1::Treatments& all, const LibcZone& clock,
                  const std::vector<std::pair<absl::Time, Candidate>>& sent) {
  std::map<std::string, int> by_day;
  std::map<std::string, absl::Time> newest;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto& [time, choice] = sent[i];
    EXPECT_LE(++by_day[clock.Day(time)],
              all.guardrails().contacts_per_day_max());
    int week = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      week += time - sent[j].first < absl::Hours(168);
    }
    EXPECT_LE(week, all.guardrails().contacts_per_week_max());
    if (choice.surface != v1::SURFACE_IN_APP) {
      EXPECT_TRUE(clock.Hour(time) >= 9 && clock.Hour(time) < 21) << time;
    }
    for (const v1::Treatment& treatment : all.treatments()) {
      if (treatment.name() != choice.treatment) continue;
      if (newest.count(choice.treatment) > 0) {
        EXPECT_GE(time - newest[choice.treatment],
                  absl::Hours(24) * treatment.cool_down_days());
      }
    }
    newest[choice.treatment] = time;
  }
}

TEST(Policy, KeepsCapsOverWeeksOfHourlyDecisionsAcrossClockChanges) {
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  v1::Treatments all = Policy::Embedded().treatments();
  all.mutable_exploration()->set_share(0.9);
  all.mutable_guardrails()->set_contacts_per_day_max(2);
  all.mutable_guardrails()->set_contacts_per_week_max(5);
  const Policy policy = *Policy::Create(all);
  int sent_in_all = 0;
  for (const std::string zone : {"Europe/Stockholm", "America/New_York"}) {
    const LibcZone clock(zone);
    for (const std::int64_t start : {1740000000, 1760000000}) {
      for (int user = 0; user < 20; ++user) {
        Standing standing = Contactable();
        ASSERT_TRUE(absl::LoadTimeZone(zone, &*standing.zone));
        standing.payment_failing = user % 2 == 0;
        DecisionInput input = Noon(policy, 0.3);
        std::vector<std::pair<absl::Time, Candidate>> sent;
        for (int hour = 0; hour < 45 * 24; ++hour) {
          input.now = absl::FromUnixSeconds(start) + absl::Hours(hour) +
                      absl::Seconds(random() % 3600);
          const Decision decision = policy.DecideFor(standing, input, random);
          if (decision.chosen == 0) continue;
          sent.emplace_back(input.now, decision.choice());
          standing.contacts.insert(
              standing.contacts.begin(),
              {input.now, TreatmentHash(decision.choice().treatment)});
          if (standing.contacts.size() > kRecentMax) {
            standing.contacts.pop_back();
          }
        }
        CheckHistory(all, clock, sent);
        sent_in_all += static_cast<int>(sent.size());
      }
    }
  }
  EXPECT_GT(sent_in_all, 80 * 8);
}

}  // namespace
}  // namespace tenuto
