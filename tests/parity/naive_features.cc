#include "tests/parity/naive_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "tests/parity/naive_fields.h"
#include "xxhash.h"

namespace tenuto::testing {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kDay = 86'400'000'000;  // Microseconds.

double Ratio(double a, double b, double prior, double weight) {
  if (b + weight <= 0) return kUnknown;
  return (a + prior * weight) / (b + weight);
}

// Plain HyperLogLog of 128 registers (Flajolet et al. 2007).
double EstimateOf(const std::vector<std::uint64_t>& hashes) {
  std::vector<int> highest(128, 0);
  for (const std::uint64_t hash : hashes) {
    int rank = 1;
    for (int bit = 56; bit >= 0 && (hash >> bit & 1) == 0; --bit) ++rank;
    int& seen = highest[hash >> 57];
    seen = std::max(seen, rank);
  }
  double sum = 0;
  for (const int rank : highest) sum += 1.0 / std::pow(2.0, rank);
  const double raw = 0.7213 / (1 + 1.079 / 128.0) * 128 * 128 / sum;
  const auto empty = std::count(highest.begin(), highest.end(), 0);
  if (raw > 320 || empty == 0) return raw;
  return 128 * std::log(128.0 / static_cast<double>(empty));
}

std::uint64_t HashOf(const NaiveField& field) {
  if (field.is_text) return XXH3_64bits(field.text.data(), field.text.size());
  return XXH3_64bits(&field.number, sizeof field.number);
}

int DayOfEvent(const v1::Event& event) { return NaiveDay(NaiveTimeUs(event)); }

}  // namespace

NaiveFeatures::NaiveFeatures(const Catalogue& catalogue,
                             const std::vector<v1::Event>& events,
                             const ReadTime& when)
    : catalogue_(catalogue),
      events_(events),
      as_of_us_(absl::ToUnixMicros(when.as_of)),
      today_(NaiveDay(as_of_us_)),
      history_days_(today_ - NaiveDay(absl::ToUnixMicros(when.history_start))),
      newest_day_(std::numeric_limits<int>::min()) {
  for (const v1::Event& event : events) {
    newest_day_ = std::max(newest_day_, DayOfEvent(event));
  }
  for (const Signal& signal : catalogue.signals()) Feed(signal.declaration);
}

void NaiveFeatures::Feed(const v1::Signal& signal) {
  Fed& fed = fed_[signal.name()];
  for (const v1::Event& event : events_) {
    if (!NaiveFeeds(signal, event)) continue;
    fed.events.push_back(&event);
    fed.sum_by_day[DayOfEvent(event)] +=
        signal.measure().empty() ? 1
                                 : NaiveFieldOf(event, signal.measure()).number;
  }
}

const v1::Signal& NaiveFeatures::Find(const std::string& name) const {
  return catalogue_.FindSignal(name)->declaration;
}

const std::vector<const v1::Event*>& NaiveFeatures::EventsOf(
    const std::string& signal) const {
  return fed_.at(signal).events;
}

bool NaiveFeatures::IsGranted(v1::ConsentClass consent) const {
  if (consent == v1::CONSENT_CLASS_CONTRACT) return true;
  const auto answer =
      Newest(consent == v1::CONSENT_CLASS_BEHAVIOUR ? "consent_behaviour"
                                                    : "consent_messages");
  return answer && answer->value == v1::CONSENT_GRANTED;
}

std::int64_t NaiveFeatures::Tile(const std::string& signal, int day) const {
  // Older tiles are forgotten.
  if (day + 92 <= newest_day_) return 0;
  const auto& sums = fed_.at(signal).sum_by_day;
  const auto found = sums.find(day);
  return found == sums.end() ? 0 : found->second;
}

// Whole days back to the day that the window's beginning cuts; of that one the
// share that lies inside.
double NaiveFeatures::WindowSum(const std::string& signal, int days) const {
  std::int64_t whole = 0;
  for (int day = today_ - days + 1; day <= today_; ++day) {
    whole += Tile(signal, day);
  }
  const double into_today = static_cast<double>(as_of_us_ - today_ * kDay) /
                            static_cast<double>(kDay);
  return static_cast<double>(whole) +
         (1.0 - into_today) * static_cast<double>(Tile(signal, today_ - days));
}

bool NaiveFeatures::IsActive(const std::string& signal, int day) const {
  return Tile(signal, day) != 0;
}

// Counts of days look at n days of which the last holds the last instant before
// the moment.
int NaiveFeatures::ActiveDays(const std::string& signal, int days) const {
  const int last = NaiveDay(as_of_us_ - 1);
  int count = 0;
  for (int day = last - days + 1; day <= last; ++day) {
    count += IsActive(signal, day);
  }
  return count;
}

