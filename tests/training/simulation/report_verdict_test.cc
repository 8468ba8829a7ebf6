#include "training/simulation/report_verdict.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/training/simulation/small_simulation.h"

namespace tenuto {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

ReportVerdict Verdict(const SimulationResult& result) {
  return VerdictOf(result, RankPolicies(result));
}

TEST(ReportVerdict, ChoosesWhatIsSurelyBest) {
  SimulationResult result = SmallSimulation({{"grace_7", 5, 0, 7, 40},
                                             {"grace_14", 5.2, 1, 14, 45},
                                             {"personal", 5.5, 1, 4, 60}});
  const ReportVerdict verdict = Verdict(result);
  EXPECT_EQ(verdict.headline,
            "Choose personal: 0.50 EUR more per failed payment than the "
            "current policy, grace_7.");
  EXPECT_THAT(
      verdict.proof,
      AllOf(StartsWith("personal recovers 60.0 % of failed payments"),
            HasSubstr("grace_7 40.0 %"),
            HasSubstr("5.50 EUR, 0.50 EUR above the current policy (95 % "
                      "interval 0.44 to 0.56)")));
  EXPECT_THAT(verdict.costs,
              HasSubstr("4.0 free days, 3.0 attempts and 1.0 messages "
                        "(current: 7.0, 3.0 and 1.0)"));
  EXPECT_THAT(verdict.fixed, HasSubstr("grace_14 is best: 0.20 EUR above"));
  EXPECT_EQ(verdict.personal,
            "personal was worth 0.30 EUR more than grace_14, the best that is "
            "the same for everybody (95 % interval 0.30 to 0.30, payment by "
            "payment).");
  EXPECT_THAT(verdict.in_force,
              AllOf(StartsWith("To put personal in force: "),
                    HasSubstr("tenuto train grace --ledger DIR --models DIR"),
                    HasSubstr("ReloadModels"), HasSubstr("PlanGracePeriod")));
  EXPECT_THAT(verdict.ceiling, IsEmpty());
  EXPECT_THAT(verdict.doubt, IsEmpty());
}

TEST(ReportVerdict, SaysWhatPersonalPlansLose) {
  const ReportVerdict verdict =
      Verdict(SmallSimulation({{"now", 5}, {"personal", 4, 1}}));
  EXPECT_THAT(verdict.personal,
              StartsWith("personal was worth 1.00 EUR less than now, the best "
                         "that is the same for everybody (95 % interval 0.94 "
                         "to 1.06"));
  const ReportVerdict without = Verdict(SmallSimulation({{"now", 5}}));
  EXPECT_THAT(without.personal, IsEmpty());
  EXPECT_THAT(without.in_force, IsEmpty());
}

TEST(ReportVerdict, JudgesNoCurrentPolicyThatWasRefused) {
  SimulationResult result = SmallSimulation({{"a", 5}, {"b", 6, 1}});
  result.refused_current = "now";
  const ReportVerdict verdict = Verdict(result);
  EXPECT_EQ(verdict.headline,
            "What the current policy, now, is worth cannot be told; of the "
            "others b is worth most.");
  EXPECT_THAT(verdict.proof, HasSubstr("1.00 EUR above the reference policy"));
  EXPECT_THAT(verdict.costs, HasSubstr("(reference: "));
  EXPECT_THAT(verdict.doubt,
              StartsWith("now, the current policy, was refused: the others are "
                         "compared with a, "));
}

TEST(ReportVerdict, SaysThatOverlappingOnesCannotBeToldApart) {
  const ReportVerdict verdict =
      Verdict(SmallSimulation({{"now", 5}, {"a", 6, 1}, {"b", 5.95, 1}}));
  EXPECT_THAT(verdict.headline, StartsWith("Choose a or b, which cannot be "
                                           "told apart: a was worth 1.00 EUR"));
  EXPECT_THAT(verdict.doubt, HasSubstr("a cannot be told apart from b: their "
                                       "95 % intervals overlap"));
}

TEST(ReportVerdict, KeepsTheCurrentPolicyWhereAGainMayBeChance) {
  const ReportVerdict verdict =
      Verdict(SmallSimulation({{"now", 5}, {"a", 5.02, 1}, {"b", 4, 1}}));
  EXPECT_THAT(verdict.headline, StartsWith("Keep now"));
  EXPECT_THAT(verdict.headline, HasSubstr("none was better beyond chance"));
  EXPECT_THAT(verdict.proof, HasSubstr("0.02 EUR above the current policy (95 "
                                       "% interval -0.04 to 0.08)"));
  EXPECT_THAT(verdict.doubt,
              HasSubstr("a cannot be told apart from the current policy, now"));
}

TEST(ReportVerdict, KeepsTheCurrentPolicyWhereItIsBest) {
  const ReportVerdict verdict =
      Verdict(SmallSimulation({{"now", 5}, {"a", 4, 1}}));
  EXPECT_EQ(verdict.headline,
            "Keep now, the current policy: no other was worth more.");
  EXPECT_THAT(verdict.proof, Not(HasSubstr("above")));
  EXPECT_THAT(verdict.doubt, IsEmpty());
}

TEST(ReportVerdict, TurnsTheIntervalOfALossAround) {
  SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 4, 1}, {"personal", 6, 1}});
  result.current = 0;
  // The best fixed one is the current one; without it, "a" has lost.
  EXPECT_THAT(Verdict(result).fixed, HasSubstr("now is best: the current one"));
  SimulationResult alone =
      SmallSimulation({{"personal", 6}, {"a", 5, 1}, {"b", 4, 1}});
  EXPECT_THAT(Verdict(alone).fixed,
              HasSubstr("a is best: 1.00 EUR below the current policy (95 % "
                        "interval 0.94 to 1.06)"));
}

