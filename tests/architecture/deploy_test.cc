#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/architecture/source_tree.h"

namespace tenuto::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// All matches of the first group of `pattern` in `file`.
std::set<std::string> Matches(const SourceFile& file,
                              const std::string& pattern) {
  const std::regex compiled(pattern);
  std::set<std::string> found;
  for (const std::string& line : file.lines) {
    for (std::sregex_iterator it(line.begin(), line.end(), compiled), end;
         it != end; ++it) {
      found.insert((*it)[1]);
    }
  }
  return found;
}

// An alert on a metric that nobody exports never fires.
Breaches AlertsOnUnknownMetrics(const SourceFile& alerts,
                                const SourceFile& metrics) {
  const std::set<std::string> exported =
      Matches(metrics, R"(\"(tenuto_[a-z_]+)\")");
  Breaches breaches;
  for (std::string name : Matches(alerts, R"(\b(tenuto_[a-z_]+))")) {
    if (name.ends_with("_bucket")) name.resize(name.size() - 7);
    if (!exported.contains(name)) {
      breaches.push_back(alerts.path + ": nobody exports " + name);
    }
  }
  return breaches;
}

// The words of the list kMethods.
std::set<std::string> MethodsOf(const SourceFile& metrics) {
  SourceFile list = metrics;
  auto& lines = list.lines;
  const auto has = [](const char* text) {
    return [text](const std::string& line) {
      return line.find(text) != std::string::npos;
    };
  };
  lines.erase(lines.begin(),
              std::find_if(lines.begin(), lines.end(), has(" kMethods = {")));
  const auto end = std::find_if(lines.begin(), lines.end(), has("};"));
  if (end != lines.end()) lines.erase(end + 1, lines.end());
  return Matches(list, R"(\"([A-Za-z]+)\")");
}

// Nor does one on a call that nobody can make.
Breaches AlertsOnUnknownMethods(const SourceFile& alerts,
                                const SourceFile& metrics) {
  const std::set<std::string> counted = MethodsOf(metrics);
  Breaches breaches;
  for (const std::string& name : Matches(alerts, R"(method="([^"]*)\")")) {
    if (!counted.contains(name)) {
      breaches.push_back(alerts.path + ": nobody counts calls of " + name);
    }
  }
  return breaches;
}

// "## Calls fail" becomes "calls-fail", as in a link.
std::set<std::string> AnchorsOf(const SourceFile& page) {
  std::set<std::string> anchors;
  for (std::string title : Matches(page, "^#+ (.*)$")) {
    std::transform(title.begin(), title.end(), title.begin(), [](char c) {
      return c == ' ' ? '-'
                      : static_cast<char>(
                            std::tolower(static_cast<unsigned char>(c)));
    });
    anchors.insert(title);
  }
  return anchors;
}

Breaches AlertsWithoutAdvice(const SourceFile& alerts, const SourceFile& page) {
  const std::set<std::string> anchors = AnchorsOf(page);
  Breaches breaches;
  for (const std::string& link : Matches(alerts, "RUNBOOK\\.md#([a-z-]+)")) {
    if (!anchors.contains(link)) breaches.push_back("no section " + link);
  }
  return breaches;
}

Breaches SettingsNobodyReads(const SourceFile& settings,
                             const SourceFile& proto) {
  const std::set<std::string> fields = Matches(proto, R"(\b([a-z_]+) = \d+;)");
  Breaches breaches;
  for (const std::string& name : Matches(settings, "^([a-z_]+):")) {
    if (!fields.contains(name)) breaches.push_back("no setting " + name);
  }
  return breaches;
}

// A script that goes on after a failed command does damage.
Breaches ScriptsThatIgnoreFailures(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.path.ends_with(".sh")) continue;
    if (std::find(file.lines.begin(), file.lines.end(), "set -euo pipefail") ==
        file.lines.end()) {
      breaches.push_back(file.path + ": without set -euo pipefail");
    }
  }
  return breaches;
}

