#include <cctype>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/architecture/source_tree.h"

namespace tenuto::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "Thread-safe", "Thread-safe: immutable after X" or "not thread-safe".
bool SaysHowThreadsMayUseIt(const SourceFile& header) {
  for (const std::string& line : header.lines) {
    const std::size_t comment = line.find("//");
    if (comment == std::string::npos) continue;
    const std::string text = line.substr(comment);
    for (const char* phrase :
         {"Thread-safe", "not thread-safe", "Not thread-safe"}) {
      if (text.find(phrase) != std::string::npos) return true;
    }
  }
  return false;
}

std::string GuardOf(const std::string& path) {
  std::string guard = "TENUTO_";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    guard.push_back(
        std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_');
  }
  return guard + "_";
}

Breaches HeadersThatDoNotSpeak(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.is_header()) continue;
    if (file.lines.empty() || !file.lines.front().starts_with("// ")) {
      breaches.push_back(file.path + ": opens without saying what it is");
    }
    if (!SaysHowThreadsMayUseIt(file)) {
      breaches.push_back(file.path + ": says nothing about threads");
    }
  }
  return breaches;
}

Breaches HeadersWithAnotherGuard(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.is_header()) continue;
    const std::string wanted = "#ifndef " + GuardOf(file.path);
    bool found = false;
    for (const std::string& line : file.lines) {
      found = found || line == wanted;
    }
    if (!found) breaches.push_back(file.path + ": wants " + wanted);
  }
  return breaches;
}

// A .cc names its own header first: so each header compiles alone.
Breaches SourcesThatHideTheirHeader(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.path.ends_with(".cc")) continue;
    std::string own = file.path.substr(0, file.path.size() - 3) + ".h";
    if (tree.Find(own) == nullptr) continue;
    const auto includes = IncludesOf(file);
    if (includes.empty() || includes.front().name != own) {
      breaches.push_back(file.path + ": first include is not " + own);
    }
  }
  return breaches;
}

const SourceTree& Bad() {
  static const auto* const tree = new SourceTree(SourceTree::Of({
      {"model/a.h",
       "// What it is.\n// Thread-safe.\n#ifndef TENUTO_MODEL_A_H_\n"},
      {"model/b.h", "#ifndef TENUTO_B_H_\n// Thread-safe.\n"},
      {"model/c.h", "// What it is.\n#ifndef TENUTO_MODEL_C_H_\n"},
      {"model/a.cc", "#include \"model/a.h\"\n"},
      {"model/c.cc", "#include <vector>\n#include \"model/c.h\"\n"},
  }));
  return *tree;
}

TEST(Headers, OpenWithWhatTheyAreAndHowThreadsMayUseThem) {
  EXPECT_THAT(HeadersThatDoNotSpeak(Bad()),
              ElementsAre(HasSubstr("b.h: opens"), HasSubstr("c.h: says")));
  const Breaches breaches = HeadersThatDoNotSpeak(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Headers, AreGuardedByTheirPath) {
  EXPECT_THAT(HeadersWithAnotherGuard(Bad()), ElementsAre(HasSubstr("b.h")));
  const Breaches breaches = HeadersWithAnotherGuard(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Headers, AreTheFirstIncludeOfTheirSource) {
  EXPECT_THAT(SourcesThatHideTheirHeader(Bad()),
              ElementsAre(HasSubstr("c.cc")));
  const Breaches breaches = SourcesThatHideTheirHeader(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

}  // namespace
}  // namespace tenuto::architecture
