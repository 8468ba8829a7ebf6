// The catalogue: the one declaration of every signal we remember and every
// feature a model may see. Loaded once, validated completely, then immutable.
#ifndef TENUTO_FEATURES_CATALOGUE_H_
#define TENUTO_FEATURES_CATALOGUE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "features/feature_reads.h"
#include "tenuto/v1/catalogue.pb.h"

namespace tenuto {

// Days of tiles that a state keeps, counted back from its newest event.
inline constexpr int kHistoryDays = 92;
inline constexpr int kWindowDaysMax = 90;
inline constexpr int kWindowsMax = 12;  // Different windows.
inline constexpr int kDecaysMax = 256;  // Decayed sums.

// Signal that holds the user's answer for a class; empty for CONTRACT.
absl::string_view ConsentSignal(v1::ConsentClass consent);

// A signal with its place among the signals of the same `keep`, by rising id.
struct Signal {
  v1::Signal declaration;
  int slot = 0;
};

// One column: a declared feature at one window.
struct Feature {
  std::uint32_t id = 0;
  std::string name;
  std::uint32_t window_days = 0;  // 0 where the read has no window.
  v1::Feature declaration;
  // Digest of everything that can change its value, and of nothing else. A
  // bundle stores one per column; serving refuses a bundle that differs.
  std::string fingerprint;
  std::string reason_raises_risk;  // With the window filled in.
  std::string reason_lowers_risk;
  bool caused_by_us = false;  // Some signal it reads is.
};

// Thread-safe: immutable after Create().
class Catalogue {
 public:
  // The catalogue compiled into this program: features/catalogue.textproto.
  static const Catalogue& Embedded();
  // kInvalidArgument naming the first line or entry that is wrong.
  static absl::StatusOr<Catalogue> Parse(absl::string_view textproto);
  static absl::StatusOr<Catalogue> Create(v1::Catalogue declaration);

  absl::Span<const Signal> signals() const { return signals_; }
  absl::Span<const Feature> features() const { return features_; }

  // Null when there is none of that name.
  const Signal* FindSignal(absl::string_view name) const;
  const Feature* FindFeature(absl::string_view name) const;

  // Number of signals that keep `keep`.
  int CountOf(v1::Keep keep) const;

  // Digest of the signals: a state folded under another one must be rebuilt.
  const std::string& signal_fingerprint() const { return signal_fingerprint_; }

 private:
  Catalogue() = default;
  absl::Status AddSignals(const v1::Catalogue& declaration);
  absl::Status AddFeature(const v1::Feature& declaration);
  struct SignalsRead {
    std::string bytes;  // Everything of them that can change a value.
    bool caused_by_us = false;
  };
  absl::Status CheckUses(const v1::Feature& declaration, const ReadShape& shape,
                         SignalsRead& read) const;
  absl::Status CheckWindows() const;

  std::vector<Signal> signals_;
  std::vector<Feature> features_;
  absl::flat_hash_map<std::string, int> signal_by_name_;
  absl::flat_hash_map<std::string, int> feature_by_name_;
  std::string signal_fingerprint_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_CATALOGUE_H_
