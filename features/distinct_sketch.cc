#include "features/distinct_sketch.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace tenuto {
namespace {

// Fewer are put in their place one by one.
constexpr int kFew = 6;

}  // namespace

template <typename Visit>
void DistinctSketch::ForEachGathered(Visit visit) const {
  for (std::size_t word = 0; word < gathered_.size(); ++word) {
    for (std::uint64_t left = gathered_[word]; left != 0; left &= left - 1) {
      const std::size_t reg =
          64 * word + static_cast<std::size_t>(std::countr_zero(left));
      visit(Entry{day_, ranks_[reg], static_cast<std::uint8_t>(reg)});
    }
  }
}

void DistinctSketch::Clear() {
  entries_.clear();
  ranks_.fill(0);
  gathered_ = {};
}

absl::Span<const DistinctSketch::Entry> DistinctSketch::entries() const {
  Settle();
  return entries_;
}

void DistinctSketch::SettleDay() const {
  if (std::popcount(gathered_[0]) + std::popcount(gathered_[1]) <= kFew) {
    ForEachGathered([this](const Entry& entry) { Insert(entry); });
  } else {
    Merge();
  }
  ranks_.fill(0);
  gathered_ = {};
}

void DistinctSketch::Merge() const {
  thread_local std::vector<Entry> merged;
  merged.clear();
  auto at = entries_.begin();
  const auto is_inside = [&](const Entry& entry) {
    return at != entries_.end() && at->reg == entry.reg;
  };
  ForEachGathered([&](const Entry& entry) {
    while (at != entries_.end() && at->reg < entry.reg) merged.push_back(*at++);
    // As Insert() does it.
    bool is_needed = true;
    for (; is_inside(entry) && at->day > entry.day; ++at) {
      is_needed = at->rank < entry.rank;
      merged.push_back(*at);
    }
    if (is_inside(entry) && at->day == entry.day) {
      is_needed = is_needed && at->rank < entry.rank;
    }
    if (!is_needed) return;
    merged.push_back(entry);
    while (is_inside(entry) && at->rank <= entry.rank) ++at;
  });
  merged.insert(merged.end(), at, entries_.end());
  entries_.swap(merged);
}

// A binary search without branches: where registers begin is unpredictable.
std::ptrdiff_t DistinctSketch::FirstOf(std::uint8_t reg) const {
  const Entry* at = entries_.data();
  for (std::ptrdiff_t left = std::ssize(entries_); left > 0; left /= 2) {
    const std::ptrdiff_t half = left / 2;
    at += at[half].reg < reg ? left - half : 0;
  }
  return at - entries_.data();
}

void DistinctSketch::Insert(const Entry& entry) const {
  // Inside a register days fall and ranks rise strictly: the entries that are
  // newer than `entry` come first and must all have lower ranks.
  auto at = entries_.begin() + FirstOf(entry.reg);
  const auto is_inside = [&](auto place) {
    return place != entries_.end() && place->reg == entry.reg;
  };
  for (; is_inside(at) && at->day > entry.day; ++at) {
    if (at->rank >= entry.rank) return;
  }
  if (is_inside(at) && at->day == entry.day && at->rank >= entry.rank) return;
  auto end = at;
  while (is_inside(end) && end->rank <= entry.rank) ++end;
  if (at == end) {
    entries_.insert(at, entry);
  } else {
    *at = entry;
    entries_.erase(at + 1, end);
  }
}

}  // namespace tenuto