int NaiveFeatures::LongestGap(const std::string& signal, int days) const {
  const int last = NaiveDay(as_of_us_ - 1);
  int longest = 0;
  int run = 0;
  for (int day = last - days + 1; day <= last; ++day) {
    run = IsActive(signal, day) ? 0 : run + 1;
    longest = std::max(longest, run);
  }
  return longest;
}

int NaiveFeatures::Streak(const std::string& signal) const {
  int day = NaiveDay(as_of_us_ - 1);
  const int oldest = day - 2 * 92;
  while (day > oldest && !IsActive(signal, day)) --day;
  int length = 0;
  for (; day > oldest && IsActive(signal, day); --day) ++length;
  return length;
}

double NaiveFeatures::WeekendShare(const std::string& signal, int days) const {
  const int last = NaiveDay(as_of_us_ - 1);
  double all = 0;
  double weekend = 0;
  for (int day = last - days + 1; day <= last; ++day) {
    const auto sum = static_cast<double>(Tile(signal, day));
    all += sum;
    const absl::Weekday weekday =
        absl::GetWeekday(absl::CivilDay(1970, 1, 1) + day);
    if (weekday == absl::Weekday::saturday ||
        weekday == absl::Weekday::sunday) {
      weekend += sum;
    }
  }
  return all > 0 ? weekend / all : kUnknown;
}

// A tile's events are taken to lie at noon.
double NaiveFeatures::DecayedSum(const v1::DecayedSum& read) const {
  double sum = 0;
  for (int day = today_ - 91; day <= today_; ++day) {
    const double noon_us = (day + 0.5) * static_cast<double>(kDay);
    const double age =
        (static_cast<double>(as_of_us_) - noon_us) / static_cast<double>(kDay);
    const double n = read.count_days()
                         ? static_cast<double>(IsActive(read.signal(), day))
                         : static_cast<double>(Tile(read.signal(), day));
    sum += n * std::pow(2.0, -age / read.half_life_days());
  }
  return sum;
}

double NaiveFeatures::Entropy(const v1::Entropy& read, int days) const {
  double all = 0;
  for (const std::string& signal : read.signals()) {
    all += WindowSum(signal, days);
  }
  if (all <= 0) return kUnknown;
  double bits = 0;
  for (const std::string& signal : read.signals()) {
    const double share = WindowSum(signal, days) / all;
    if (share > 0) bits -= share * std::log2(share);
  }
  return bits;
}

double NaiveFeatures::Distinct(const std::string& signal, int days) const {
  const int first = NaiveDay(as_of_us_ - 1) - days + 1;
  std::vector<std::uint64_t> hashes;
  for (const v1::Event* event : EventsOf(signal)) {
    if (DayOfEvent(*event) < first) continue;
    hashes.push_back(HashOf(NaiveFieldOf(*event, Find(signal).measure())));
  }
  return EstimateOf(hashes);
}

double NaiveFeatures::Total(const std::string& signal) const {
  std::int64_t sum = 0;
  for (const v1::Event* event : EventsOf(signal)) {
    sum += Find(signal).measure().empty()
               ? 1
               : NaiveFieldOf(*event, Find(signal).measure()).number;
  }
  return static_cast<double>(sum);
}

std::optional<std::int64_t> NaiveFeatures::FirstTime(
    const std::string& signal) const {
  std::optional<std::int64_t> first;
  const std::string& measure = Find(signal).measure();
  for (const v1::Event* event : EventsOf(signal)) {
    const std::int64_t time =
        measure.empty() ? NaiveTimeUs(*event)
                        : NaiveFieldOf(*event, measure).number * 1'000'000;
    if (!first || time < *first) first = time;
  }
  return first;
}

std::optional<std::int64_t> NaiveFeatures::LastTime(
    const std::string& signal) const {
  std::optional<std::int64_t> last;
  for (const v1::Event* event : EventsOf(signal)) {
    const std::int64_t time = NaiveTimeUs(*event);
    if (!last || time > *last) last = time;
  }
  return last;
}

std::optional<NaiveFeatures::Moment> NaiveFeatures::Newest(
    const std::string& signal) const {
  std::optional<Moment> newest;
  for (const v1::Event* event : EventsOf(signal)) {
    const Moment moment{NaiveTimeUs(*event), event->sequence(),
                        NaiveFieldOf(*event, Find(signal).measure()).number};
    if (!newest ||
        std::tie(newest->time_us, newest->sequence, newest->value) <
            std::tie(moment.time_us, moment.sequence, moment.value)) {
      newest = moment;
    }
  }
  return newest;
}

