// Every feature of a catalogue once more, straight from the list of a user's
// events and the definitions in catalogue.proto: no state, no tiles, no sketch
// kept between events. The specification that FeaturePlan is held against.
#ifndef TENUTO_TESTS_PARITY_NAIVE_FEATURES_H_
#define TENUTO_TESTS_PARITY_NAIVE_FEATURES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "features/catalogue.h"
#include "features/feature_plan.h"
#include "tenuto/v1/event.pb.h"

namespace tenuto::testing {

// Not thread-safe.
class NaiveFeatures {
 public:
  // Both must outlive it. `events` are those known at `when.as_of`, which is at
  // most minutes older than the newest of them.
  NaiveFeatures(const Catalogue& catalogue,
                const std::vector<v1::Event>& events, const ReadTime& when);

  float Value(const Feature& feature) const;

 private:
  struct Moment {
    std::int64_t time_us = 0;
    std::int64_t sequence = 0;
    std::int64_t value = 0;
  };

  // What feeds a signal: its events, and what those of a day add up to.
  struct Fed {
    std::vector<const v1::Event*> events;
    std::map<int, std::int64_t> sum_by_day;
  };
  void Feed(const v1::Signal& signal);

  const v1::Signal& Find(const std::string& name) const;
  const std::vector<const v1::Event*>& EventsOf(
      const std::string& signal) const;
  bool IsGranted(v1::ConsentClass consent) const;

  // Daily signals.
  std::int64_t Tile(const std::string& signal, int day) const;
  double WindowSum(const std::string& signal, int days) const;
  bool IsActive(const std::string& signal, int day) const;
  int ActiveDays(const std::string& signal, int days) const;
  int LongestGap(const std::string& signal, int days) const;
  int Streak(const std::string& signal) const;
  double WeekendShare(const std::string& signal, int days) const;
  double DecayedSum(const v1::DecayedSum& read) const;
  double Entropy(const v1::Entropy& read, int days) const;
  double Distinct(const std::string& signal, int days) const;

  // Signals over all time.
  double Total(const std::string& signal) const;
  std::optional<std::int64_t> FirstTime(const std::string& signal) const;
  std::optional<std::int64_t> LastTime(const std::string& signal) const;
  std::optional<Moment> Newest(const std::string& signal) const;

  double Windowed(const v1::Feature& read, int days) const;
  double Timeless(const v1::Feature& read) const;

  const Catalogue& catalogue_;
  const std::vector<v1::Event>& events_;
  std::int64_t as_of_us_;
  int today_;
  int history_days_;
  int newest_day_;
  std::map<std::string, Fed> fed_;
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_PARITY_NAIVE_FEATURES_H_
