#include "model/decision/treatments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "model/decision/policy.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

v1::Treatments Good() { return Policy::Embedded().treatments(); }

TEST(Treatments, OfThisRepositoryAreAccepted) {
  const v1::Treatments treatments = Good();
  EXPECT_EQ(CheckTreatments(treatments), absl::OkStatus());
  EXPECT_GE(treatments.treatments_size(), 6);
}

TEST(Treatments, OfThisRepositoryCoverEveryKindAndSurface) {
  bool kinds[v1::TreatmentKind_ARRAYSIZE] = {};
  bool surfaces[v1::Surface_ARRAYSIZE] = {};
  const v1::Treatments treatments = Good();
  for (const v1::Treatment& treatment : treatments.treatments()) {
    kinds[treatment.kind()] = true;
    for (const int surface : treatment.surfaces()) surfaces[surface] = true;
  }
  for (int i = 1; i < v1::TreatmentKind_ARRAYSIZE; ++i) EXPECT_TRUE(kinds[i]);
  for (int i = 1; i < v1::Surface_ARRAYSIZE; ++i) EXPECT_TRUE(surfaces[i]);
}

TEST(Treatments, ThatAreNoTextprotoAreRefusedWithTheLine) {
  const auto unknown = ParseTreatments("treatments {\n  colour: 3\n}\n");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unknown.status().message()),
              AllOf(HasSubstr("treatments.textproto:2:"), HasSubstr("colour")));
  const auto open = ParseTreatments("treatments {\n name: \"a\"\n");
  EXPECT_THAT(std::string(open.status().message()), HasSubstr(":3:"));
  const auto bad_enum = ParseTreatments("treatments { kind: KIND_OF_MAGIC }");
  EXPECT_THAT(std::string(bad_enum.status().message()),
              HasSubstr("KIND_OF_MAGIC"));
}

struct Fault {
  const char* name;
  std::function<void(v1::Treatments&)> make;
  std::vector<std::string> says;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class FaultyTreatments : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultyTreatments, AreRefusedByName) {
  v1::Treatments treatments = Good();
  GetParam().make(treatments);
  const absl::Status status = CheckTreatments(treatments);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const std::string& text : GetParam().says) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  }
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

v1::Treatment& First(v1::Treatments& t) { return *t.mutable_treatments(0); }
v1::Guardrails& Limits(v1::Treatments& t) { return *t.mutable_guardrails(); }
v1::Objectives& Worth(v1::Treatments& t) { return *t.mutable_objectives(); }

const std::vector<Fault>& FaultsOfAName() {
  using T = v1::Treatments;
  static const std::vector<Fault> faults = {
      {"NoTreatment", [](T& t) { t.clear_treatments(); }, {"empty"}},
      {"NoName",
       [](T& t) { First(t).clear_name(); },
       {"treatment number 1", "name"}},
      {"NameOfNone", [](T& t) { First(t).set_name("none"); }, {"\"none\""}},
      {"NameWithCapitals",
       [](T& t) { First(t).set_name("TipA"); },
       {"\"TipA\""}},
      {"NameWithDash", [](T& t) { First(t).set_name("a-b"); }, {"\"a-b\""}},
      {"LongName",
       [](T& t) { First(t).set_name(std::string(65, 'a')); },
       {"64 bytes"}},
      {"NameTwice",
       [](T& t) { First(t).set_name("pause_offer"); },
       {"\"pause_offer\"", "twice"}},
  };
  return faults;
}

