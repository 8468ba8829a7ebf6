#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/architecture/source_tree.h"

namespace tenuto::architecture {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCatalogue[] = "features/catalogue.textproto";
constexpr char kEvents[] = "proto/tenuto/v1/event.proto";
constexpr char kPaymentRules[] = "model/decision/payment_rules.textproto";
constexpr char kTreatments[] = "model/decision/treatments.textproto";

// Names declared by blocks `block { ... name: "x" ... }` at the top level;
// "{window}" is written out for every window of the block.
std::set<std::string> NamesDeclared(const SourceFile& file,
                                    const std::string& block) {
  static const std::regex name_field(R"(\bname: \"([^\"]+)\")");
  static const std::regex windows_field(R"(\bwindow_days: ?\[?([0-9, ]+))");
  static const std::regex number("[0-9]+");
  std::set<std::string> names;
  std::string name;
  std::vector<std::string> windows;
  bool inside = false;
  for (const std::string& line : file.lines) {
    if (line.starts_with(block + " {")) inside = true;
    if (!inside) continue;
    std::smatch match;
    if (name.empty() && std::regex_search(line, match, name_field)) {
      name = match[1];
    }
    if (std::regex_search(line, match, windows_field)) {
      const std::string list = match[1];
      for (std::sregex_iterator it(list.begin(), list.end(), number), end;
           it != end; ++it) {
        windows.push_back(it->str());
      }
    }
    if (!line.starts_with("}") && !line.ends_with(" }")) continue;
    if (line.starts_with("  ")) continue;
    const std::size_t place = name.find("{window}");
    if (place == std::string::npos) {
      names.insert(name);
    } else {
      for (const std::string& days : windows) {
        names.insert(std::string(name).replace(place, 8, days));
      }
    }
    inside = false;
    name.clear();
    windows.clear();
  }
  return names;
}

// Fields of messages, "price_minor" of "int64 price_minor = 4;".
std::set<std::string> FieldsOf(const SourceFile& proto) {
  static const std::regex field(R"(^ +[\w. ]+ (\w+) = \d+;)");
  std::set<std::string> fields;
  for (const std::string& line : proto.lines) {
    std::smatch match;
    if (std::regex_search(line, match, field)) fields.insert(match[1]);
  }
  return fields;
}

// Declared names that product code spells out again, as a literal.
Breaches NamesSaidAgain(const SourceTree& tree,
                        const std::set<std::string>& names) {
  static const std::regex literal(R"(\"([a-z][a-z0-9_]*)\")");
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.is_cpp() || file.IsUnder("tests")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      for (std::sregex_iterator it(line.begin(), line.end(), literal), end;
           it != end; ++it) {
        if (names.contains((*it)[1])) {
          breaches.push_back(file.Where(i, "says " + it->str() + " again"));
        }
      }
    }
  }
  return breaches;
}

TEST(DeclaredOnce, ReadsTheNamesOfACatalogue) {
  const SourceTree tree =
      SourceTree::Of({{"a.textproto",
                       "signals {\n"
                       "  id: 1  name: \"plays\"\n"
                       "}\n"
                       "features {\n"
                       "  id: 5  name: \"plays_{window}d\"\n"
                       "  window_days: [1, 28]\n"
                       "  window_sum { signal: \"x\" }\n"
                       "}\n"
                       "features {\n"
                       "  name: \"price_minor\"\n"
                       "}\n"}});
  EXPECT_THAT(NamesDeclared(tree.files().front(), "features"),
              ElementsAre("plays_1d", "plays_28d", "price_minor"));
}

TEST(DeclaredOnce, FindsANameSaidAgain) {
  const SourceTree bad = SourceTree::Of({
      {"server/a.cc", "Find(\"plays_7d\");\nFind(\"other\");\n"},
      {"tests/server/a_test.cc", "Find(\"plays_7d\");\n"},
  });
  EXPECT_THAT(NamesSaidAgain(bad, {"plays_7d"}),
              ElementsAre(HasSubstr("server/a.cc:1")));
}

TEST(DeclaredOnce, HoldsForFeatures) {
  const SourceFile* catalogue = ThisTree().Find(kCatalogue);
  const SourceFile* events = ThisTree().Find(kEvents);
  ASSERT_NE(catalogue, nullptr);
  ASSERT_NE(events, nullptr);
  std::set<std::string> names = NamesDeclared(*catalogue, "features");
  EXPECT_GE(names.size(), 100u);
  EXPECT_THAT(names, Contains("tracks_played_7d"));
  EXPECT_THAT(names, Not(Contains(HasSubstr("{"))));
  // A feature may share the name of what it reads, which code may read, too.
  for (const std::string& signal : NamesDeclared(*catalogue, "signals")) {
    names.erase(signal);
  }
  for (const std::string& field : FieldsOf(*events)) names.erase(field);
  EXPECT_GE(names.size(), 100u);
  const Breaches breaches = NamesSaidAgain(ThisTree(), names);
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(DeclaredOnce, HoldsForTreatments) {
  const SourceFile* treatments = ThisTree().Find(kTreatments);
  ASSERT_NE(treatments, nullptr);
  std::set<std::string> names = NamesDeclared(*treatments, "treatments");
  EXPECT_GE(names.size(), 2u);
  names.erase("none");  // To do nothing is no choice of the configuration.
  const Breaches breaches = NamesSaidAgain(ThisTree(), names);
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(DeclaredOnce, HoldsForPaymentRules) {
  const SourceFile* rules = ThisTree().Find(kPaymentRules);
  ASSERT_NE(rules, nullptr);
  std::set<std::string> names = NamesDeclared(*rules, "attempt_limits");
  names.merge(NamesDeclared(*rules, "stops"));
  EXPECT_GE(names.size(), 5u);
  const Breaches breaches = NamesSaidAgain(ThisTree(), names);
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

}  // namespace
}  // namespace tenuto::architecture
