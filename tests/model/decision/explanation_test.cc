#include "model/decision/explanation.h"

#include <gtest/gtest.h>

#include <string>

#include "model/decision/policy.h"

namespace tenuto {
namespace {

v1::Treatments Treatments() {
  v1::Treatments treatments;
  treatments.mutable_objectives()->set_currency("EUR");
  v1::Treatment& tip = *treatments.add_treatments();
  tip.set_name("offline_mode_tip");
  tip.set_saves_mean(0.04);
  tip.set_saves_sd(0.03);
  tip.set_explanation("shows how to download music");
  return treatments;
}

Candidate Tip(v1::Surface surface, double value, double propensity,
              const std::string& blocked_by = "") {
  return {"offline_mode_tip", surface, value, propensity, blocked_by};
}

Decision Deciding(int chosen, std::vector<Candidate> candidates) {
  Decision decision;
  decision.chosen = chosen;
  decision.candidates = std::move(candidates);
  decision.candidates.insert(decision.candidates.begin(),
                             {"none", v1::SURFACE_UNSPECIFIED, 0, 0.0333, ""});
  return decision;
}

TEST(Explanation, SaysWhatATreatmentIsBelievedToBring) {
  const Decision decision = Deciding(1, {Tip(v1::SURFACE_PUSH, 22.48, 0.9333)});
  EXPECT_EQ(Explain(decision, Treatments(), 0.23),
            "offline_mode_tip by push shows how to download music: at a churn "
            "risk of 23.0 %, of which it is believed to keep 4.0 % (+/- 3.0), "
            "it is worth 22.5 EUR minor units after cost, fatigue and "
            "opt-outs; chosen by value with probability 0.9333.");
}

TEST(Explanation, SaysWhenChanceChose) {
  Decision decision = Deciding(1, {Tip(v1::SURFACE_EMAIL, -1, 0.0125)});
  decision.explored = true;
  const std::string text = Explain(decision, Treatments(), 0.01);
  EXPECT_NE(text.find("offline_mode_tip by e-mail"), std::string::npos);
  EXPECT_NE(text.find("drawn by chance, to learn, with probability 0.0125."),
            std::string::npos)
      << text;
}

TEST(Explanation, NamesTheBestThingThatWasNotWorthIt) {
  const Decision decision =
      Deciding(0, {Tip(v1::SURFACE_PUSH, -1.5, 0.0333),
                   Tip(v1::SURFACE_IN_APP, -0.5, 0.0333),
                   Tip(v1::SURFACE_EMAIL, 9, 0, "quiet_hours")});
  EXPECT_EQ(Explain(decision, Treatments(), 0.012),
            "Nothing is sent: at a churn risk of 1.2 % the best of 2 allowed "
            "candidates, offline_mode_tip in the app, is worth -0.5 EUR minor "
            "units; chosen by value with probability 0.0333.");
}

TEST(Explanation, NamesTheRuleThatBlockedMost) {
  const Decision decision =
      Deciding(0, {Tip(v1::SURFACE_PUSH, 1, 0, "weekly_cap"),
                   Tip(v1::SURFACE_IN_APP, 1, 0, "opted_out"),
                   Tip(v1::SURFACE_EMAIL, 1, 0, "weekly_cap")});
  EXPECT_EQ(Explain(decision, Treatments(), 0.5),
            "Nothing is sent: all 3 candidates are blocked, 2 of them by "
            "weekly_cap.");
}

}  // namespace
}  // namespace tenuto
