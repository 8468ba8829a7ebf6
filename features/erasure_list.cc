#include "features/erasure_list.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"

namespace tenuto {
namespace {

constexpr char kPurpose[] = "tenuto erased users";
constexpr int kPartitionsMax = 256;
constexpr std::size_t kNameDigits = 32;

bool ParseLine(absl::string_view line, std::string& name,
               ErasureList::Entry& entry) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words.size() != 4 || words[0].size() != kNameDigits) return false;
  name = std::string(words[0]);
  return absl::SimpleAtoi(words[1], &entry.partition) && entry.partition >= 0 &&
         entry.partition < kPartitionsMax &&
         absl::SimpleAtoi(words[2], &entry.time_us) &&
         absl::SimpleAtoi(words[3], &entry.through);
}

}  // namespace

std::string ErasedName(const UserKeys& keys, const UserKey& user) {
  return keys.Pseudonym(kPurpose, user.view());
}

absl::StatusOr<ErasureList> ErasureList::Load(
    const std::filesystem::path& directory) {
  ErasureList list;
  const std::filesystem::path path = directory / kErasedUsersFile;
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (absl::IsNotFound(text.status())) return list;
  TENUTO_RETURN_IF_ERROR(text.status());
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    ++number;
    if (line.empty()) continue;
    std::string name;
    Entry entry;
    if (!ParseLine(line, name, entry)) {
      return absl::DataLossError(absl::StrCat(
          path.string(), ", line ", number,
          ": not \"NAME PARTITION MICROSECONDS POSITION\"; restore "
          "the file, or erased users come back"));
    }
    list.Add(name, entry);
  }
  return list;
}

absl::Status ErasureList::Save(const std::filesystem::path& directory) const {
  std::string text;
  for (const auto& [name, entry] : entries_) {
    absl::StrAppend(&text, name, " ", entry.partition, " ", entry.time_us, " ",
                    entry.through, "\n");
  }
  return WriteFileAtomically(directory / kErasedUsersFile, text, 0600);
}

void ErasureList::Add(absl::string_view name, const Entry& entry) {
  Entry& kept = entries_.try_emplace(std::string(name), entry).first->second;
  if (kept.time_us < entry.time_us) kept = entry;
}

void ErasureList::Add(const ErasureList& other) {
  for (const auto& [name, entry] : other.entries_) Add(name, entry);
}

ErasureList ErasureList::Without(const ErasureList& known) const {
  ErasureList rest;
  for (const auto& [name, entry] : entries_) {
    const auto found = known.entries_.find(name);
    if (found == known.entries_.end() ||
        found->second.time_us < entry.time_us) {
      rest.Add(name, entry);
    }
  }
  return rest;
}

bool ErasureList::Covers(const UserKeys& keys, const UserKey& user,
                         std::int64_t as_of_us,
                         Position applied_through) const {
  const auto speaks = [&](const Entry& entry) {
    return as_of_us <= entry.time_us ||
           (applied_through > 0 && applied_through <= entry.through);
  };
  // Hashing is slow, and most lists are short: only if it can matter.
  const bool possible =
      std::any_of(entries_.begin(), entries_.end(), [&](const auto& named) {
        return named.second.partition == user.partition() &&
               speaks(named.second);
      });
  if (!possible) return false;
  const auto found = entries_.find(ErasedName(keys, user));
  return found != entries_.end() && speaks(found->second);
}

}  // namespace tenuto
