// SplitMix64 (Steele, Lea, Flood 2014): eight lines that give the same numbers
// with every compiler and library, which std:: and absl generators do not
// promise. For bootstraps and fixtures, not for keys.
// Value type; not thread-safe.
#ifndef TENUTO_TRAINING_SPLIT_MIX_H_
#define TENUTO_TRAINING_SPLIT_MIX_H_

#include <cstdint>

namespace tenuto {

class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound) but for a bias below bound / 2^64; bound > 0.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }

 private:
  std::uint64_t state_;
};

}  // namespace tenuto

#endif  // TENUTO_TRAINING_SPLIT_MIX_H_