double NaiveFeatures::Windowed(const v1::Feature& read, int days) const {
  switch (read.read_case()) {
    case v1::Feature::kWindowSum:
      return WindowSum(read.window_sum().signal(), days);
    case v1::Feature::kWindowRatio:
      return Ratio(WindowSum(read.window_ratio().numerator(), days),
                   WindowSum(read.window_ratio().denominator(), days),
                   read.window_ratio().prior(),
                   read.window_ratio().prior_weight());
    case v1::Feature::kWindowTrend: {
      const auto& trend = read.window_trend();
      const int usual_days = static_cast<int>(trend.baseline_days());
      return Ratio(WindowSum(trend.signal(), days) / days,
                   WindowSum(trend.signal(), usual_days) / usual_days, 0, 0);
    }
    case v1::Feature::kActiveDays:
      return ActiveDays(read.active_days().signal(), days);
    case v1::Feature::kPerActiveDay:
      return Ratio(WindowSum(read.per_active_day().signal(), days),
                   ActiveDays(read.per_active_day().signal(), days), 0, 0);
    case v1::Feature::kLongestGap:
      return LongestGap(read.longest_gap().signal(), days);
    case v1::Feature::kDistinct:
      return Distinct(read.distinct().signal(), days);
    case v1::Feature::kDistinctShare:
      return Ratio(Distinct(read.distinct_share().distinct(), days),
                   WindowSum(read.distinct_share().total(), days), 0, 0);
    case v1::Feature::kWeekendShare:
      return WeekendShare(read.weekend_share().signal(), days);
    case v1::Feature::kEntropy:
      return Entropy(read.entropy(), days);
    default:
      return Timeless(read);
  }
}

double NaiveFeatures::Timeless(const v1::Feature& read) const {
  const auto days_since = [&](std::int64_t time_us) {
    return static_cast<double>(as_of_us_ - time_us) / static_cast<double>(kDay);
  };
  switch (read.read_case()) {
    case v1::Feature::kStreak:
      return Streak(read.streak().signal());
    case v1::Feature::kDecayedSum:
      return DecayedSum(read.decayed_sum());
    case v1::Feature::kTimeSince: {
      const std::string& signal = read.time_since().signal();
      const auto time = Find(signal).keep() == v1::KEEP_FIRST_TIME
                            ? FirstTime(signal)
                            : LastTime(signal);
      return time ? days_since(*time) : kUnknown;
    }
    case v1::Feature::kTimeUntil: {
      const auto newest = Newest(read.time_until().signal());
      if (!newest) return kUnknown;
      return static_cast<double>(newest->value) / 86'400 -
             static_cast<double>(as_of_us_) / static_cast<double>(kDay);
    }
    case v1::Feature::kLastValue: {
      const auto newest = Newest(read.last_value().signal());
      return newest ? static_cast<double>(newest->value) : kUnknown;
    }
    case v1::Feature::kLastValueIs: {
      const auto newest = Newest(read.last_value_is().signal());
      if (!newest) return kUnknown;
      return NaiveIsOneOf(Find(read.last_value_is().signal()), newest->value,
                          read.last_value_is().equals());
    }
    case v1::Feature::kTotal:
      return Total(read.total().signal());
    case v1::Feature::kTotalRatio:
      return Ratio(Total(read.total_ratio().numerator()),
                   Total(read.total_ratio().denominator()),
                   read.total_ratio().prior(),
                   read.total_ratio().prior_weight());
    case v1::Feature::kDailyRate: {
      const auto since = FirstTime(read.daily_rate().since());
      if (!since) return kUnknown;
      return Ratio(Total(read.daily_rate().signal()),
                   std::max(0.0, days_since(*since)), 0,
                   read.daily_rate().prior_days());
    }
    default:
      return kUnknown;
  }
}

float NaiveFeatures::Value(const Feature& feature) const {
  const v1::Feature& read = feature.declaration;
  for (const std::string& signal : NaiveSignalsOf(read)) {
    if (!IsGranted(Find(signal).consent())) return kUnknown;
  }
  const auto longest =
      std::max(feature.window_days, read.window_trend().baseline_days());
  if (static_cast<int>(longest) > history_days_) return kUnknown;
  double value = Windowed(read, static_cast<int>(feature.window_days));
  if (std::isnan(value) && read.missing() == v1::MISSING_ZERO) value = 0;
  if (std::isnan(value)) return kUnknown;
  return static_cast<float>(
      std::min(std::max(value, read.min_value()), read.max_value()));
}

}  // namespace tenuto::testing
