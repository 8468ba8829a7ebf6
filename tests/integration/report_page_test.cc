// The report as a browser shows it: headless Chromium runs its scripts at the
// width of a phone and of a desk. Skipped, loudly, where Chromium is not
// installed; no other test needs it.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "features/base/atomic_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"
#include "tests/training/simulation/small_simulation.h"
#include "training/simulation/report_html.h"

namespace tenuto {
namespace {

constexpr char kChromium[] = "/usr/bin/chromium";
constexpr int kPhone = 390;  // CSS pixels.
constexpr int kDesk = 1190;

// Hears what goes wrong from the first script on.
constexpr char kEars[] = R"(<script>
const wrong = [];
addEventListener('error', (event) => wrong.push(event.message));
addEventListener('securitypolicyviolation', (event) => wrong.push('policy: ' + event.violatedDirective));
console.error = console.warn = (...words) => wrong.push(words.join(' '));
</script>)";

// Looks at the page after its charts are drawn, and tells the frame around it.
constexpr char kEyes[] = R"(<script>
setTimeout(() => {
  const seen = (node) => node.getClientRects().length > 0;
  const blank = (canvas) => !canvas.getContext('2d')
      .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value !== 0);
  const rows = {};
  for (const table of document.querySelectorAll('table[id]')) {
    rows[table.id] = seen(table) ? table.tBodies[0].rows.length : 0;
  }
  const canvases = [...document.querySelectorAll('canvas')].filter(seen);
  parent.postMessage(JSON.stringify({
    wrong, rows, width: innerWidth, needed: document.documentElement.scrollWidth,
    charts: canvases.length, blank: canvases.filter(blank).length,
    odd: /NaN|undefined|Infinity|\[object/.test(document.querySelector('main').innerText),
  }), '*');
}, 3000);
</script></body>)";

struct Seen {
  std::string text;  // As the page told it.
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  std::int64_t operator[](const char* name) const {
    return std::int64_t{json[name]};
  }
  std::int64_t rows(const char* table) const {
    return std::int64_t{json["rows"][table]};
  }
};

