// Plausible and absurd events of every payload, from a seed: the same seed
// gives the same events on every machine. Tests print the seed.
#ifndef TENUTO_TESTS_SUPPORT_RANDOM_EVENTS_H_
#define TENUTO_TESTS_SUPPORT_RANDOM_EVENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "features/event_gate.h"
#include "features/ledger.h"
#include "features/user_key.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto::testing {

// SplitMix64 (Steele, Lea, Flood 2014). Value type; not thread-safe.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next();
  // A whole number in [from, to].
  std::int64_t Between(std::int64_t from, std::int64_t to);
  bool Chance(double probability);
  std::string Bytes(int size);

  template <typename T>
  void Shuffle(std::vector<T>& things) {
    for (std::size_t k = things.size(); k > 1; --k) {
      const auto other = static_cast<std::size_t>(
          Between(0, static_cast<std::int64_t>(k) - 1));
      std::swap(things[k - 1], things[other]);
    }
  }

 private:
  std::uint64_t state_;
};

// Names of all payloads of tenuto.v1.Event.
const std::vector<std::string>& PayloadNames();

// A user's life. Value type; not thread-safe.
class RandomEvents {
 public:
  // Events lie in the `days` days that begin at `start_us`.
  RandomEvents(std::uint64_t seed, std::int64_t start_us, int days)
      : draws_(seed), start_us_(start_us), days_(days) {}

  // Any payload, every field set or not; the gate may refuse it.
  v1::Event Absurd();
  // As a producer would send it, mostly listening; the gate lets it in.
  v1::Event Plausible();
  // `count` events of one user that the gate let in, by rising known time.
  // Some are late by days or months, some exactly on midnight, some share a
  // time, and consent comes and goes.
  std::vector<GatedEvent> Life(const UserKey& user, int count);

  Draws& draws() { return draws_; }

 private:
  std::int64_t Time();
  void FillEnvelope(v1::Event& event);
  void FillPayload(const std::string& payload, bool plausible,
                   v1::Event& event);

  Draws draws_;
  std::int64_t start_us_;
  int days_;
  std::int64_t made_ = 0;
};

// A key with `partition` as its first byte.
UserKey TestUser(int partition, int number = 0);

// The events as a log would hold them, at positions 1, 2, ...; views into
// `events`.
std::vector<LoggedEvent> AsLogged(const std::vector<GatedEvent>& events);

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_SUPPORT_RANDOM_EVENTS_H_
