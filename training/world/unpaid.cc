#include "training/world/unpaid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace tenuto::world {
namespace {

// Mean of E over people: around it the engagement link turns.
constexpr float kUsualEngagement = 0.68F;

// By cause: rate of paying, and what a message adds to it.
struct CauseRates {
  float idle;
  float engaged;
  float nudge;
  float engaged_nudge;
};
// Who has no money does not find it because we write; who forgot the new card
// only has to be told.
constexpr std::array<CauseRates, kDeclineCauses> kRates = {{
    {0, 0, 0, 0},                  // kNone
    {0.002F, 0.010F, 0.4F, 0.6F},  // kInsufficientFunds
    {0.002F, 0.012F, 0.6F, 1.0F},  // kHold
    {0.004F, 0.035F, 0.8F, 2.4F},  // kExpiredCard
    {0.003F, 0.028F, 0.6F, 1.4F},  // kHardDecline
    {0.001F, 0.004F, 0.3F, 0.3F},  // kIssuerOutage
    {0.004F, 0.035F, 0.8F, 2.4F},  // kWrongCard
    {0.003F, 0.028F, 0.6F, 1.4F},  // kFraud
    {0.001F, 0.004F, 0.3F, 0.3F},  // kTechnical
}};

// E: close to logistic(1.3 felt), without libm.
float Engagement(float felt, float link) {
  const float z = 0.65F * felt;
  const float engaged = 0.5F + 0.5F * z / std::sqrt(1 + z * z);
  return kUsualEngagement + link * (engaged - kUsualEngagement);
}

// Close to e^(-felt/4).
float Apathy(float felt) {
  const float root = 1 - felt / 16;
  const float square = root * root;
  return square * square;
}

float ChanceOf(float odds) { return odds / (1 + odds); }

}  // namespace

UnpaidTraits UnpaidTraitsOf(const Traits& traits, DeclineCause cause,
                            Intention intention, int tenure_days) {
  UnpaidTraits result;
  result.cause = cause;
  result.considering = intention == Intention::kConsidering;
  result.push = static_cast<float>(PushToLeave(traits, tenure_days));
  result.thrift = static_cast<float>(traits.price_sensitivity);
  result.response = static_cast<float>(0.5 + traits.message_tolerance);
  result.irritation = static_cast<float>(traits.irritation);
  return result;
}

UnpaidChances ChancesWhileUnpaid(const UnpaidTraits& traits,
                                 const WorldVariant& variant, float felt,
                                 int elapsed, Access access, bool messaged) {
  const CauseRates& rates = kRates[static_cast<std::size_t>(traits.cause)];
  const auto by_message =
      messaged ? static_cast<float>(variant.message_effect) : 0.0F;
  const auto by_access = static_cast<float>(variant.access_effect);
  const float kept = std::clamp(felt, -4.0F, 4.0F);
  const float engaged =
      Engagement(kept, static_cast<float>(variant.engagement_link));
  const float apathy = Apathy(kept);
  const float apathy2 = apathy * apathy;

  float pays = (rates.idle + rates.engaged * engaged) /
               (1 + 0.1F * static_cast<float>(elapsed));
  pays *= 1 + by_message * traits.response *
                  (rates.nudge + rates.engaged_nudge * engaged);
  float cancels =
      traits.push * (traits.considering ? 0.035F * apathy2
                                        : 0.003F * apathy2 * apathy2 * apathy);
  cancels *= 1 + by_message * (0.25F + 2.5F * traits.irritation);
  switch (access) {
    case Access::kFull:
      pays *= 1 - by_access * 0.35F * traits.thrift;
      break;
    case Access::kReduced:
      pays *= 1 + by_access * 0.5F * engaged * engaged;
      cancels *= 1 + by_access * (0.3F + 2 * (1 - engaged));
      break;
    case Access::kNone:
      pays *= 1 + by_access * 1.2F * engaged * engaged;
      cancels *= 1 + by_access * (1 + 6 * (1 - engaged));
      break;
  }
  return {ChanceOf(pays), ChanceOf(cancels)};
}

float InterestLostOn(const WorldVariant& variant, Access access) {
  const auto effect = static_cast<float>(variant.access_effect);
  return access == Access::kFull      ? 0
         : access == Access::kReduced ? 0.015F * effect
                                      : 0.045F * effect;
}

float AnnoyanceOfMessage(const UnpaidTraits& traits,
                         const WorldVariant& variant) {
  return static_cast<float>(variant.message_effect) *
         (0.02F + 0.6F * traits.irritation);
}

}  // namespace tenuto::world