TEST(ReportVerdict, SaysHowMuchOfTheGapToTheOracleIsClosed) {
  SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 6}, {"personal", 7.5}, {"oracle", 8}});
  result.oracle = 3;
  EXPECT_THAT(Verdict(result).ceiling,
              HasSubstr("is worth 8.00 EUR: personal closes 75 % of the gap "
                        "between a and the oracle."));
}

TEST(ReportVerdict, SaysWhatAWorldMeansAndWhatALogMeans) {
  SimulationResult result = SmallSimulation({{"now", 5}, {"a", 6, 1}});
  EXPECT_THAT(Verdict(result).meaning,
              StartsWith("A simulated world, not your customers"));
  EXPECT_THAT(Verdict(result).fidelity, HasSubstr("was not measured"));
  MakeLog(result, 0.031, {"now"});
  result.fidelity = "1.2 points off.";
  result.strayed = 17;
  EXPECT_THAT(
      Verdict(result).meaning,
      AllOf(
          HasSubstr("Doubly robust (now): "),
          HasSubstr("17 payments were later treated otherwise"),
          HasSubstr("Model only (a): expected values"),
          HasSubstr("the 3.1 points by which the model missed later payments"),
          Not(HasSubstr("world"))));
  result.model_error.reset();
  EXPECT_THAT(Verdict(result).meaning,
              HasSubstr("not the model's error, which was not measured"));
  EXPECT_EQ(Verdict(result).fidelity, "1.2 points off.");
}

TEST(ReportVerdict, ChoosesNothingThatOnlyTheModelSpeaksFor) {
  SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 6.9, 1}, {"personal", 7, 1}});
  MakeLog(result, 0.01);
  ReportVerdict verdict = Verdict(result);
  EXPECT_EQ(verdict.headline,
            "The model expects personal to be worth 2.00 EUR above the current "
            "policy (95 % interval 1.54 to 2.46). That is the model's belief: "
            "only a randomised share can tell.");
  EXPECT_THAT(verdict.personal, HasSubstr("judged by the very model"));
  EXPECT_THAT(verdict.in_force, HasSubstr("at first for some"));
  EXPECT_THAT(verdict.doubt,
              AllOf(HasSubstr("told apart from a"), Not(HasSubstr("Choose"))));
  // A page must not open with a gain that may be none.
  SimulationResult unsure = SmallSimulation({{"now", 5}, {"a", 5.2, 1}});
  MakeLog(unsure, 0.2);
  EXPECT_EQ(Verdict(unsure).headline,
            "Keep now, the current policy: nothing shows that another is "
            "better.");
  EXPECT_THAT(Verdict(unsure).doubt,
              AllOf(HasSubstr("contains zero"),
                    HasSubstr("let chance decide for a share of payments")));
  result.refused_current = "old";
  EXPECT_THAT(Verdict(result).headline,
              HasSubstr("of the others the model expects most of personal."));
  SimulationResult kept = SmallSimulation({{"now", 5}, {"a", 4, 1}});
  MakeLog(kept, 0.01);
  EXPECT_THAT(Verdict(kept).headline,
              StartsWith("The model expects no policy to be worth more"));
}

TEST(ReportVerdict, ChoosesWhatTheLogBearsOut) {
  SimulationResult result =
      SmallSimulation({{"now", 5}, {"a", 6, 1}, {"b", 8, 1}});
  MakeLog(result, 0.01, {"now", "a"});
  ReportVerdict verdict = Verdict(result);
  EXPECT_EQ(verdict.headline,
            "Choose a: 1.00 EUR more per failed payment than the current "
            "policy, now.");
  EXPECT_THAT(verdict.alone,
              AllOf(StartsWith("The model alone expects more of b: 3.00 EUR"),
                    HasSubstr("only a randomised share can tell")));
  // Where what they are compared with is the model's belief, so is a gain.
  result.estimators.clear();
  MakeLog(result, 0.01, {"a", "b"});
  EXPECT_THAT(Verdict(result).headline, StartsWith("The model expects b"));
}

TEST(ReportVerdict, DoubtsFewPayments) {
  EXPECT_THAT(Verdict(SmallSimulation({{"now", 5}, {"a", 9, 1}}, 100)).doubt,
              HasSubstr("Only 100 payments: too few"));
}

TEST(ReportVerdict, HasWordsForNothingToCompare) {
  EXPECT_EQ(Verdict(SmallSimulation({{"now", 5}, {"a", 6}}, 0)).headline,
            "No failed payment was simulated.");
  EXPECT_THAT(Verdict(SmallSimulation({{"now", 5}})).headline,
              HasSubstr("nothing to choose from"));
  EXPECT_THAT(Verdict(SmallSimulation({}, 0)).proof, IsEmpty());
}

TEST(ReportVerdict, NamesAFewOfManyThatAreAlike) {
  const ReportVerdict verdict = Verdict(SmallSimulation({{"now", 5},
                                                         {"a", 6, 1},
                                                         {"b", 5.99, 1},
                                                         {"c", 5.99, 1},
                                                         {"d", 5.99, 1},
                                                         {"e", 5.99, 1},
                                                         {"f", 5.99, 1},
                                                         {"g", 5.99, 1}}));
  EXPECT_THAT(verdict.doubt, HasSubstr("from b, c, d, e and 2 more:"));
}

}  // namespace
}  // namespace tenuto
