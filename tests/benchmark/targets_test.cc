#include "tests/benchmark/targets.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Target kMore = {"a.more", 10, 20, false, "more is better"};
constexpr Target kLess = {"a.less", 3, 1, true, "less is better"};

TEST(Targets, AreReachedFromTheirOwnSide) {
  EXPECT_EQ(Verdict(kMore, {.measured = 9.99}), "short");
  EXPECT_EQ(Verdict(kMore, {.measured = 10}), "pass");
  EXPECT_EQ(Verdict(kMore, {.measured = 20}), "pass (stretch)");
  EXPECT_EQ(Verdict(kLess, {.measured = 3.01}), "short");
  EXPECT_EQ(Verdict(kLess, {.measured = 3}), "pass");
  EXPECT_EQ(Verdict(kLess, {.measured = 0.9}), "pass (stretch)");
}

TEST(Targets, AreNotReachedWhenWhatTheyAlsoAskForIsNot) {
  EXPECT_EQ(Verdict(kMore, {.measured = 30, .holds = false}), "short");
}

TEST(Targets, AreNeitherReachedNorMissedUnmeasured) {
  EXPECT_EQ(Verdict(kMore, {.note = "no data"}), "not measured");
}

TEST(Targets, HaveStretchesBeyondThemselves) {
  std::set<std::string> keys;
  for (const Target& target : Targets()) {
    EXPECT_TRUE(keys.insert(target.key).second) << target.key;
    EXPECT_EQ(target.stretch < target.target, target.is_at_most) << target.key;
  }
}

TEST(Figures, ComeBackAsTheyWereWritten) {
  const auto figures = ParseFigures(
      FormatFigure("a", {.measured = 0.1}) +
      FormatFigure("b", {.note = "needs data"}) + "half a line\n" +
      FormatFigure("c", {.measured = 7, .holds = false, .note = "slow"}));
  ASSERT_EQ(figures.size(), 3u);
  EXPECT_EQ(figures.at("a").measured, 0.1);
  EXPECT_TRUE(figures.at("a").holds);
  EXPECT_FALSE(figures.at("b").measured.has_value());
  EXPECT_EQ(figures.at("b").note, "needs data");
  EXPECT_FALSE(figures.at("c").holds);
}

TEST(Figures, OfALaterRunReplaceEarlierOnes) {
  const auto figures = ParseFigures(FormatFigure("a", {.measured = 1}) +
                                    FormatFigure("a", {.measured = 2}));
  EXPECT_EQ(figures.at("a").measured, 2);
}

TEST(TargetsTable, HasALineForEachTarget) {
  const std::string key = Targets().front().key;
  const std::string table =
      TargetsTable({{key, {.measured = 1e6, .note = "by hand"}}});
  for (const Target& target : Targets()) {
    EXPECT_THAT(table, HasSubstr(target.key));
  }
  EXPECT_THAT(table, HasSubstr("[by hand]"));
  EXPECT_THAT(table, HasSubstr("not measured"));
  EXPECT_THAT(TargetsTable({{"no.target", {.measured = 1}}}),
              Not(HasSubstr("no.target")));
}

TEST(TargetsJson, HasExactlyTheKeysOfTheTargets) {
  const std::string key = Targets().front().key;
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const std::string text =
      TargetsJson({{key, {.measured = 29.5}}, {"no.target", {.measured = 1}}});
  ASSERT_EQ(parser.parse(text).get(json), simdjson::SUCCESS);
  std::set<std::string> expected, found;
  for (const Target& target : Targets()) expected.insert(target.key);
  for (const auto& field : json.get_object()) {
    found.insert(std::string(field.key));
    if (field.key == key) {
      EXPECT_EQ(double(field.value), 29.5);
    } else {
      EXPECT_TRUE(field.value.is_null()) << field.key;
    }
  }
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace tenuto
