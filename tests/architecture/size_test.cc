#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/architecture/source_tree.h"

namespace tenuto::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kFileLinesMax = 500;
constexpr std::size_t kHeaderLinesMax = 120;
constexpr std::size_t kFunctionLinesMax = 60;
constexpr std::size_t kReadmeLinesMax = 250;

std::string Of(std::size_t lines, std::size_t max) {
  return std::to_string(lines) + " lines, at most " + std::to_string(max);
}

Breaches FilesTooLong(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    std::size_t max = kFileLinesMax;
    if (file.is_header()) {
      max = kHeaderLinesMax;
    } else if (file.path == "README.md") {
      max = kReadmeLinesMax;
    } else if (file.path.ends_with(".textproto")) {
      continue;  // A list of facts is as long as the facts.
    }
    if (file.lines.size() > max) {
      breaches.push_back(file.path + ": " + Of(file.lines.size(), max));
    }
  }
  return breaches;
}

Breaches FunctionsTooLong(const SourceTree& tree) {
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    for (const FunctionSpan& function : FunctionsOf(file)) {
      if (function.lines() > kFunctionLinesMax) {
        breaches.push_back(file.Where(function.first_index,
                                      Of(function.lines(), kFunctionLinesMax)));
      }
    }
  }
  return breaches;
}

std::string Repeat(const std::string& line, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line;
  return text;
}

TEST(Size, OfFilesStaysReadable) {
  const SourceTree bad = SourceTree::Of({
      {"features/a.cc", Repeat("int a;\n", 501)},
      {"features/b.cc", Repeat("int a;\n", 500)},
      {"features/b.h", Repeat("int a;\n", 121)},
      {"README.md", Repeat("word\n", 251)},
  });
  EXPECT_THAT(
      FilesTooLong(bad),
      ElementsAre(HasSubstr("a.cc"), HasSubstr("b.h"), HasSubstr("README.md")));
  const Breaches breaches = FilesTooLong(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Size, OfFunctionsFitsAScreen) {
  const std::string body = Repeat("  a();\n", 59);
  const SourceTree bad = SourceTree::Of({
      {"a.cc", "int x;\nvoid F() {\n" + body + "}\n"},
      {"b.cc", "void F() {\n" + Repeat("  a();\n", 58) + "}\n"},
  });
  EXPECT_THAT(FunctionsTooLong(bad), ElementsAre(HasSubstr("a.cc:2: 61")));
  const Breaches breaches = FunctionsTooLong(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

}  // namespace
}  // namespace tenuto::architecture
