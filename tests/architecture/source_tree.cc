#include "tests/architecture/source_tree.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <sstream>

namespace tenuto::architecture {
namespace {

constexpr std::array<std::string_view, 16> kTextEndings = {
    ".cc",           ".h",    ".proto",     ".textproto",    ".txt",
    ".md",           ".sh",   ".cmake",     ".service",      ".yml",
    ".json",         ".supp", ".gitignore", ".dockerignore", ".clang-tidy",
    ".clang-format",
};

// Replaces comments by nothing and the contents of literals by nothing, and
// keeps every line end.
class CodeReader {
 public:
  explicit CodeReader(const std::string& text) : text_(text) {}

  std::string Read() {
    while (at_ < text_.size()) {
      Step();
    }
    return std::move(code_);
  }

 private:
  bool Sees(std::string_view what) const {
    return std::string_view(text_).substr(at_).starts_with(what);
  }

  void Step() {
    if (Sees("//")) {
      SkipTo("\n");
    } else if (Sees("/*")) {
      SkipTo("*/");
      at_ = std::min(at_ + 2, text_.size());
    } else if (Sees("R\"")) {
      SkipRawString();
    } else if (text_[at_] == '"' || IsCharacterLiteral()) {
      SkipLiteral(text_[at_]);
    } else {
      code_.push_back(text_[at_++]);
    }
  }

  // 1'000 is a number.
  bool IsCharacterLiteral() const {
    return text_[at_] == '\'' &&
           (at_ == 0 ||
            std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) == 0);
  }

  void SkipTo(std::string_view end) {
    while (at_ < text_.size() && !Sees(end)) {
      if (text_[at_] == '\n') code_.push_back('\n');
      ++at_;
    }
  }

  void SkipRawString() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string::npos) {
      at_ = text_.size();
      return;
    }
    std::string end = ")";
    end += text_.substr(at_ + 2, open - at_ - 2);
    end += '"';
    SkipTo(end);
    at_ = std::min(at_ + end.size(), text_.size());
    code_ += "\"\"";
  }

  void SkipLiteral(char quote) {
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\n') return;
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
    code_ += {quote, quote};
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::string code_;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> CodeLines(const std::string& text) {
  std::vector<std::string> lines = Lines(CodeReader(text).Read());
  bool continues = false;
  for (std::string& line : lines) {
    const std::size_t first = line.find_first_not_of(" \t");
    const bool is_preprocessor =
        continues || (first != std::string::npos && line[first] == '#');
    if (!is_preprocessor) continue;
    continues = line.ends_with('\\');
    line.clear();
  }
  return lines;
}

bool IsText(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name == "Dockerfile" || name == "run" ||
         std::any_of(kTextEndings.begin(), kTextEndings.end(),
                     [&](std::string_view end) { return name.ends_with(end); });
}

bool IsForeignFolder(const std::string& name) {
  return name == ".git" || name == "quickstart-data" ||
         name.starts_with("build");
}

// The blocks that braces open, told apart by the words before them.
enum class Block { kNamespace, kType, kFunction, kOther };

bool HasWord(const std::string& text, std::string_view word) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  for (std::size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_part(text[at - 1])) &&
        (end == text.size() || !is_part(text[end]))) {
      return true;
    }
  }
  return false;
}

Block KindOf(const std::string& head, Block parent) {
  if (parent == Block::kFunction || parent == Block::kOther) {
    return Block::kOther;
  }
  if (HasWord(head, "namespace")) return Block::kNamespace;
  const bool has_parameters = head.find('(') != std::string::npos;
  if (!has_parameters && (HasWord(head, "class") || HasWord(head, "struct") ||
                          HasWord(head, "union") || HasWord(head, "enum"))) {
    return Block::kType;
  }
  // Empty or ", b_": what follows the braces of a member initializer.
  const bool goes_on = head.empty() || head.front() == ',';
  const bool assigns = head.ends_with('=');
  return (has_parameters && !assigns) || goes_on ? Block::kFunction
                                                 : Block::kOther;
}

