#include "training/world/failure_mix.h"

namespace tenuto::world {
namespace {

// Share of the invoices of a card's life that meet it expired: once in its
// months, if the network has not told and the user has not mended it.
constexpr double kExpiredUnmended = 0.55;

}  // namespace

double FailureMix::total() const {
  double sum = 0;
  for (const double one : chance) sum += one;
  return sum;
}

FailureMix MixOf(const Traits& traits, const WorldVariant& variant) {
  FailureMix mix;
  const auto of = [&](DeclineCause cause) -> double& {
    return mix.chance[static_cast<std::size_t>(cause)];
  };
  // Short cycles come with chance s, (1 + s)/2 of them after a short one; on
  // average 0.6 of those is without money, 0.325 of the others.
  const double s = traits.short_cycle_share;
  of(DeclineCause::kInsufficientFunds) =
      variant.funds_mix * (0.6 * s * (1 + s) / 2 + 0.325 * s * (1 - s) / 2);
  of(DeclineCause::kHold) = variant.hold_mix * kHoldChance;
  if (traits.method_kind == v1::PAYMENT_METHOD_KIND_CARD ||
      traits.method_kind == v1::PAYMENT_METHOD_KIND_WALLET) {
    const double untold =
        traits.method_kind == v1::PAYMENT_METHOD_KIND_WALLET ? 0.1 : 0.7;
    of(DeclineCause::kExpiredCard) =
        variant.card_mix * untold * kExpiredUnmended / kCardMonths;
  }
  of(DeclineCause::kWrongCard) = variant.card_mix * kWrongCardChance;
  of(DeclineCause::kHardDecline) = variant.card_mix * kHardChance;
  of(DeclineCause::kFraud) = variant.card_mix * kFraudChance;
  of(DeclineCause::kTechnical) = variant.technical_mix * kTechnicalChance;
  of(DeclineCause::kIssuerOutage) =
      variant.technical_mix * kOutageChance * (1 + kOutageLasts);
  return mix;
}

}  // namespace tenuto::world
