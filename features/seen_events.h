// Which events of a user have been taken in, so that one counts once: hashes of
// event ids with the day of receipt, remembered for kMarkDays. On disk they are
// marks of 10 bytes: day (2 bytes, days since 1970) and hash, little endian.
#ifndef TENUTO_FEATURES_SEEN_EVENTS_H_
#define TENUTO_FEATURES_SEEN_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace tenuto {

// Ids are remembered this long after receipt.
inline constexpr int kMarkDays = 35;
inline constexpr std::size_t kMarkBytes = 10;

void AppendMark(int day, std::uint64_t event_hash, std::string& marks);

// Appends `b` to `a` and drops what is older than kMarkDays before the newest.
std::string MergeMarks(absl::string_view a, absl::string_view b);

// Value type; not thread-safe.
class SeenEvents {
 public:
  // Also forgets what is then older than kMarkDays before the newest.
  void Add(absl::string_view marks);
  bool Contains(std::uint64_t event_hash) const {
    return day_of_.contains(event_hash);
  }
  std::size_t size() const { return day_of_.size(); }

 private:
  absl::flat_hash_map<std::uint64_t, std::uint16_t> day_of_;
  int newest_day_ = 0;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_SEEN_EVENTS_H_