TEST(Deploy, AlertsOnMetricsThatAreExported) {
  const SourceTree bad = SourceTree::Of({
      {"alerts.yml",
       "expr: rate(tenuto_a_total[5m]) > tenuto_c\n"
       "expr: tenuto_b_seconds_bucket\n"},
      {"metrics.cc", ".Name(\"tenuto_a_total\")\n\"tenuto_b_seconds\"\n"},
  });
  EXPECT_THAT(AlertsOnUnknownMetrics(bad.files()[0], bad.files()[1]),
              ElementsAre(HasSubstr("tenuto_c")));
  const SourceFile* alerts = ThisTree().Find("deploy/alerts.yml");
  const SourceFile* metrics = ThisTree().Find("server/metrics.cc");
  ASSERT_NE(alerts, nullptr);
  ASSERT_NE(metrics, nullptr);
  const Breaches breaches = AlertsOnUnknownMetrics(*alerts, *metrics);
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Deploy, AlertsOnCallsThatAreCounted) {
  const SourceTree bad = SourceTree::Of({
      {"alerts.yml",
       "a{method=\"Plan\"} / a{method=\"Plans\"}\n"
       "a{method=\"before\"} / a{method=\"Score\"}\n"},
      {"metrics.cc",
       "x = \"before\";\n"
       "std::array<const char*, 2> kMethods = {\n    \"Plan\", \"Score\"};\n"
       "y = \"Plans\";\n"},
  });
  EXPECT_THAT(AlertsOnUnknownMethods(bad.files()[0], bad.files()[1]),
              ElementsAre(HasSubstr("of Plans"), HasSubstr("of before")));
  const SourceFile* alerts = ThisTree().Find("deploy/alerts.yml");
  const SourceFile* metrics = ThisTree().Find("server/metrics.cc");
  ASSERT_NE(alerts, nullptr);
  ASSERT_NE(metrics, nullptr);
  const Breaches breaches = AlertsOnUnknownMethods(*alerts, *metrics);
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Deploy, GivesAdviceForEachAlert) {
  const SourceTree bad = SourceTree::Of({
      {"alerts.yml", "\"RUNBOOK.md#calls-fail\"\n\"RUNBOOK.md#fire\"\n"},
      {"RUNBOOK.md", "## Calls fail\n"},
  });
  EXPECT_THAT(AlertsWithoutAdvice(bad.files()[0], bad.files()[1]),
              ElementsAre(HasSubstr("fire")));
  const SourceFile* alerts = ThisTree().Find("deploy/alerts.yml");
  const SourceFile* page = ThisTree().Find("deploy/RUNBOOK.md");
  ASSERT_NE(alerts, nullptr);
  ASSERT_NE(page, nullptr);
  const Breaches breaches = AlertsWithoutAdvice(*alerts, *page);
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Deploy, ConfiguresOnlySettingsThatExist) {
  const SourceTree bad = SourceTree::Of({
      {"server.textproto", "# a: 1\nlisten: \"x\"\nlisten_on: \"y\"\n"},
      {"config.proto", "  string listen = 1;  // Where.\n"},
  });
  EXPECT_THAT(SettingsNobodyReads(bad.files()[0], bad.files()[1]),
              ElementsAre(HasSubstr("listen_on")));
  const SourceFile* settings = ThisTree().Find("deploy/server.textproto");
  const SourceFile* proto = ThisTree().Find("proto/tenuto/v1/config.proto");
  ASSERT_NE(settings, nullptr);
  ASSERT_NE(proto, nullptr);
  const Breaches breaches = SettingsNobodyReads(*settings, *proto);
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Deploy, StopsAScriptAtItsFirstFailure) {
  const SourceTree bad = SourceTree::Of({{"a.sh", "set -e\n"}});
  EXPECT_THAT(ScriptsThatIgnoreFailures(bad), ElementsAre(HasSubstr("a.sh")));
  const Breaches breaches = ScriptsThatIgnoreFailures(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

}  // namespace
}  // namespace tenuto::architecture
