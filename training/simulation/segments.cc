#include "training/simulation/segments.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

namespace tenuto {
namespace {

constexpr const char* kClasses[] = {"unknown",    "technical", "soft",
                                    "fix needed", "hard",      "fraud"};
struct Band {
  double below;
  const char* name;
};
constexpr Band kTenures[] = {{0, "unknown"},
                             {90, "below 3 months"},
                             {365, "3 to 12 months"},
                             {3 * 365, "1 to 3 years"},
                             {1e9, "3 years and more"}};
constexpr Band kActiveDays[] = {{0, "unknown"},
                                {1, "no day of 28"},
                                {8, "1 to 7 days of 28"},
                                {15, "8 to 14 days of 28"},
                                {22, "15 to 21 days of 28"},
                                {1e9, "22 to 28 days of 28"}};
// Where the time zone lies; others are one group.
struct Country {
  const char* zone;
  const char* name;
};
constexpr Country kCountries[] = {{"Europe/Stockholm", "Sweden"},
                                  {"Europe/Berlin", "Germany"},
                                  {"Europe/Paris", "France"},
                                  {"Europe/Madrid", "Spain"},
                                  {"Europe/Helsinki", "Finland"},
                                  {"America/New_York", "United States"},
                                  {"America/Chicago", "United States"},
                                  {"America/Los_Angeles", "United States"},
                                  {"Asia/Singapore", "Singapore"}};
constexpr const char* kCountryNames[] = {
    "other or unknown", "Sweden",        "Germany",  "France", "Spain",
    "Finland",          "United States", "Singapore"};

constexpr std::size_t kFirstClass = 1;
constexpr std::size_t kFirstTenure = kFirstClass + std::size(kClasses);
constexpr std::size_t kFirstActive = kFirstTenure + std::size(kTenures);
constexpr std::size_t kFirstCountry = kFirstActive + std::size(kActiveDays);

template <std::size_t n>
std::size_t BandOf(const Band (&bands)[n], double value) {
  if (std::isnan(value)) return 0;
  const auto found =
      std::find_if(std::begin(bands), std::end(bands),
                   [value](const Band& band) { return value < band.below; });
  return static_cast<std::size_t>(found - std::begin(bands));
}

std::size_t CountryOf(absl::string_view zone) {
  const auto place =
      std::find_if(std::begin(kCountries), std::end(kCountries),
                   [zone](const Country& one) { return zone == one.zone; });
  if (place == std::end(kCountries)) return 0;
  const auto name =
      std::find_if(std::begin(kCountryNames), std::end(kCountryNames),
                   [place](const char* one) {
                     return absl::string_view(place->name) == one;
                   });
  return static_cast<std::size_t>(name - std::begin(kCountryNames));
}

}  // namespace

absl::Span<const Segment> Segments() {
  static const auto* const segments = [] {
    auto* all = new std::vector<Segment>;
    all->push_back({"everybody", "everybody"});
    for (const char* name : kClasses) all->push_back({"decline class", name});
    for (const Band& band : kTenures) all->push_back({"tenure", band.name});
    for (const Band& band : kActiveDays) {
      all->push_back({"listening", band.name});
    }
    for (const char* name : kCountryNames) all->push_back({"country", name});
    return all;
  }();
  return *segments;
}

SegmentSet SegmentsOf(const SegmentFacts& facts) {
  const auto its_class = static_cast<std::size_t>(facts.decline_class);
  return {kFirstClass + (its_class < std::size(kClasses) ? its_class : 0),
          kFirstTenure + BandOf(kTenures, facts.tenure_days),
          kFirstActive + BandOf(kActiveDays, facts.active_days_28d),
          kFirstCountry + CountryOf(facts.time_zone)};
}

}  // namespace tenuto
