#include "training/simulation/report_json.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/training/simulation/small_simulation.h"

namespace tenuto {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Keeps the parser that its elements live in.
struct Parsed {
  explicit Parsed(const SimulationResult& result)
      : text(ReportJson(result, RankPolicies(result))),
        json(parser.parse(text)) {}
  std::string text;
  simdjson::dom::parser parser;
  simdjson::dom::element json;
};

std::vector<double> Numbers(simdjson::dom::element array) {
  std::vector<double> numbers;
  for (const simdjson::dom::element number : array.get_array()) {
    numbers.push_back(double{number});
  }
  return numbers;
}

constexpr double kRounding = 1e-6;  // Of figures written as text.

void ExpectInterval(simdjson::dom::element json, const Estimate& estimate) {
  EXPECT_THAT(Numbers(json), ElementsAre(DoubleNear(estimate.value, kRounding),
                                         DoubleNear(estimate.low, kRounding),
                                         DoubleNear(estimate.high, kRounding)));
}

SimulationResult Result() {
  SimulationResult result = SmallSimulation({{"now", 5, 0, 7, 40},
                                             {"fixed", 5.2, 1, 14, 45},
                                             {"personal", 5.5, 1, 4, 60},
                                             {"oracle", 6, 1, 3, 70}});
  result.oracle = 3;
  return result;
}

TEST(ReportJson, HoldsTheFiguresOfEveryPolicy) {
  const SimulationResult result = Result();
  const Parsed parsed(result);
  EXPECT_EQ(std::int64_t{parsed.json["payments"]}, 1'000);
  EXPECT_EQ(std::int64_t{parsed.json["days"]}, 60);
  EXPECT_EQ(std::int64_t{parsed.json["personal"]}, 2);
  EXPECT_EQ(std::int64_t{parsed.json["best_fixed"]}, 1);
  EXPECT_THAT(Numbers(parsed.json["order"]), ElementsAre(3, 2, 1, 0));
  ASSERT_EQ(parsed.json["policies"].get_array().size(), 4U);
  for (std::size_t k = 0; k < 4; ++k) {
    const simdjson::dom::element policy = parsed.json["policies"].at(k);
    const PolicyFigures figures = FiguresOf(result, k);
    EXPECT_EQ(std::string(policy["name"].get_c_str()), result.policies[k]);
    ExpectInterval(policy["recovered"], figures.recovered_percent);
    ExpectInterval(policy["net"], figures.net);
    ExpectInterval(policy["difference"], figures.difference);
    ExpectInterval(policy["recovered_value"], figures.recovered_value);
    ExpectInterval(policy["free_days"], figures.free_days);
    ExpectInterval(policy["attempts"], figures.attempts);
    ExpectInterval(policy["messages"], figures.messages);
    EXPECT_NEAR(double{policy["regret"]}, figures.regret, kRounding);
  }
}

TEST(ReportJson, SaysWhatWasRecoveredByDay) {
  const Parsed parsed(Result());
  const simdjson::dom::element by_day = parsed.json["policies"].at(0)["by_day"];
  ASSERT_EQ(by_day.get_array().size(), 4U);
  EXPECT_EQ(double{by_day.at(0).at(0)}, 7);
  EXPECT_EQ(double{by_day.at(3).at(0)}, 60);
  EXPECT_DOUBLE_EQ(Numbers(by_day.at(3).at(1))[0], 40);
  EXPECT_DOUBLE_EQ(Numbers(by_day.at(3).at(2))[0], 8);  // 20 EUR each.
  // 1.96 sqrt(0.24 / 1,000) of payments, and 20 EUR times that.
  EXPECT_NEAR(Numbers(by_day.at(3).at(1))[2], 43.04, 0.01);
  EXPECT_NEAR(Numbers(by_day.at(3).at(2))[1], 8 - 0.608, 0.001);
}

TEST(ReportJson, DrawsCurvesThatFallToWhatIsNeverRecovered) {
  const Parsed parsed(Result());
  ASSERT_EQ(parsed.json["curves"].get_array().size(), 4U);
  const std::vector<double> unpaid =
      Numbers(parsed.json["curves"].at(2)["unpaid"]);
  ASSERT_EQ(unpaid.size(), 61U);
  EXPECT_EQ(unpaid.front(), 100);
  EXPECT_DOUBLE_EQ(unpaid.back(), 40);
  EXPECT_TRUE(std::is_sorted(unpaid.rbegin(), unpaid.rend()));
}

TEST(ReportJson, LeavesOutSegmentsWithoutPayments) {
  const SimulationResult result = Result();
  const Parsed parsed(result);
  const simdjson::dom::element kind = parsed.json["segments"].at(0);
  EXPECT_EQ(std::string(kind["kind"].get_c_str()), "decline class");
  ASSERT_EQ(kind["rows"].get_array().size(), 2U);
  EXPECT_EQ(std::string(kind["rows"].at(0)["name"].get_c_str()), "soft");
  EXPECT_EQ(double{kind["rows"].at(0)["payments"]}, 900);
  EXPECT_EQ(double{kind["rows"].at(1)["payments"]}, 100);
}

TEST(ReportJson, LeavesOutSegmentsOfHardlyAnyPaymentAndSaysHowMany) {
  EXPECT_EQ(int64_t{Parsed(Result()).json["segments_left_out"]}, 0);
  SimulationResult result = Result();
  for (const int more : {9, 1}) {
    for (int k = 0; k < more; ++k) {
      result.tally.Add({std::vector<TrialOutcome>(result.policies.size()),
                        {},
                        SegmentsOf({.decline_class = v1::DECLINE_CLASS_FRAUD,
                                    .time_zone = "Europe/Berlin"})});
    }
    const Parsed parsed(result);
    std::string names;
    for (const simdjson::dom::element kind :
         parsed.json["segments"].get_array()) {
      for (const simdjson::dom::element one : kind["rows"].get_array()) {
        absl::StrAppend(&names, one["name"].get_c_str().value(), "; ");
      }
    }
    // The class, and what is unknown beside it.
    EXPECT_EQ(int64_t{parsed.json["segments_left_out"]}, more == 9 ? 1 : 0);
    EXPECT_EQ(names.find("fraud") != std::string::npos, more == 1) << names;
  }
}

TEST(ReportJson, HoldsTheSegmentsOfEveryPolicy) {
  const SimulationResult result = Result();
  const Parsed parsed(result);
  std::size_t rows = 0;
  for (std::size_t segment = 1; segment < Segments().size(); ++segment) {
    if (result.tally.sums(0, segment).size.payments == 0) continue;
    simdjson::dom::element row;
    for (const simdjson::dom::element kind :
         parsed.json["segments"].get_array()) {
      if (std::string(kind["kind"].get_c_str()) != Segments()[segment].kind) {
        continue;
      }
      for (const simdjson::dom::element one : kind["rows"].get_array()) {
        if (std::string(one["name"].get_c_str()) == Segments()[segment].name) {
          row = one;
        }
      }
    }
    ASSERT_EQ(row["policies"].get_array().size(), 4U);
    ++rows;
    for (std::size_t k = 0; k < 4; ++k) {
      const simdjson::dom::element policy = row["policies"].at(k);
      const PolicyFigures figures = FiguresOf(result, k, segment);
      ExpectInterval(policy["difference"], figures.difference);
      ExpectInterval(policy["recovered"], figures.recovered_percent);
      ExpectInterval(policy["net"], figures.net);
      ExpectInterval(policy["free_days"], figures.free_days);
    }
  }
  EXPECT_EQ(rows, 6U);  // Two classes, two countries, two unknowns.
}

TEST(ReportJson, ComparesTheCurrentPolicyWithItselfAsNothing) {
  const Parsed parsed(SmallSimulation({{"now", 5}, {"a", 4, 1}}));
  const simdjson::dom::element row =
      parsed.json["segments"].at(0)["rows"].at(0);
  EXPECT_THAT(Numbers(row["policies"].at(0)["difference"]),
              ElementsAre(0, 0, 0));
  EXPECT_TRUE(parsed.json["oracle"].is_null());
  EXPECT_TRUE(parsed.json["policies"].at(0)["regret"].is_null());
}

TEST(ReportJson, CannotEndTheScriptItStandsIn) {
  SimulationResult result =
      SmallSimulation({{"</script><b>&\"'\\", 5}, {"a", 4, 1}});
  result.refused = {{"<i>", "a & b"}};
  const Parsed parsed(result);
  for (const char* sign : {"<", ">", "&"}) {
    EXPECT_THAT(parsed.text, Not(HasSubstr(sign)));
  }
  EXPECT_EQ(std::string(parsed.json["policies"].at(0)["name"].get_c_str()),
            "</script><b>&\"'\\");
  EXPECT_EQ(std::string(parsed.json["refused"].at(0)["policy"].get_c_str()),
            "<i>");
  EXPECT_EQ(std::string(parsed.json["refused"].at(0)["reason"].get_c_str()),
            "a & b");
}

TEST(ReportJson, SaysHowEachPolicyOfALogWasReckoned) {
  const Parsed lived(Result());
  EXPECT_FALSE(bool{lived.json["policies"].at(0)["model_only"]});
  EXPECT_TRUE(lived.json["policies"].at(0)["estimator"].is_null());
  SimulationResult result = Result();
  MakeLog(result, 0.02, {"now"});
  const Parsed parsed(result);
  EXPECT_FALSE(bool{parsed.json["policies"].at(0)["model_only"]});
  EXPECT_TRUE(bool{parsed.json["policies"].at(1)["model_only"]});
  EXPECT_EQ(std::string(parsed.json["policies"].at(1)["estimator"].get_c_str()),
            "model only: by test");
}

TEST(ReportJson, HasNothingOfHowLongItTook) {
  SimulationResult slow = Result();
  slow.seconds = 17.25;
  slow.threads = 2;
  EXPECT_EQ(Parsed(slow).text, Parsed(Result()).text);
}

TEST(ReportJson, StandsForNoPolicyAtAll) {
  const Parsed parsed(SmallSimulation({}, 0));
  EXPECT_EQ(parsed.json["policies"].get_array().size(), 0U);
  EXPECT_EQ(parsed.json["curves"].get_array().size(), 0U);
  EXPECT_TRUE(parsed.json["best"].is_null());
}

}  // namespace
}  // namespace tenuto