const std::vector<Fault>& FaultsOfATreatment() {
  using T = v1::Treatments;
  static const std::vector<Fault> faults = {
      {"NoKind",
       [](T& t) { First(t).clear_kind(); },
       {"\"offline_mode_tip\"", "kind"}},
      {"KindOfTheFuture",
       [](T& t) { First(t).set_kind(static_cast<v1::TreatmentKind>(9)); },
       {"kind is 9"}},
      {"NoSurface", [](T& t) { First(t).clear_surfaces(); }, {"surfaces"}},
      {"UnspecifiedSurface",
       [](T& t) { First(t).add_surfaces(v1::SURFACE_UNSPECIFIED); },
       {"surfaces is 0"}},
      {"SurfaceOfTheFuture",
       [](T& t) { First(t).add_surfaces(static_cast<v1::Surface>(7)); },
       {"surfaces is 7"}},
      {"SurfaceTwice",
       [](T& t) { First(t).add_surfaces(v1::SURFACE_PUSH); },
       {"SURFACE_PUSH", "only once"}},
      {"SavesMoreThanAll",
       [](T& t) { First(t).set_saves_mean(1.5); },
       {"saves_mean is 1.5"}},
      {"SavesNotANumber",
       [](T& t) { First(t).set_saves_mean(kNan); },
       {"saves_mean is nan"}},
      {"NegativeDeviation",
       [](T& t) { First(t).set_saves_sd(-0.1); },
       {"saves_sd is -0.1"}},
      {"NegativeOptOut",
       [](T& t) { First(t).set_opt_out_mean(-1); },
       {"opt_out_mean is -1"}},
      {"NegativeCost",
       [](T& t) { First(t).set_cost_minor(-5); },
       {"cost_minor is -5"}},
      {"NegativeCoolDown",
       [](T& t) { First(t).set_cool_down_days(-1); },
       {"cool_down_days is -1"}},
      {"EndlessCoolDown",
       [](T& t) { First(t).set_cool_down_days(3651); },
       {"cool_down_days is 3651"}},
      {"NoExplanation",
       [](T& t) { First(t).clear_explanation(); },
       {"explanation"}},
  };
  return faults;
}

const std::vector<Fault>& FaultsOfTheRest() {
  using T = v1::Treatments;
  static const std::vector<Fault> faults = {
      {"NoGuardrails",
       [](T& t) { t.clear_guardrails(); },
       {"guardrails: contacts_per_day_max is 0"}},
      {"WeekBelowDay",
       [](T& t) { Limits(t).set_contacts_per_day_max(5); },
       {"contacts_per_week_max is 3"}},
      {"WeekAboveMemory",
       [](T& t) { Limits(t).set_contacts_per_week_max(17); },
       {"contacts_per_week_max is 17", "16"}},
      {"QuietFrom24",
       [](T& t) { Limits(t).set_quiet_from_hour(24); },
       {"quiet_from_hour is 24"}},
      {"QuietUntilBeforeMidnight",
       [](T& t) { Limits(t).set_quiet_until_hour(-1); },
       {"quiet_until_hour is -1"}},
      {"HoldoutOfAll",
       [](T& t) { Limits(t).set_holdout_share(1); },
       {"holdout_share is 1"}},
      {"HoldoutNotANumber",
       [](T& t) { Limits(t).set_holdout_share(kNan); },
       {"holdout_share is nan"}},
      {"NoSalt",
       [](T& t) { Limits(t).clear_holdout_salt(); },
       {"holdout_salt"}},
      {"NoObjectives",
       [](T& t) { t.clear_objectives(); },
       {"objectives: currency"}},
      {"SmallCurrency",
       [](T& t) { Worth(t).set_currency("eur"); },
       {"\"eur\"", "ISO 4217"}},
      {"LongCurrency",
       [](T& t) { Worth(t).set_currency("EURO"); },
       {"\"EURO\""}},
      {"WorthlessMonth",
       [](T& t) { Worth(t).set_month_value_minor(0); },
       {"month_value_minor is 0"}},
      {"KeptForNoTime",
       [](T& t) { Worth(t).set_kept_months(0); },
       {"kept_months is 0"}},
      {"KeptForEver",
       [](T& t) { Worth(t).set_kept_months(kInfinity); },
       {"kept_months is inf"}},
      {"NegativeOptOutCost",
       [](T& t) { Worth(t).set_opt_out_cost_minor(-1); },
       {"opt_out_cost_minor is -1"}},
      {"NegativeFatigue",
       [](T& t) { Worth(t).set_fatigue_cost_minor(-1); },
       {"fatigue_cost_minor is -1"}},
      {"ShareAboveOne",
       [](T& t) { t.mutable_exploration()->set_share(1.01); },
       {"exploration: share is 1.01"}},
      {"ShareNotANumber",
       [](T& t) { t.mutable_exploration()->set_share(kNan); },
       {"exploration: share is nan"}},
  };
  return faults;
}

std::string NameOf(const ::testing::TestParamInfo<Fault>& fault) {
  return fault.param.name;
}

INSTANTIATE_TEST_SUITE_P(OfAName, FaultyTreatments,
                         ::testing::ValuesIn(FaultsOfAName()), NameOf);
INSTANTIATE_TEST_SUITE_P(OfATreatment, FaultyTreatments,
                         ::testing::ValuesIn(FaultsOfATreatment()), NameOf);
INSTANTIATE_TEST_SUITE_P(OfTheRest, FaultyTreatments,
                         ::testing::ValuesIn(FaultsOfTheRest()), NameOf);

}  // namespace
}  // namespace tenuto
