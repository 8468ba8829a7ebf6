#include "training/simulation/simulation_result.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/training/simulation/small_simulation.h"
#include "training/simulation/segments.h"

namespace tenuto {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

SimulationResult TwoPolicies() {
  SimulationResult result;
  result.source = "the world, seed 1";
  result.currency = "EUR";
  result.failures = 2;
  result.threads = 1;
  result.policies = {"plain \"seven\"", "oracle"};
  result.oracle = 1;
  result.tally = PolicyTally(2, Segments().size(), 0);
  TrialOutcome lost, found;
  lost.net_minor = -100;
  lost.free_days = 7;
  found.recovered = 1;
  found.recovered_day = 3;
  found.recovered_minor = 500;
  found.net_minor = 400;
  const SegmentSet nowhere = SegmentsOf({});
  result.tally.Add({std::vector<TrialOutcome>{lost, found}, {}, nowhere});
  result.tally.Add({std::vector<TrialOutcome>{lost, lost}, {}, nowhere});
  result.refused = {
      {"later", "no support"}, {"last", "no support"}, {"odd", "too odd"}};
  return result;
}

TEST(SimulationResult, WritesTheSummaryOfTheContract) {
  simdjson::dom::parser parser;
  const std::string json = SimulationJson(TwoPolicies());
  const auto root = parser.parse(json);
  ASSERT_FALSE(root.error()) << json;
  EXPECT_EQ(std::int64_t(root["failures"]), 2);
  EXPECT_EQ(std::int64_t(root["days"]), 60);
  EXPECT_FALSE(root["seconds"].error());
  EXPECT_EQ(std::int64_t(root["threads"]), 1);
  const auto policy = root["policies"].at(1);
  EXPECT_EQ(std::string_view(root["policies"].at(0)["name"]),
            "plain \"seven\"");
  EXPECT_EQ(std::string_view(policy["name"]), "oracle");
  EXPECT_EQ(double(policy["recovered"]), 1);
  EXPECT_EQ(double(policy["net_value"]), 300);
  EXPECT_EQ(double(policy["difference"]), 500);
  EXPECT_LT(double(policy["difference_low"]), 500);
  EXPECT_GT(double(policy["difference_high"]), 500);
  EXPECT_EQ(double(policy["regret"]), 0);
  EXPECT_EQ(double(root["policies"].at(0)["regret"]), 500);
  EXPECT_EQ(double(root["policies"].at(0)["free_days"]), 14);
  for (const char* key :
       {"recovered_low", "recovered_high", "attempts", "messages"}) {
    EXPECT_FALSE(policy[key].error()) << key;
  }
  EXPECT_EQ(std::string_view(root["refused"].at(0)["reason"]), "no support");
}

// 0 would say that nothing is better.
TEST(SimulationResult, ClaimsNoRegretWhereNobodyKnowsTheBest) {
  SimulationResult result = TwoPolicies();
  result.policies[1] = "other";
  result.oracle.reset();
  EXPECT_THAT(SimulationJson(result), AllOf(HasSubstr("\"regret\":null"),
                                            HasSubstr("\"personal_gain\":null"),
                                            Not(HasSubstr("\"regret\":0"))));
  EXPECT_THAT(FormatSimulation(result), HasSubstr("       -"));
}

TEST(SimulationResult, ShowsTheBestFirst) {
  const std::string text = FormatSimulation(TwoPolicies());
  EXPECT_LT(text.find("oracle"), text.find("plain"));
  EXPECT_THAT(text, HasSubstr("beside the current"));
  EXPECT_THAT(text, HasSubstr("<- current"));
  EXPECT_THAT(text, HasSubstr("<- a bound that knows the truth, not a choice"));
  EXPECT_THAT(text, HasSubstr("\nlater, last refused: no support\n"
                              "odd refused: too odd\n"));
}

TEST(SimulationResult, NamesWhatStandsInForARefusedCurrentPolicy) {
  SimulationResult result = TwoPolicies();
  result.refused_current = "later";
  EXPECT_THAT(FormatSimulation(result),
              AllOf(HasSubstr("\nlater, the current policy, was refused: "),
                    HasSubstr("beside the reference"),
                    HasSubstr("<- reference"), Not(HasSubstr("<- current"))));
  EXPECT_THAT(SimulationJson(result),
              HasSubstr("\"compared_with\":\"plain \\\"seven\\\"\""));
}

TEST(SimulationResult, EndsWithWhatPersonalPlansAreWorthAndTake) {
  const SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 6, 1}, {"personal", 6.5, 1.5}});
  EXPECT_THAT(FormatSimulation(result),
              AllOf(HasSubstr("\npersonal was worth 0.50 EUR more than a, "),
                    HasSubstr("\nTo put personal in force: ")));
  EXPECT_THAT(SimulationJson(result), HasSubstr("\"personal_gain\":50000"));
}

// Each recovered payment is worth 20 EUR, of which 5 in 100 may be wrong.
TEST(SimulationResult, WidensByTheModelsErrorWhatOnlyTheModelSays) {
  const SimulationResult lived =
      SmallSimulation({{"now", 5}, {"a", 6, 1}, {"personal", 6.5, 1.5}});
  SimulationResult result = lived;
  MakeLog(result, 0.05, {"now"});
  const auto wider = [&](std::size_t policy, Estimate PolicyTotals::*of) {
    const Estimate was = TotalsOf(lived, policy).*of;
    const Estimate now = TotalsOf(result, policy).*of;
    EXPECT_EQ(now.value, was.value);
    EXPECT_NEAR(was.low - now.low, now.high - was.high, 1e-6);
    return now.high - was.high;
  };
  EXPECT_NEAR(wider(0, &PolicyTotals::recovered), 0, 1e-9);
  EXPECT_NEAR(wider(1, &PolicyTotals::recovered), 50, 1e-9);
  EXPECT_NEAR(wider(1, &PolicyTotals::net_minor), 100'000, 1e-6);
  // Of both policies, as far as only the model speaks for them.
  EXPECT_NEAR(wider(0, &PolicyTotals::difference_minor), 0, 1e-9);
  EXPECT_NEAR(wider(1, &PolicyTotals::difference_minor), 100'000, 1e-6);
  EXPECT_NEAR(wider(0, &PolicyTotals::personal_gain_minor), 100'000, 1e-6);
  EXPECT_NEAR(wider(1, &PolicyTotals::personal_gain_minor), 200'000, 1e-6);
  EXPECT_NEAR(wider(2, &PolicyTotals::personal_gain_minor), 0, 1e-9);
}

TEST(SimulationResult, ChoosesNothingThatOnlyTheModelSpeaksFor) {
  SimulationResult result = SmallSimulation({{"now", 5}, {"personal", 9, 1}});
  EXPECT_THAT(FormatSimulation(result), HasSubstr("\nChoose personal: "));
  MakeLog(result, 0.01);
  EXPECT_THAT(FormatSimulation(result),
              AllOf(Not(HasSubstr("Choose")),
                    HasSubstr("\nThe model expects personal to be worth 4.00 "
                              "EUR above"),
                    HasSubstr("only a randomised share can tell"),
                    HasSubstr("<- by the model it plans with"),
                    HasSubstr("judged by the very model")));
  EXPECT_THAT(SimulationJson(result),
              HasSubstr("\"estimator\":\"model only: by test\""));
}

}  // namespace
}  // namespace tenuto
