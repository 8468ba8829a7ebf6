#include <array>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/architecture/source_tree.h"

namespace tenuto::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Sources without a test file of their own name, and why.
const std::map<std::string, std::string>& TestedElsewhere() {
  static const auto* const reasons = new std::map<std::string, std::string>{
      {"features/base/clock.cc", "asks the machine; nothing to compute"},
      {"model/forest/fat_avx512.cc", "compared in compiled_forest_test"},
      {"model/forest/path_avx2.cc", "compared in path_forest_test"},
      {"model/forest/path_avx512.cc", "compared in path_forest_test"},
      {"model/forest/path_portable.cc", "compared in path_forest_test"},
      {"model/forest/sliced_avx2.cc", "compared in compiled_forest_test"},
      {"model/forest/sliced_avx512.cc", "compared in compiled_forest_test"},
      {"training/main.cc", "run as a process by the integration tests"},
      {"training/simulate_backtest_verb.cc", "run in simulate_ledger_test"},
      {"training/simulation/log_trials.cc", "run in simulate_ledger_test"},
      {"training/simulation/logged_failures.cc", "run in simulate_ledger_test"},
  };
  return *reasons;
}

// Folders of tests about the whole, which mirror no source.
constexpr std::array<std::string_view, 12> kWholeFolders = {
    "tests/architecture", "tests/support",     "tests/parity",
    "tests/crash",        "tests/faults",      "tests/simulation",
    "tests/fuzz",         "tests/load",        "tests/client",
    "tests/benchmark",    "tests/integration", "tests/golden"};

bool IsProduct(const SourceFile& file) {
  return file.IsUnder("features") || file.IsUnder("model") ||
         file.IsUnder("server") || file.IsUnder("training");
}

std::string Stem(const std::string& path) {
  return path.substr(0, path.rfind('.'));
}

Breaches SourcesWithoutATest(const SourceTree& tree,
                             const std::map<std::string, std::string>& known) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!IsProduct(file) || !file.path.ends_with(".cc")) continue;
    const std::string test = "tests/" + Stem(file.path) + "_test.cc";
    const bool tested = tree.Find(test) != nullptr;
    const bool excused = known.contains(file.path);
    if (!tested && !excused) breaches.push_back(file.path + ": no " + test);
    if (tested && excused) {
      breaches.push_back(file.path + ": has a test; strike its excuse");
    }
  }
  return breaches;
}

Breaches TestsWithoutASource(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.IsUnder("tests") || !file.path.ends_with("_test.cc")) continue;
    bool of_the_whole = false;
    for (const std::string_view folder : kWholeFolders) {
      of_the_whole = of_the_whole || file.IsUnder(folder);
    }
    if (of_the_whole) continue;
    const std::size_t first = std::string("tests/").size();
    const std::size_t last = file.path.size() - std::string("_test.cc").size();
    const std::string source = file.path.substr(first, last - first);
    bool found = false;
    for (const char* ending : {".cc", ".h", ".textproto", ".proto", ".sh"}) {
      found = found || tree.Find(source + ending) != nullptr;
    }
    if (!found) breaches.push_back(file.path + ": mirrors no " + source);
  }
  return breaches;
}

// `text` with the value of every variable in it.
std::string Expanded(std::string text,
                     const std::map<std::string, std::string>& variables) {
  for (const auto& [name, value] : variables) {
    const std::string use = "${" + name + "}";
    for (std::size_t at = text.find(use); at != std::string::npos;
         at = text.find(use, at + value.size())) {
      text.replace(at, use.size(), value);
    }
  }
  return text;
}

// Every word of every CMakeLists.txt, as a path from the root: a test is named
// from tests/, a source from its own folder.
std::set<std::string> Listed(const SourceTree& tree) {
  static const std::regex word("[^\\s()]+");
  static const std::regex set(R"(^set\((\w+) (\S+)\)$)");
  std::set<std::string> listed;
  for (const SourceFile& file : tree.files()) {
    if (!file.path.ends_with("CMakeLists.txt")) continue;
    const std::string folder = file.path.substr(
        0, file.path.size() - std::string("CMakeLists.txt").size());
    std::map<std::string, std::string> variables;
    for (const std::string& line : file.lines) {
      const std::string text =
          Expanded(line.substr(0, line.find('#')), variables);
      std::smatch match;
      if (std::regex_match(text, match, set)) variables[match[1]] = match[2];
      for (std::sregex_iterator it(text.begin(), text.end(), word), end;
           it != end; ++it) {
        listed.insert(folder + it->str());
        listed.insert("tests/" + it->str() + ".cc");
        const std::string path = it->str();
        const std::string root = "${CMAKE_SOURCE_DIR}/";
        if (path.starts_with(root)) listed.insert(path.substr(root.size()));
      }
    }
  }
  return listed;
}

Breaches SourcesNoBuildFileLists(const SourceTree& tree) {
  const std::set<std::string> listed = Listed(tree);
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (file.path.ends_with(".cc") && !listed.contains(file.path)) {
      breaches.push_back(file.path + ": in no CMakeLists.txt, so never built");
    }
  }
  return breaches;
}

TEST(Mirror, GivesEachSourceATest) {
  const SourceTree bad = SourceTree::Of({
      {"features/a.cc", ""},
      {"features/b.cc", ""},
      {"model/c.cc", ""},
      {"model/d.cc", ""},
      {"tests/features/a_test.cc", ""},
      {"tests/model/d_test.cc", ""},
  });
  EXPECT_THAT(SourcesWithoutATest(
                  bad, {{"model/c.cc", "reason"}, {"model/d.cc", "stale"}}),
              ElementsAre(HasSubstr("features/b.cc: no"),
                          HasSubstr("model/d.cc: has a test")));
  const Breaches breaches = SourcesWithoutATest(ThisTree(), TestedElsewhere());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Mirror, GivesEachTestASource) {
  const SourceTree bad = SourceTree::Of({
      {"features/a.h", ""},
      {"tests/features/a_test.cc", ""},
      {"tests/features/b_test.cc", ""},
      {"tests/parity/anything_test.cc", ""},
  });
  EXPECT_THAT(TestsWithoutASource(bad), ElementsAre(HasSubstr("b_test.cc")));
  const Breaches breaches = TestsWithoutASource(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Mirror, ListsEverySourceAndEveryTestInABuildFile) {
  const SourceTree bad = SourceTree::Of({
      {"features/CMakeLists.txt", "tenuto_library(features\n  base/a.cc)\n"},
      {"features/base/a.cc", ""},
      {"features/base/b.cc", ""},
      {"tests/features/CMakeLists.txt",
       "tenuto_test(features/a_test DEPS x)\n# tenuto_test(features/b_test)\n"},
      {"tests/features/a_test.cc", ""},
      {"tests/features/b_test.cc", ""},
      {"tests/server/CMakeLists.txt",
       "set(support ${CMAKE_SOURCE_DIR}/tests/support)\n"
       "add_library(x ${support}/c.cc)\n"},
      {"tests/support/c.cc", ""},
  });
  EXPECT_THAT(SourcesNoBuildFileLists(bad),
              ElementsAre(HasSubstr("features/base/b.cc"),
                          HasSubstr("tests/features/b_test.cc")));
  const Breaches breaches = SourcesNoBuildFileLists(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

}  // namespace
}  // namespace tenuto::architecture
