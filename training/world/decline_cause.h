// Why a charge fails, and how often what stands against it begins.
// Value types; not thread-safe.
#ifndef TENUTO_TRAINING_WORLD_DECLINE_CAUSE_H_
#define TENUTO_TRAINING_WORLD_DECLINE_CAUSE_H_

namespace tenuto::world {

enum class DeclineCause {
  kNone,
  kInsufficientFunds,  // Until the next payday.
  kHold,               // "Do not honour": some days, or for ever.
  kExpiredCard,        // Until the card is updated.
  kHardDecline,        // Closed, not allowed: until the card is updated.
  kIssuerOutage,       // A day or two, the same for all of an issuer.
  kWrongCard,          // Number or details wrong: until the card is updated.
  kFraud,              // Reported lost or stolen: until another card.
  kTechnical,          // Nobody could be asked; mostly gone a day later.
};
inline constexpr int kDeclineCauses = 9;  // kNone among them.

// Chances of what begins with an invoice, and, per issuer and day, of an outage
// and of its second day. An attempt that nothing stands against fails anyhow by
// a whim of the bank.
inline constexpr double kHoldChance = 0.045;
inline constexpr double kHardChance = 0.004;
inline constexpr double kFraudChance = 0.002;
inline constexpr double kWrongCardChance = 0.003;
inline constexpr double kTechnicalChance = 0.003;
inline constexpr double kOutageChance = 0.004;
inline constexpr double kOutageLasts = 0.3;
inline constexpr double kWhimChance = 0.03;
inline constexpr int kCardMonths = 30;  // How long a new card is valid.

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_DECLINE_CAUSE_H_
