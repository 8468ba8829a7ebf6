#include "training/table/column_names.h"

#include <algorithm>
#include <map>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"

namespace tenuto {
namespace {

bool AnyIn(const std::vector<std::string>& words,
           const absl::flat_hash_set<absl::string_view>& wanted) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return wanted.contains(word);
  });
}

}  // namespace

std::vector<std::string> WordsOfName(absl::string_view name) {
  std::vector<std::string> words;
  unsigned char before = ' ';
  for (const char letter : name) {
    const auto c = static_cast<unsigned char>(letter);
    if (absl::ascii_isalnum(c) || c >= 0x80) {
      const bool starts =
          !(absl::ascii_isalnum(before) || before >= 0x80) ||
          (absl::ascii_isupper(c) && absl::ascii_islower(before)) ||
          (absl::ascii_isdigit(c) != absl::ascii_isdigit(before));
      if (starts) words.emplace_back();
      words.back().push_back(static_cast<char>(absl::ascii_tolower(c)));
    }
    before = c;
  }
  return words;
}

bool IsIdentifierName(absl::string_view name) {
  return AnyIn(WordsOfName(name), {"id", "ids", "uuid", "guid", "key", "hash",
                                   "msno", "code", "index", "rownum"});
}

bool IsPlannedDate(absl::string_view name) {
  return AnyIn(WordsOfName(name),
               {"end", "ends", "until", "expiry", "expires", "expire",
                "expiration", "due", "next", "renewal", "renews", "planned",
                "scheduled", "valid", "maturity"});
}

bool SharesWordWithTarget(absl::string_view name, absl::string_view target) {
  const absl::flat_hash_set<absl::string_view> plain = {
      "did",  "is",   "has",   "was",  "will",  "target", "label",
      "flag", "user", "class", "days", "value", "month",  "customer"};
  const std::vector<std::string> own = WordsOfName(name);
  for (const std::string& word : WordsOfName(target)) {
    if (word.size() < 4 || plain.contains(word)) continue;
    if (std::find(own.begin(), own.end(), word) != own.end()) return true;
  }
  return false;
}

std::vector<int> CostMatrixColumns(const std::vector<std::string>& names) {
  const absl::flat_hash_set<absl::string_view> cells = {"fp", "fn", "tp", "tn"};
  std::map<std::string, std::vector<int>> by_beginning;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::vector<std::string> words = WordsOfName(names[i]);
    if (words.empty() || !cells.contains(words.back())) continue;
    const auto beginning =
        absl::MakeConstSpan(words).subspan(0, words.size() - 1);
    by_beginning[absl::StrJoin(beginning, "_")].push_back(static_cast<int>(i));
  }
  std::vector<int> costs;
  for (const auto& [beginning, columns] : by_beginning) {
    if (columns.size() >= 3) {
      costs.insert(costs.end(), columns.begin(), columns.end());
    }
  }
  return costs;
}

}  // namespace tenuto
