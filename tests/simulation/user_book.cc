#include "tests/simulation/user_book.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "xxhash.h"

namespace tenuto::testing {

std::uint64_t UserBook::HashOf(const std::string& id) {
  return XXH3_64bits(id.data(), id.size());
}

int UserBook::EpochOf(const std::string& id) const {
  for (int k = epoch(); k >= first_; --k) {
    if (epochs_[static_cast<std::size_t>(k)].acknowledged.contains(id)) {
      return k;
    }
  }
  return -1;
}

bool UserBook::IsUnknown(const std::string& id) const {
  return std::any_of(epochs_.begin() + first_, epochs_.end(),
                     [&](const Epoch& e) { return e.unknown.contains(id); });
}

void UserBook::Acknowledge(const std::string& id) {
  for (int k = first_; k < epoch(); ++k) {
    epochs_[static_cast<std::size_t>(k)].acknowledged.erase(id);
  }
  epochs_.back().acknowledged.insert(id);
}

bool UserBook::NoteAccepted(const std::string& id) {
  const int before = EpochOf(id);
  if (before >= certain_) return false;
  // It was forgotten, and so was everything else of that time.
  if (before >= 0) Erase(before + 1);
  Acknowledge(id);
  return true;
}

bool UserBook::NoteDuplicate(const std::string& id) {
  const int before = EpochOf(id);
  if (before < 0 && !IsUnknown(id)) return false;
  // It was not forgotten, and so nothing was since.
  if (before >= 0) certain_ = std::min(certain_, before);
  if (before < 0) Acknowledge(id);
  return true;
}

void UserBook::NoteLost(const std::string& id) {
  // Where it may have been erased it may have been taken in again.
  for (int k = first_; k < certain_; ++k) {
    epochs_[static_cast<std::size_t>(k)].acknowledged.erase(id);
  }
  epochs_.back().unknown.insert(id);
}

int UserBook::BeginEpoch() {
  epochs_.emplace_back();
  certain_ = epoch();
  return certain_;
}

void UserBook::Erase(int epoch) {
  first_ = std::max(first_, epoch);
  certain_ = std::max(certain_, first_);
}

void UserBook::Keep(int epoch) {
  certain_ = std::max(first_, std::min(certain_, epoch));
}

std::vector<std::string> UserBook::Explain(
    std::set<std::uint64_t>& logged) const {
  std::vector<std::string> wrongs;
  bool is_there = false;
  for (int k = first_; k <= epoch(); ++k) {
    const std::set<std::string>& ids =
        epochs_[static_cast<std::size_t>(k)].acknowledged;
    is_there = is_there || k >= certain_ ||
               std::any_of(ids.begin(), ids.end(), [&](const auto& id) {
                 return logged.contains(HashOf(id));
               });
    for (const std::string& id : ids) {
      if (is_there && !logged.contains(HashOf(id))) {
        wrongs.push_back(absl::StrCat("acknowledged event ", id, " is lost"));
      }
    }
  }
  for (int k = first_; k <= epoch(); ++k) {
    const Epoch& of = epochs_[static_cast<std::size_t>(k)];
    for (const std::string& id : of.acknowledged) logged.erase(HashOf(id));
    for (const std::string& id : of.unknown) logged.erase(HashOf(id));
  }
  return wrongs;
}

}  // namespace tenuto::testing
