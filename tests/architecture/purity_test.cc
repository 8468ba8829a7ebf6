#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/architecture/source_tree.h"

namespace tenuto::architecture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Something that no code of ours says, outside the one file that may.
struct Taboo {
  std::string pattern;
  std::string reason;
  std::string_view under = "";       // Only in this folder.
  std::string_view but_not_in = "";  // A path.
};

const std::vector<Taboo>& Taboos() {
  static const auto* const taboos = new std::vector<Taboo>{
      {R"(absl::Now\(|\btime\(nullptr\)|\bgettimeofday\b)",
       "take a Clock: the result must not depend on when it runs", "",
       "features/base/clock.cc"},
      {R"(\bsleep_for\b|\bsleep_until\b|\bSleepFor\b|\bu?sleep\(|\bnanosleep\b)",
       "wait for what you wait for; a sleep is slow or flaky", "tests"},
      {R"(\.detach\(\))", "a detached thread outlives what it uses"},
      {R"(\b(?!UnitTest::)\w+::(Get)?(Singleton|Instance)\()",
       "pass it in; there are no singletons"},
      // A gRPC reactor ends itself, as gRPC's own contract says.
      {R"(^(\s*)delete\b(?! this)|[^=]\s+delete\s(?!this))",
       "owners are unique_ptr"},
      {R"(\bFRIEND_TEST\b|friend class \w*Test)",
       "test through what callers can see"},
      {R"(\bgetenv\b)", "the server is configured by its file and flags",
       "server"},
      {R"(\bgetenv\b)", "take what you need as an argument", "features",
       "features/base/crash_point.cc"},
      {R"(\bgetenv\b)", "take what you need as an argument", "model"},
      {R"(\b(throw|catch)\b)", "say it with absl::Status", "model"},
      {R"(\bstd::(rand|random_shuffle)\b|\bs?rand\()",
       "randomness is injected and seeded"},
      {R"(\b(class|struct)\s+(\w*)(Manager|Helper|Util|Utils|Impl|Data|Info|Handler|Processor)\b)",
       "name it after what it is"},
  };
  return *taboos;
}

Breaches BrokenTaboos(const SourceTree& tree) {
  Breaches breaches;
  for (const Taboo& taboo : Taboos()) {
    const std::regex pattern(taboo.pattern);
    for (const SourceFile& file : tree.files()) {
      if (!file.is_cpp() || file.path == taboo.but_not_in) continue;
      if (!taboo.under.empty() && !file.IsUnder(taboo.under)) continue;
      for (std::size_t i = 0; i < file.code.size(); ++i) {
        if (std::regex_search(file.code[i], pattern)) {
          breaches.push_back(file.Where(i, taboo.reason));
        }
      }
    }
  }
  return breaches;
}

// Kernels are compiled for processors that this one may not be, and the linker
// may keep their copy of an inline function for all. Plain types have none.
Breaches SharedByKernels(const SourceTree& tree) {
  static const std::regex kernel(
      R"(model/forest/\w+_(avx2|avx512|kernel|factors|slices|trees|)"
      R"(planes|views)\.(cc|h))");
  static const std::regex shared(
      R"(\b(std::(?!size_t\b|u?int\d+_t\b)|absl::))");
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!std::regex_match(file.path, kernel)) continue;
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      if (std::regex_search(file.code[i], shared)) {
        breaches.push_back(file.Where(i, "shares code with other processors"));
      }
    }
  }
  return breaches;
}

// Code kept as a comment, by its shape: "// x = f(y);". A usage example is
// indented by three spaces or more and stays.
Breaches CommentsThatWereCode(const SourceTree& tree) {
  static const std::regex code(R"(^\s*// ?(?:)"
                               R"((?:[\w:<>,*&]+ )*[\w.>\[\]-]+ [+*/|-]?= .*;|)"
                               R"([\w:.>-]+\(.*\);|)"
                               R"((?:return|if|for|while|else|switch)\b.*[;{]|)"
                               R"(#include .*|)"
                               R"(\}( else \{)?)\s*$)");
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    if (!file.is_cpp()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (std::regex_match(file.lines[i], code)) {
        breaches.push_back(file.Where(i, "looks like code kept as a comment"));
      }
    }
  }
  return breaches;
}

// Words that must stand in no file of the project.
Breaches ForbiddenWords(const SourceTree& tree) {
  static const std::regex words(
      R"(\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b|/(work|home|root|Users)/)");
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (std::regex_search(file.lines[i], match, words)) {
        breaches.push_back(file.Where(i, "says " + match.str()));
      }
    }
  }
  return breaches;
}

