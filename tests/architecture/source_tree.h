// The repository's own text, read once, so that its rules are ordinary tests.
// Rules work on a tree built by hand as well: each is shown to find a breach.
// Thread-safe: immutable after Read() or Of().
#ifndef TENUTO_TESTS_ARCHITECTURE_SOURCE_TREE_H_
#define TENUTO_TESTS_ARCHITECTURE_SOURCE_TREE_H_

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenuto::architecture {

// One text file. Line k stands at index k - 1 of `lines` and of `code`.
struct SourceFile {
  std::string path;  // From the root, with '/'.
  std::vector<std::string> lines;
  // C++ only: without comments, string contents and preprocessor lines.
  std::vector<std::string> code;

  bool is_header() const { return path.ends_with(".h"); }
  bool is_cpp() const { return is_header() || path.ends_with(".cc"); }
  bool IsUnder(std::string_view folder) const {
    return path.starts_with(std::string(folder) + "/");
  }
  // "features" of "features/base/clock.h"; empty for a file at the root.
  std::string top() const;
  std::string Where(std::size_t line_index, std::string_view what) const;
};

class SourceTree {
 public:
  // Every text file that belongs to the project; build folders do not.
  static SourceTree Read(const std::filesystem::path& root);
  static SourceTree Of(
      std::initializer_list<std::pair<std::string, std::string>> files);

  const std::vector<SourceFile>& files() const { return files_; }
  const SourceFile* Find(std::string_view path) const;

 private:
  void Add(std::string path, const std::string& text);
  std::vector<SourceFile> files_;  // By path.
};

// The tree the tests run in: their working directory is the root.
const SourceTree& ThisTree();

// What an #include names, with the line it stands on.
struct Include {
  std::string name;
  std::size_t line_index = 0;
};
std::vector<Include> IncludesOf(const SourceFile& file);

// A function's place, from its first line to its closing brace.
struct FunctionSpan {
  std::size_t first_index = 0;
  std::size_t last_index = 0;
  std::size_t lines() const { return last_index - first_index + 1; }
};
std::vector<FunctionSpan> FunctionsOf(const SourceFile& file);

// What a rule returns: one sentence a breach, "path:line: what".
using Breaches = std::vector<std::string>;

// All of them, one a line, for a test's message.
std::string Join(const Breaches& breaches);

}  // namespace tenuto::architecture

#endif  // TENUTO_TESTS_ARCHITECTURE_SOURCE_TREE_H_
