#include "tests/architecture/source_tree.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SourceFile Cpp(const std::string& text) {
  return SourceTree::Of({{"features/a.cc", text}}).files().front();
}

TEST(SourceTree, ReadsCodeWithoutCommentsAndLiterals) {
  const SourceFile file =
      Cpp("int a = 1'000;  // { not code\n"
          "/* two\n"
          "lines { */ int b;\n"
          "const char* c = \"{ \\\" //\"; char d = '{';\n"
          "auto e = R\"x({ \"\n"
          ")\" {)x\"; int f;\n"
          "#define G(x) { \\\n"
          "  x {\n"
          "int h;\n");
  EXPECT_THAT(file.code,
              ElementsAre("int a = 1'000;  ", "", " int b;",
                          "const char* c = \"\"; char d = '';",
                          "auto e = ", "\"\"; int f;", "", "", "int h;"));
}

TEST(SourceTree, FindsWhereFunctionsBeginAndEnd) {
  const SourceFile file =
      Cpp("namespace a {\n"
          "struct S {\n"
          "  int x() const { return x_; }\n"
          "  int x_ = 0;\n"
          "};\n"
          "constexpr int kTable[] = {\n"
          "    1,\n"
          "};\n"
          "S::S(int y)\n"
          "    : x_{y},\n"
          "      z_{y} {\n"
          "  if (y) {\n"
          "  }\n"
          "}\n"
          "}\n");
  std::vector<std::size_t> lengths;
  for (const FunctionSpan& function : FunctionsOf(file)) {
    lengths.push_back(function.lines());
  }
  // x(), then the two braced members of S(), then its body.
  EXPECT_THAT(lengths, ElementsAre(1, 2, 2, 4));
}

TEST(SourceTree, MeasuresATestAsAFunction) {
  const SourceFile file = Cpp("TEST(A, B) {\n  int x;\n  x = 1;\n}\n");
  ASSERT_THAT(FunctionsOf(file), SizeIs(1));
  EXPECT_EQ(FunctionsOf(file).front().lines(), 4u);
}

TEST(SourceTree, ReadsIncludesOfBothForms) {
  const SourceFile file =
      Cpp("#include <vector>\n// #include \"no.h\"\n#include \"a/b.h\"\n");
  std::vector<std::string> names;
  for (const Include& include : IncludesOf(file)) {
    names.push_back(include.name);
  }
  EXPECT_THAT(names, ElementsAre("vector", "a/b.h"));
}

TEST(SourceTree, HoldsThisRepositoryWithoutBuildFolders) {
  EXPECT_NE(ThisTree().Find("features/base/clock.cc"), nullptr);
  EXPECT_NE(ThisTree().Find("tests/architecture/source_tree.h"), nullptr);
  Breaches built;
  for (const SourceFile& file : ThisTree().files()) {
    if (file.path.starts_with("build")) built.push_back(file.path);
  }
  EXPECT_THAT(built, IsEmpty());
}

}  // namespace
}  // namespace tenuto::architecture
