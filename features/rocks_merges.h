// How RocksDB puts values together that commits side by side add to: duplicate
// marks of a user, and the ends of the history. Behind rocks_store.
// Thread-safe: immutable.
#ifndef TENUTO_FEATURES_ROCKS_MERGES_H_
#define TENUTO_FEATURES_ROCKS_MERGES_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "features/rocks_store.h"
#include "features/seen_events.h"
#include "rocksdb/merge_operator.h"

namespace tenuto {

inline absl::string_view AsView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

class MarkMerge final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing,
             const rocksdb::Slice& added, std::string* merged,
             rocksdb::Logger*) const override {
    *merged = MergeMarks(
        existing == nullptr ? absl::string_view() : AsView(*existing),
        AsView(added));
    return true;
  }
  const char* Name() const override { return "tenuto.MarkMerge"; }
};

// The ends of the history. Commits of different users write them side by side,
// so each adds its own times and the outermost count.
class HistoryMerge final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice& key, const rocksdb::Slice* existing,
             const rocksdb::Slice& added, std::string* merged,
             rocksdb::Logger*) const override {
    std::int64_t old_us = 0;
    std::int64_t new_us = 0;
    if (!absl::SimpleAtoi(AsView(added), &new_us)) return false;
    if (existing != nullptr) {
      if (!absl::SimpleAtoi(AsView(*existing), &old_us)) return false;
      new_us = key == kHistoryStartKey ? std::min(old_us, new_us)
                                       : std::max(old_us, new_us);
    }
    *merged = absl::StrCat(new_us);
    return true;
  }
  const char* Name() const override { return "tenuto.HistoryMerge"; }
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_MERGES_H_