// Walks the code with a stack of blocks and notes each function that closes.
class FunctionFinder {
 public:
  std::vector<FunctionSpan> Find(const std::vector<std::string>& code) {
    for (std::size_t line = 0; line < code.size(); ++line) {
      for (const char c : code[line]) {
        Take(c, line);
      }
      if (!head_.empty()) head_.push_back(' ');
    }
    return std::move(found_);
  }

 private:
  struct Open {
    Block kind;
    std::size_t first_index;
  };

  void Take(char c, std::size_t line) {
    if (c == '{') {
      OpenBlock(line);
    } else if (c == '}') {
      CloseBlock(line);
    } else if (c == ';') {
      head_.clear();
    } else if (!head_.empty() || c != ' ') {
      if (head_.empty()) head_line_ = line;
      head_.push_back(c);
    }
  }

  void OpenBlock(std::size_t line) {
    while (!head_.empty() && head_.back() == ' ') head_.pop_back();
    const Block parent = open_.empty() ? Block::kNamespace : open_.back().kind;
    const std::size_t first = head_.empty() ? line : head_line_;
    open_.push_back({KindOf(head_, parent), first});
    head_.clear();
  }

  void CloseBlock(std::size_t line) {
    head_.clear();
    if (open_.empty()) return;
    if (open_.back().kind == Block::kFunction) {
      found_.push_back({open_.back().first_index, line});
    }
    open_.pop_back();
  }

  std::vector<Open> open_;
  std::string head_;
  std::size_t head_line_ = 0;
  std::vector<FunctionSpan> found_;
};

}  // namespace

std::string SourceFile::top() const {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string SourceFile::Where(std::size_t line_index,
                              std::string_view what) const {
  return path + ":" + std::to_string(line_index + 1) + ": " + std::string(what);
}

SourceTree SourceTree::Read(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  SourceTree tree;
  for (auto it = fs::recursive_directory_iterator(root);
       it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && IsForeignFolder(name)) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file() && IsText(it->path())) {
      std::ifstream stream(it->path(), std::ios::binary);
      tree.Add(fs::relative(it->path(), root).generic_string(),
               std::string(std::istreambuf_iterator<char>(stream), {}));
    }
  }
  std::sort(tree.files_.begin(), tree.files_.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return tree;
}

SourceTree SourceTree::Of(
    std::initializer_list<std::pair<std::string, std::string>> files) {
  SourceTree tree;
  for (const auto& [path, text] : files) {
    tree.Add(path, text);
  }
  return tree;
}

void SourceTree::Add(std::string path, const std::string& text) {
  SourceFile file;
  file.path = std::move(path);
  file.lines = Lines(text);
  if (file.is_cpp()) file.code = CodeLines(text);
  files_.push_back(std::move(file));
}

const SourceFile* SourceTree::Find(std::string_view path) const {
  for (const SourceFile& file : files_) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

const SourceTree& ThisTree() {
  static const SourceTree* const tree =
      new SourceTree(SourceTree::Read(std::filesystem::current_path()));
  return *tree;
}

std::vector<Include> IncludesOf(const SourceFile& file) {
  std::vector<Include> includes;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (!line.starts_with("#include ")) continue;
    const std::size_t open = line.find_first_of("<\"");
    const std::size_t close = line.find_last_of(">\"");
    if (open == std::string::npos || close <= open) continue;
    includes.push_back({line.substr(open + 1, close - open - 1), i});
  }
  return includes;
}

std::vector<FunctionSpan> FunctionsOf(const SourceFile& file) {
  return FunctionFinder().Find(file.code);
}

std::string Join(const Breaches& breaches) {
  std::string text;
  for (const std::string& breach : breaches) {
    text += breach + "\n";
  }
  return text;
}

}  // namespace tenuto::architecture
