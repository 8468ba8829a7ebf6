#include "training/world/person.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_format.h"

namespace tenuto::world {
namespace {

constexpr double kNewcomerShare = 0.2;  // Join while the world is watched.

constexpr std::array<Market, 9> kMarkets = {{
    {"Europe/Stockholm", "SEK", 11900, 25, 0.24},
    {"Europe/Berlin", "EUR", 1099, 1, 0.18},
    {"Europe/Paris", "EUR", 1099, 28, 0.12},
    {"Europe/Madrid", "EUR", 1099, 28, 0.08},
    {"Europe/Helsinki", "EUR", 1099, 15, 0.06},
    {"America/New_York", "USD", 1199, 0, 0.14},
    {"America/Chicago", "USD", 1199, 0, 0.07},
    {"America/Los_Angeles", "USD", 1199, 0, 0.07},
    {"Asia/Singapore", "USD", 1199, 27, 0.04},
}};

// One bump of listening around a local hour.
struct Peak {
  double hour;
  double width;
  double height;
};

struct Habit {
  std::array<Peak, 2> weekday;
  std::array<Peak, 2> weekend;
};

constexpr std::array<Habit, 4> kHabits = {{
    {{{{8, 1.2, 1.0}, {17.5, 1.5, 1.0}}}, {{{11, 2.5, 0.8}, {20, 3, 0.7}}}},
    {{{{10, 2, 1.0}, {14.5, 2, 0.9}}}, {{{12, 3, 0.7}, {19, 3, 0.6}}}},
    {{{{18.5, 2, 0.8}, {21, 1.8, 1.0}}}, {{{15, 3, 0.6}, {21, 2.2, 1.0}}}},
    {{{{22.5, 2, 1.0}, {1, 1.5, 0.8}}}, {{{23, 2.2, 1.0}, {1.5, 2, 1.0}}}},
}};

// Index drawn with the given weights, which sum to 1.
template <std::size_t n>
int Pick(Draws& draws, const std::array<double, n>& weights) {
  double left = draws.Uniform();
  for (std::size_t i = 0; i + 1 < n; ++i) {
    if ((left -= weights[i]) < 0) return static_cast<int>(i);
  }
  return static_cast<int>(n) - 1;
}

void DrawPlace(Draws& draws, int days, Traits& traits) {
  double left = draws.Uniform();
  for (const Market& market : kMarkets) {
    if ((left -= market.share) < 0) break;
    if (traits.market + 1 < static_cast<int>(kMarkets.size())) ++traits.market;
  }
  traits.rhythm = static_cast<Rhythm>(
      Pick(draws, std::array<double, 4>{0.34, 0.22, 0.32, 0.12}));
  const bool newcomer = draws.Chance(kNewcomerShare);
  traits.registered_day =
      newcomer
          ? draws.Below(std::max(days, 1))
          : -1 - static_cast<int>(std::min(draws.Exponential(420), 3500.0));
  traits.registered_second = draws.Below(80'000);
}

void DrawTaste(Draws& draws, Traits& traits) {
  traits.home_interest = 0.6 + 0.5 * draws.Normal();
  traits.active_logit = 0.45 + 0.9 * draws.Normal();
  traits.weekend_logit = -0.05 + 0.5 * draws.Normal();
  traits.tracks_mean = 4.2 * std::exp(0.35 * draws.Normal());
  traits.taste_breadth = Logistic(-0.3 + 1.1 * draws.Normal());
  traits.quality_proneness = std::exp(0.5 * draws.Normal());
  traits.sociability = Logistic(-1 + draws.Normal());
  traits.podcast_share = draws.Chance(0.35) ? 0.25 * draws.Uniform() : 0;
  traits.offline_share = draws.Chance(0.3) ? 0.6 * draws.Uniform() : 0;
  constexpr std::array<v1::Device, 4> kFirst = {
      v1::DEVICE_PHONE, v1::DEVICE_DESKTOP, v1::DEVICE_WEB, v1::DEVICE_TABLET};
  traits.device = kFirst[static_cast<std::size_t>(
      Pick(draws, std::array<double, 4>{0.66, 0.18, 0.1, 0.06}))];
  constexpr std::array<v1::Device, 3> kSecond = {v1::DEVICE_SPEAKER,
                                                 v1::DEVICE_CAR, v1::DEVICE_TV};
  traits.second_device = kSecond[static_cast<std::size_t>(draws.Below(3))];
}

void DrawPurse(Draws& draws, Traits& traits) {
  traits.price_sensitivity = Logistic(1.1 * draws.Normal());
  constexpr std::array<v1::PaymentMethodKind, 4> kKinds = {
      v1::PAYMENT_METHOD_KIND_CARD, v1::PAYMENT_METHOD_KIND_WALLET,
      v1::PAYMENT_METHOD_KIND_DIRECT_DEBIT, v1::PAYMENT_METHOD_KIND_STORE};
  traits.method_kind = kKinds[static_cast<std::size_t>(
      Pick(draws, std::array<double, 4>{0.66, 0.14, 0.08, 0.12}))];
  constexpr std::array<v1::CardNetwork, 4> kNetworks = {
      v1::CARD_NETWORK_VISA, v1::CARD_NETWORK_MASTERCARD, v1::CARD_NETWORK_AMEX,
      v1::CARD_NETWORK_OTHER};
  traits.network = kNetworks[static_cast<std::size_t>(
      Pick(draws, std::array<double, 4>{0.5, 0.38, 0.06, 0.06}))];
  if (traits.method_kind == v1::PAYMENT_METHOD_KIND_DIRECT_DEBIT) {
    traits.network = v1::CARD_NETWORK_UNSPECIFIED;
  }
  traits.issuer = draws.Below(kIssuers);
  // Most people are hardly ever short; some in most months.
  traits.short_cycle_share =
      Logistic(-3.2 + 2.2 * traits.price_sensitivity + 1.1 * draws.Normal());
}

// Persuadable, indifferent and annoyed people can be told apart, in part, by
// what can be seen of them: that is what makes an effect worth learning.
void DrawResponse(Draws& draws, Traits& traits) {
  traits.message_tolerance = Logistic(0.8 + draws.Normal());
  const double newness = std::exp(std::min(traits.registered_day, 0) / 180.0);
  const double narrowness = 1 - traits.taste_breadth;
  const bool taught = draws.Chance(0.12 + 0.35 * newness + 0.2 * narrowness);
  const bool bought = draws.Chance(0.1 + 0.5 * traits.price_sensitivity);
  const bool annoyed = draws.Chance(0.45 * (1 - traits.message_tolerance));
  const double lift = std::exp(0.3 * draws.Normal());
  traits.education_lift = taught ? 0.55 * lift : 0;
  traits.retention_lift = bought ? 0.8 * lift : 0;
  traits.irritation = annoyed ? 0.3 * std::exp(0.3 * draws.Normal()) : 0.01;
  traits.consents_to_behaviour = draws.Chance(0.94);
  traits.consents_to_messages =
      draws.Chance(0.7 + 0.25 * traits.message_tolerance);
}

double BumpAt(const std::array<Peak, 2>& peaks, int local_hour) {
  double weight = 0.03;
  for (const Peak& peak : peaks) {
    double distance = std::abs(local_hour + 0.5 - peak.hour);
    distance = std::min(distance, 24 - distance) / peak.width;
    weight += peak.height * std::exp(-0.5 * distance * distance);
  }
  return weight;
}

}  // namespace

absl::Span<const Market> Markets() { return kMarkets; }

double HourWeight(Rhythm rhythm, bool weekend, int local_hour) {
  const Habit& habit = kHabits[static_cast<std::size_t>(rhythm)];
  return BumpAt(weekend ? habit.weekend : habit.weekday, local_hour);
}

Traits MakeTraits(std::uint64_t seed, std::uint64_t user, int days) {
  Traits traits;
  traits.user = user;
  Draws draws(seed, user, 0, Purpose::kTraits);
  DrawPlace(draws, days, traits);
  DrawTaste(draws, traits);
  DrawPurse(draws, traits);
  DrawResponse(draws, traits);
  return traits;
}

std::string UserId(std::uint64_t user) {
  return absl::StrFormat("u%07d", user);
}

}  // namespace tenuto::world
