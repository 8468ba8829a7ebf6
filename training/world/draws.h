// Random numbers of the world. Every (seed, user, day, purpose) has its own
// stream, found by hashing, so that the order of work and the number of threads
// change nothing, and two policies can be tried on the same luck (common random
// numbers). Distributions are written out here because those of the standard
// library and of Abseil may give other numbers in the next version.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_DRAWS_H_
#define TENUTO_TRAINING_WORLD_DRAWS_H_

#include <cstdint>

namespace tenuto::world {

// What a stream is for. Numbers are part of what a seed means: never reused.
enum class Purpose : std::uint32_t {
  kTraits = 1,
  kInterest = 2,
  kIntention = 3,
  kFunds = 4,
  kCharge = 5,
  kFix = 6,
  kOutage = 7,
  kDecision = 8,
  kMessage = 9,
  kConsent = 10,
  kPlan = 11,
  kListening = 12,
  kBilling = 13,
  kTruth = 14,
  kNewCard = 15,
  kUnpaid = 16,
  kCure = 17,
  kSeen = 18,
  kGrace = 19,
  kAnswer = 20,
  kMixture = 21,
  kPractice = 22,
};

// splitmix64 (Steele, Lea & Flood 2014) from a hashed starting point.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t user, std::uint64_t day,
        Purpose purpose);

  std::uint64_t Next();
  // In (0, 1), never an end point; 53 bits.
  double Uniform();
  bool Chance(double probability) { return Uniform() < probability; }
  // In [0, n); n >= 1. Bias below n / 2^32.
  int Below(int n);
  // By inversion of one uniform: equal streams give draws that move together.
  double Normal();
  double Exponential(double mean);
  // Mean in [0, 500]; multiplication of uniforms, chunked above 16.
  int Poisson(double mean);

 private:
  std::uint64_t state_;
};

// The streams of one person under one seed.
struct Luck {
  std::uint64_t seed = 0;
  std::uint64_t user = 0;

  Draws On(int day, Purpose purpose) const {
    return Draws(seed, user, static_cast<std::uint64_t>(day), purpose);
  }
};

// A seed as far from `seed` as any other, for the n-th imagined future.
std::uint64_t SplitSeed(std::uint64_t seed, std::uint64_t n);

// Inverse of the standard normal distribution function, relative error below
// 1.2e-9 (P. J. Acklam's rational approximation).
double NormalQuantile(double probability);

double Logistic(double x);
// Chance a day of something with these odds a day; the cheapest curve from
// rates to chances, called millions of times for the truth.
inline double DailyChance(double odds) { return odds / (1 + odds); }

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_DRAWS_H_
