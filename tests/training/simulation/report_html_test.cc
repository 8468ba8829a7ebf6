#include "training/simulation/report_html.h"

#include <regex>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/training/simulation/small_simulation.h"
#include "training/simulation/report_json.h"

namespace tenuto {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

SimulationResult Result() {
  SimulationResult result = SmallSimulation({{"now", 5, 0, 7, 40},
                                             {"b", 5.95, 2, 14, 45},
                                             {"personal", 6, 1, 4, 60}});
  return result;
}

// What stands between `open` and the next `close`, each time.
std::vector<std::string> Between(const std::string& text,
                                 const std::string& open,
                                 const std::string& close) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(open); at != std::string::npos;
       at = text.find(open, at)) {
    at += open.size();
    const std::size_t end = text.find(close, at);
    if (end == std::string::npos) break;
    found.push_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

// The page without its style, comments, scripts and figures.
std::string Markup(std::string html) {
  for (const auto& [open, close] :
       {std::pair<std::string, std::string>{"<script", "</script>"},
        {"<style>", "</style>"},
        {"<!--", "-->"}}) {
    for (std::size_t at = html.find(open); at != std::string::npos;
         at = html.find(open, at)) {
      html.erase(at, html.find(close, at) + close.size() - at);
    }
  }
  return html;
}

// Tags that are not closed, or closed where another one is open.
std::vector<std::string> TagsOutOfPlace(const std::string& html) {
  static const std::regex tag(R"(<(/?)([a-z0-9]+)[^>]*>)");
  std::vector<std::string> open, wrong;
  for (std::sregex_iterator it(html.begin(), html.end(), tag), end; it != end;
       ++it) {
    const std::string name = (*it)[2];
    if (name == "meta") continue;
    if ((*it)[1].length() == 0) {
      open.push_back(name);
    } else if (!open.empty() && open.back() == name) {
      open.pop_back();
    } else {
      wrong.push_back(it->str());
    }
  }
  wrong.insert(wrong.end(), open.begin(), open.end());
  return wrong;
}

TEST(ReportHtml, IsWellFormed) {
  const std::string html = ReportHtml(Result());
  EXPECT_THAT(html, testing::StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
  EXPECT_THAT(TagsOutOfPlace(Markup(html)), IsEmpty());
  EXPECT_THAT(TagsOutOfPlace("<p><b></p>"), Not(IsEmpty()));
  EXPECT_THAT(Markup(html), Not(HasSubstr("{{")));
}

TEST(ReportHtml, CarriesTheFiguresOfTheResult) {
  const SimulationResult result = Result();
  const std::vector<std::string> figures =
      Between(ReportHtml(result), "id=\"figures\">", "</script>");
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures.front(), ReportJson(result, RankPolicies(result)));
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(figures.front()).error(), simdjson::SUCCESS);
}

TEST(ReportHtml, NeedsNothingFromOutside) {
  const std::string html = ReportHtml(Result());
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  static const std::regex outside(R"((src|href)=|@import|url\()");
  EXPECT_FALSE(std::regex_search(Markup(html), outside));
  for (const std::string& style : Between(html, "<style>", "</style>")) {
    EXPECT_FALSE(std::regex_search(style, outside));
  }
}

TEST(ReportHtml, KeepsTheLicenceOfItsCharts) {
  EXPECT_THAT(ReportHtml(Result()),
              AllOf(HasSubstr("Chart.js v3."),
                    HasSubstr("Released under the "
                              "MIT License"),
                    HasSubstr("Permission is hereby granted")));
}

TEST(ReportHtml, HasEveryElementThatItsScriptsLookFor) {
  const std::string html = ReportHtml(Result());
  const std::vector<std::string> wanted =
      Between(html, "getElementById('", "'");
  EXPECT_GE(wanted.size(), 10U);
  for (const std::string& id : wanted) {
    EXPECT_THAT(html, HasSubstr("id=\"" + id + "\"")) << id;
  }
}

TEST(ReportHtml, EscapesNames) {
  SimulationResult result =
      SmallSimulation({{"now", 5}, {"<b>\"x\" & 'y'</b></script>", 6, 1}});
  result.source = "ledger a<b>";
  const std::string html = ReportHtml(result);
  EXPECT_THAT(html, Not(HasSubstr("<b>\"x\"")));
  EXPECT_THAT(html, Not(HasSubstr("a<b>")));
  EXPECT_THAT(html, HasSubstr("Choose &lt;b&gt;&quot;x&quot; &amp; "
                              "&#39;y&#39;&lt;/b&gt;&lt;/script&gt;:"));
  EXPECT_THAT(TagsOutOfPlace(Markup(html)), IsEmpty());
}

TEST(ReportHtml, DoesNotFillInWhatANameAsksFor) {
  const std::string html =
      ReportHtml(SmallSimulation({{"now", 5}, {"{{library}}", 6, 1}}));
  EXPECT_THAT(html, HasSubstr("Choose {{library}}:"));
}

TEST(ReportHtml, SaysWhatCannotBeToldApart) {
  EXPECT_THAT(Markup(ReportHtml(Result())),
              HasSubstr("personal cannot be told apart from b"));
}

TEST(ReportHtml, ChoosesNothingThatOnlyTheModelOfALogSpeaksFor) {
  SimulationResult result = Result();
  EXPECT_THAT(Markup(ReportHtml(result)), HasSubstr("Choose personal"));
  MakeLog(result, 0.02);
  const std::string html = ReportHtml(result);
  EXPECT_THAT(Markup(html), AllOf(Not(HasSubstr("Choose")),
                                  HasSubstr("The model expects personal"),
                                  HasSubstr("Model only (now, b and personal)"),
                                  HasSubstr("by the very model that it plans "
                                            "with")));
  EXPECT_THAT(html, HasSubstr("\"estimator\":\"model only: by test\""));
  EXPECT_THAT(html, HasSubstr("(by its own model)"));
}

TEST(ReportHtml, ShowsFidelityNextToTheVerdict) {
  SimulationResult result = Result();
  result.fidelity = "off by < 2 points";
  EXPECT_THAT(Markup(ReportHtml(result)), HasSubstr("off by &lt; 2 points"));
}

TEST(ReportHtml, GivesTheSameBytesHoweverLongItTook) {
  SimulationResult slow = Result();
  slow.seconds = 12.5;
  slow.learning_seconds = 2.25;
  slow.threads = 2;
  EXPECT_EQ(ReportHtml(slow), ReportHtml(Result()));
}

}  // namespace
}  // namespace tenuto