// What a merge leaves where it could not decide: seven of one sign
// at the beginning of a line, then a blank or the end.
// No line of this file is one.
Breaches ConflictMarkers(const SourceTree& tree) {
  static const std::regex marker(R"(^([<=>|])\1{6}(?!\1)(\s.*)?$)");
  Breaches breaches;
  for (const SourceFile& file : tree.files()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (std::regex_match(file.lines[i], marker)) {
        breaches.push_back(file.Where(i, "is left of a merge"));
      }
    }
  }
  return breaches;
}

TEST(Purity, LeavesNoConflictOfAMergeInAnyFile) {
  const auto seven = [](char sign) { return std::string(7, sign); };
  const SourceTree bad = SourceTree::Of({
      {"model/a.cc", "int a;\n" + seven('<') + " HEAD\nint b;\n" + seven('=') +
                         "\nint c;\n" + seven('>') + " theirs\n"},
      {"README.md", "A title\n========\n\n" + seven('|') + " base\n"},
      {"deploy/a.sh", "  " + seven('=') + "\necho \"" + seven('<') + "\"\n"},
  });
  EXPECT_THAT(ConflictMarkers(bad),
              ElementsAre(HasSubstr("a.cc:2"), HasSubstr("a.cc:4"),
                          HasSubstr("a.cc:6"), HasSubstr("README.md:4")));
  const Breaches breaches = ConflictMarkers(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Purity, OfCodeIsCheckedByPatternsThatFind) {
  const SourceTree bad = SourceTree::Of({
      {"features/a.cc",
       "auto t = absl::Now();\n"
       "// absl::Now() in a comment\n"
       "A(const A&) = delete;\n"
       "  delete p;\n"
       "class EventManager {};\n"
       "struct Database {};\n"
       "thread.detach();\n"},
      {"features/base/clock.cc", "return absl::Now();\n"},
      {"features/base/crash_point.cc", "std::getenv(\"X\");\n"},
      {"features/base/b.cc", "std::getenv(\"X\");\n"},
      {"server/a.cc", "std::getenv(\"X\");\n"},
      {"tests/a_test.cc", "absl::SleepFor(x);\n"},
      {"training/a.cc", "const char* home = std::getenv(\"X\");\n"},
  });
  EXPECT_THAT(
      BrokenTaboos(bad),
      ElementsAre(HasSubstr("features/a.cc:1"), HasSubstr("tests/a_test.cc:1"),
                  HasSubstr("features/a.cc:7"), HasSubstr("features/a.cc:4"),
                  HasSubstr("server/a.cc:1"), HasSubstr("features/base/b.cc:1"),
                  HasSubstr("features/a.cc:5")));
}

TEST(Purity, HoldsForAllCode) {
  const Breaches breaches = BrokenTaboos(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Purity, OfKernelsIsThatTheyShareNoInlineFunction) {
  const SourceTree bad = SourceTree::Of({
      {"model/forest/fat_avx512.cc",
       "std::size_t a = std::min(b, c);\n// std::min\nstd::uint64_t d;\n"},
      {"model/forest/split_kernel.h", "std::array<float, 4> a;\n"},
      {"model/forest/sliced_trees.h", "absl::Span<float> a;\n"},
      {"model/forest/fat_layout.cc", "std::size_t a = std::min(b, c);\n"},
  });
  EXPECT_THAT(SharedByKernels(bad), ElementsAre(HasSubstr("fat_avx512.cc:1"),
                                                HasSubstr("split_kernel.h:1"),
                                                HasSubstr("sliced_trees.h:1")));
  const Breaches breaches = SharedByKernels(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Purity, LeavesNoCodeInComments) {
  const SourceTree bad = SourceTree::Of({{"model/a.cc",
                                          "// x = Add(x, 1);\n"
                                          "// Add(x);\n"
                                          "  // if (x) {\n"
                                          "  // }\n"
                                          "// for all users; see below\n"
                                          "//   x = Example(of_use);\n"
                                          "// Adds x (a number);\n"
                                          "// The sum; never negative.\n"}});
  EXPECT_THAT(CommentsThatWereCode(bad),
              ElementsAre(HasSubstr(":1:"), HasSubstr(":2:"), HasSubstr(":3:"),
                          HasSubstr(":4:")));
  const Breaches breaches = CommentsThatWereCode(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

TEST(Purity, HasNoUnfinishedWorkAndNoPathsOfAMachine) {
  const SourceTree bad = SourceTree::Of({
      {"model/a.cc",
       "int a;\n// TO"
       "DO: later\n"},
      {"README.md",
       "see /ho"
       "me/somebody/notes\n"},
      {"deploy/a.sh", "cd ../shared/work\n"},
  });
  EXPECT_THAT(ForbiddenWords(bad),
              ElementsAre(HasSubstr("a.cc:2"), HasSubstr("README.md:1")));
  const Breaches breaches = ForbiddenWords(ThisTree());
  EXPECT_TRUE(breaches.empty()) << Join(breaches);
}

}  // namespace
}  // namespace tenuto::architecture