// A browser's window has a least width that a phone is below: the page stands
// in a frame.
void Look(const std::string& html, int width, Seen& seen) {
  const TempFolder folder;
  const std::string page = absl::StrReplaceAll(
      html, {{"<head>", absl::StrCat("<head>", kEars)}, {"</body>", kEyes}});
  ASSERT_TRUE(WriteFileAtomically(folder.path() / "page.html", page).ok());
  ASSERT_TRUE(
      WriteFileAtomically(
          folder.path() / "frame.html",
          absl::StrCat(
              "<!DOCTYPE html><body><pre></pre><script>onmessage = (event) => "
              "document.querySelector('pre').textContent = 'seen' + event.data "
              "+ 'end';</script><iframe src=\"page.html\" width=\"",
              width, "\" height=\"844\" style=\"border: 0\"></iframe></body>"))
          .ok());
  ChildProcess browser(
      {kChromium, "--headless", "--no-sandbox", "--disable-gpu",
       "--disable-dev-shm-usage", "--no-first-run",
       "--disable-background-networking", "--disable-component-update",
       "--window-size=1400,1000", "--virtual-time-budget=20000",
       absl::StrCat("--user-data-dir=", (folder.path() / "home").string()),
       "--dump-dom",
       absl::StrCat("file://", (folder.path() / "frame.html").string())});
  const std::string dom = browser.ReadAll();
  ASSERT_EQ(browser.Wait(), 0) << browser.errors();
  const std::size_t from = dom.find("<pre>seen");
  const std::size_t to = dom.find("end</pre>");
  ASSERT_TRUE(from != std::string::npos && to != std::string::npos)
      << "the page said nothing; " << browser.errors();
  seen.text =
      absl::StrReplaceAll(dom.substr(from + 9, to - from - 9),
                          {{"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}});
  ASSERT_EQ(seen.parser.parse(seen.text).get(seen.json), simdjson::SUCCESS)
      << seen.text;
}

SimulationResult OfAWorld() {
  SimulationResult result = SmallSimulation(
      {{"grace_14_every_8_days_in_force_since_2019", 5, 0, 7, 40},
       {"b", 5.95, 2, 14, 45},
       {"personal", 6, 1, 4, 60},
       {"oracle", 6.5, 1, 4, 62}});
  result.oracle = 3;
  return result;
}

SimulationResult OfALog() {
  SimulationResult result = SmallSimulation({{"now", 5, 0, 7, 40},
                                             {"b", 5.95, 2, 14, 45},
                                             {"personal", 6, 1, 4, 60}});
  MakeLog(result, 0.02, {"now"});
  result.fidelity = "on 812 later payments it was near";
  result.fidelity_claims = {
      {"", "recovered by day 60, %", {68.1, 67.9, -1, 1.4}, 1},
      {"decline class soft, 700 payments",
       "net value, EUR",
       {8, 8.5, -0.9, -0.1}}};
  result.refused.push_back({"too_long", "the log never saw the like"});
  return result;
}

class ReportPageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kChromium)) {
      GTEST_SKIP() << "no " << kChromium
                   << ": nobody looked at the report; apt-get install chromium";
    }
  }
  static void ExpectSound(const Seen& seen, int width) {
    SCOPED_TRACE(seen.text);
    EXPECT_EQ(seen.json["wrong"].get_array().value().size(), 0U);
    EXPECT_EQ(seen["width"], width);
    EXPECT_LE(seen["needed"], width) << "the page scrolls sideways";
    EXPECT_EQ(seen["blank"], 0) << "a chart is empty";
    EXPECT_FALSE(bool{seen.json["odd"]});
  }
};

TEST_F(ReportPageTest, ShowsAWorld) {
  for (const int width : {kPhone, kDesk}) {
    Seen seen;
    ASSERT_NO_FATAL_FAILURE(Look(ReportHtml(OfAWorld()), width, seen));
    ExpectSound(seen, width);
    EXPECT_EQ(seen.rows("policy-table"), 4);
    EXPECT_EQ(seen.rows("day-table"), 4);
    EXPECT_EQ(seen.rows("claim-table"), 0);
    EXPECT_GE(seen["charts"], 5);  // Three, and one a kind of segment.
  }
}

TEST_F(ReportPageTest, ShowsALog) {
  for (const int width : {kPhone, kDesk}) {
    Seen seen;
    ASSERT_NO_FATAL_FAILURE(Look(ReportHtml(OfALog()), width, seen));
    ExpectSound(seen, width);
    EXPECT_EQ(seen.rows("policy-table"), 3);
    EXPECT_EQ(seen.rows("claim-table"), 3);
  }
}

// That the looks above would see it.
TEST_F(ReportPageTest, SeesWhatIsWrong) {
  const std::string html = ReportHtml(OfAWorld());
  ASSERT_TRUE(absl::StrContains(html, "\nfillClaims();\n"));
  Seen thrown, wide;
  ASSERT_NO_FATAL_FAILURE(Look(
      absl::StrReplaceAll(html, {{"\nfillClaims();\n", "\nfillNone();\n"}}),
      kPhone, thrown));
  EXPECT_GE(thrown.json["wrong"].get_array().value().size(), 1U) << thrown.text;
  EXPECT_GE(thrown["charts"], 3);
  EXPECT_EQ(thrown["blank"], thrown["charts"]);
  ASSERT_NO_FATAL_FAILURE(
      Look(absl::StrReplaceAll(
               html, {{"<main>", "<main><p style=\"width: 900px\">wide</p>"}}),
           kPhone, wide));
  EXPECT_GT(wide["needed"], kPhone);
}

}  // namespace
}  // namespace tenuto
