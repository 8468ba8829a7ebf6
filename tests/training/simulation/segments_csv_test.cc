#include "training/simulation/segments_csv.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/training/simulation/small_simulation.h"
#include "training/simulation/segments.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// "policy/kind/segment" to figures by name. Of names without commas.
using Lines = std::map<std::string, std::map<std::string, double>>;
Lines Parse(const std::string& csv) {
  Lines lines;
  std::vector<std::string> header;
  for (const absl::string_view line :
       absl::StrSplit(csv, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    if (header.empty()) {
      header = cells;
      continue;
    }
    EXPECT_EQ(cells.size(), header.size()) << line;
    auto& figures = lines[absl::StrCat(cells[0], "/", cells[1], "/", cells[2])];
    for (std::size_t k = 3; k < cells.size(); ++k) {
      if (cells[k].empty()) continue;
      EXPECT_TRUE(absl::SimpleAtod(cells[k], &figures[header[k]])) << line;
    }
  }
  return lines;
}

// What is said of one number of many payments, in two passes.
void ExpectTotal(const std::map<std::string, double>& figures,
                 const std::string& name, const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += std::pow(value - sum / n, 2);
  const double half = 1.959964 * std::sqrt(n * squares / (n - 1));
  const double rounding = 1e-6 * (1 + std::abs(sum) + half);
  EXPECT_NEAR(figures.at(name), sum, rounding) << name;
  if (n < 2) return;
  const double low =
      name == "recovered" ? std::max(0.0, sum - half) : sum - half;
  const double high =
      name == "recovered" ? std::min(n, sum + half) : sum + half;
  EXPECT_NEAR(figures.at(name + "_low"), low, rounding) << name;
  EXPECT_NEAR(figures.at(name + "_high"), high, rounding) << name;
}

struct Payment {
  SegmentSet segments;
  std::vector<TrialOutcome> outcomes;
};

// Nothing about them is alike.
std::vector<Payment> RandomPayments(std::size_t policies, int count) {
  std::mt19937 random(7);
  const auto draw = [&random](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  constexpr const char* kZones[] = {"Europe/Berlin", "Asia/Singapore", ""};
  std::vector<Payment> payments;
  for (int k = 0; k < count; ++k) {
    Payment payment;
    payment.segments =
        SegmentsOf({.decline_class = static_cast<v1::DeclineClass>(draw(6)),
                    .tenure_days = static_cast<double>(draw(1'500)),
                    .active_days_28d = static_cast<double>(draw(29)),
                    .time_zone = kZones[draw(3)]});
    for (std::size_t p = 0; p < policies; ++p) {
      TrialOutcome outcome;
      outcome.recovered_day = draw(2) == 0 ? 0 : 1 + draw(60);
      outcome.recovered = outcome.recovered_day > 0;
      outcome.recovered_minor = outcome.recovered * (100 + draw(2'000));
      outcome.free_days = draw(30);
      outcome.attempts = draw(5);
      outcome.messages = draw(3);
      outcome.net_minor =
          outcome.recovered_minor - 10 * outcome.free_days - draw(50);
      payment.outcomes.push_back(outcome);
    }
    payments.push_back(payment);
  }
  return payments;
}

SimulationResult ResultOf(const std::vector<Payment>& payments) {
  SimulationResult result;
  result.currency = "EUR";
  result.failures = static_cast<std::int64_t>(payments.size());
  result.policies = {"one", "now", "two"};
  result.current = 1;
  result.tally = PolicyTally(3, Segments().size(), 1);
  for (const Payment& payment : payments) {
    result.tally.Add({payment.outcomes, {}, payment.segments});
  }
  return result;
}

TEST(SegmentsCsv, SaysWhatPlainSumsOverThePaymentsOfASegmentSay) {
  const std::vector<Payment> payments = RandomPayments(3, 700);
  const SimulationResult result = ResultOf(payments);
  const Lines lines = Parse(SegmentsCsv(result));
  std::size_t told = 0;
  for (std::size_t policy = 0; policy < 3; ++policy) {
    for (std::size_t k = 0; k < Segments().size(); ++k) {
      std::map<std::string, std::vector<double>> values;
      for (const Payment& payment : payments) {
        const auto& in = payment.segments;
        if (k > 0 && std::find(in.begin(), in.end(), k) == in.end()) continue;
        const TrialOutcome& outcome = payment.outcomes[policy];
        values["recovered"].push_back(outcome.recovered);
        values["recovered_value"].push_back(outcome.recovered_minor);
        values["net_value"].push_back(outcome.net_minor);
        values["difference"].push_back(outcome.net_minor -
                                       payment.outcomes[1].net_minor);
        values["free_days"].push_back(outcome.free_days);
        values["attempts"].push_back(outcome.attempts);
        values["messages"].push_back(outcome.messages);
      }
      const std::string key =
          absl::StrCat("\"", result.policies[policy], "\"/", Segments()[k].kind,
                       "/", Segments()[k].name);
      SCOPED_TRACE(key);
      ASSERT_EQ(lines.count(key), values.empty() ? 0U : 1U);
      if (values.empty()) continue;
      ++told;
      EXPECT_EQ(lines.at(key).at("failures"), values["net_value"].size());
      for (const auto& [name, of] : values) {
        ExpectTotal(lines.at(key), name, of);
      }
    }
  }
  EXPECT_EQ(told, lines.size());
  EXPECT_GE(told, 3U * 15);
}

TEST(SegmentsCsv, AddsUpToThePolicyByEveryKind) {
  const Lines lines = Parse(SegmentsCsv(ResultOf(RandomPayments(3, 500))));
  for (const char* name :
       {"failures", "recovered", "recovered_value", "net_value", "difference",
        "free_days", "attempts", "messages"}) {
    std::map<std::string, std::map<std::string, double>> by_policy_and_kind;
    for (const auto& [key, figures] : lines) {
      const std::vector<std::string> parts = absl::StrSplit(key, '/');
      by_policy_and_kind[parts[0]][parts[1]] += figures.at(name);
    }
    for (const auto& [policy, kinds] : by_policy_and_kind) {
      EXPECT_EQ(kinds.size(), 5U);
      for (const auto& [kind, sum] : kinds) {
        EXPECT_NEAR(sum, kinds.at("everybody"), 1e-3) << policy << kind << name;
      }
    }
  }
}

TEST(SegmentsCsv, ClaimsNoIntervalForASinglePayment) {
  const auto figures_of = [](int payments) {
    return Parse(SegmentsCsv(ResultOf(RandomPayments(3, payments))))
        .at("\"one\"/everybody/everybody");
  };
  for (const char* name : {"recovered", "recovered_value", "net_value",
                           "difference", "free_days", "attempts", "messages"}) {
    for (const int payments : {1, 2}) {
      const auto figures = figures_of(payments);
      EXPECT_EQ(figures.count(name), 1U) << name;
      const std::size_t ends = payments < 2 ? 0 : 1;
      EXPECT_EQ(figures.count(absl::StrCat(name, "_low")), ends) << name;
      EXPECT_EQ(figures.count(absl::StrCat(name, "_high")), ends) << name;
    }
  }
}

// Each recovered payment is worth 20 EUR, of which 5 in 100 may be wrong.
TEST(SegmentsCsv, WidensByTheModelsErrorWhatOnlyTheModelSays) {
  SimulationResult result = SmallSimulation({{"now", 5}, {"a", 6, 1}});
  const auto high = [](const SimulationResult& of, const char* policy) {
    return Parse(SegmentsCsv(of))
        .at(absl::StrCat("\"", policy, "\"/decline class/soft"))
        .at("net_value_high");
  };
  const double now = high(result, "now"), a = high(result, "a");
  MakeLog(result, 0.05, {"now"});
  EXPECT_EQ(high(result, "now"), now);
  EXPECT_NEAR(high(result, "a") - a, 0.05 * 900 * 2'000, 1);
}

TEST(SegmentsCsv, QuotesNamesThatPeopleWrote) {
  const std::string csv =
      SegmentsCsv(SmallSimulation({{"a, \"b\"", 5}, {"c", 4, 1}}));
  EXPECT_THAT(csv, testing::StartsWith("policy,kind,segment,failures,recovered,"
                                       "recovered_low,recovered_high,"));
  EXPECT_THAT(csv, HasSubstr("\n\"a, \"\"b\"\"\",everybody,everybody,1000,"));
  EXPECT_THAT(csv, Not(HasSubstr("Finland")));  // Nobody is there.
}

TEST(SegmentsCsv, IsAHeaderWhereEveryPolicyWasRefused) {
  const std::string csv = SegmentsCsv(SmallSimulation({}, 0));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1);
}

}  // namespace
}  // namespace tenuto
