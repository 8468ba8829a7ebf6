// Who a listener is: what does not change from day to day. Everything a person
// does follows from these traits, the hidden state (life.h) and luck.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_PERSON_H_
#define TENUTO_TRAINING_WORLD_PERSON_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "tenuto/v1/event.pb.h"
#include "training/world/draws.h"

namespace tenuto::world {

// Where people live, what they pay in and when they are paid.
struct Market {
  const char* time_zone;  // IANA name.
  const char* currency;
  std::int64_t price_minor;  // Of 30 days of premium.
  int payday;                // Day of month; 0: every second Friday.
  double share;              // Of all people; the shares sum to 1.
};
absl::Span<const Market> Markets();

// When in the day people listen: 24 weights by local hour.
enum class Rhythm { kCommuter, kOffice, kEvening, kNight };
double HourWeight(Rhythm rhythm, bool weekend, int local_hour);

// Issuing banks, shared by people: an outage of one hits many on one day.
inline constexpr int kIssuers = 12;

struct Traits {
  std::uint64_t user = 0;  // From 1.
  int market = 0;
  Rhythm rhythm = Rhythm::kCommuter;
  v1::Device device = v1::DEVICE_PHONE;
  v1::Device second_device = v1::DEVICE_SPEAKER;
  int registered_day = 0;     // Day of the world; negative: before it began.
  int registered_second = 0;  // Of that day.

  double home_interest = 0;  // Where interest returns to; about N(0.6, 0.5).
  double active_logit = 0;   // Of listening on a day, at home interest.
  double weekend_logit = 0;  // Added on Saturday and Sunday.
  double tracks_mean = 0;    // Tracks per session at interest 0.
  double taste_breadth = 0;  // 0: one artist for ever, 1: always new.
  double price_sensitivity = 0;  // 0-1
  double message_tolerance = 0;  // 0-1
  double quality_proneness = 1;  // Multiplies bad networks and old devices.
  double sociability = 0;        // 0-1
  double podcast_share = 0;
  double offline_share = 0;

  v1::PaymentMethodKind method_kind = v1::PAYMENT_METHOD_KIND_CARD;
  v1::CardNetwork network = v1::CARD_NETWORK_VISA;
  int issuer = 0;
  // Share of pay cycles in which the money ends before the next payday.
  double short_cycle_share = 0;

  // What an opened message adds to interest, by kind. Known to the truth file
  // and to nobody else.
  double education_lift = 0;
  double retention_lift = 0;
  // What any message adds to annoyance; large for a few.
  double irritation = 0;

  bool consents_to_behaviour = true;
  bool consents_to_messages = true;
};

// The person `user` of the world with this seed that lasts `days` days.
Traits MakeTraits(std::uint64_t seed, std::uint64_t user, int days);

// "u0000001"
std::string UserId(std::uint64_t user);

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_PERSON_H_
