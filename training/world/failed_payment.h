// Failed payments of a world, one after the other and each for itself: who it
// hit, what a company can see of it, what truly decides it, and the days after
// it under any actions. For trying policies on millions of them: all policies
// of one failure live on the same luck, so their differences are paired.
// LuckOf() once a failure, then Begin() and Advance() for each policy.
// Thread-safe: immutable after Create().
#ifndef TENUTO_TRAINING_WORLD_FAILED_PAYMENT_H_
#define TENUTO_TRAINING_WORLD_FAILED_PAYMENT_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "model/grace/hazard_table.h"
#include "model/grace/unpaid_day.h"
#include "training/world/calendar.h"
#include "training/world/failure_mix.h"
#include "training/world/interest.h"
#include "training/world/person.h"
#include "training/world/seen_failure.h"
#include "training/world/unpaid.h"
#include "training/world/unpaid_cure.h"
#include "training/world/world_variant.h"

namespace tenuto::world {

// Failures fall on days 0 to kFailureDays - 1 of 2025.
inline constexpr int kFailureDays = 365;

// One of them with all that is hidden. Same (seed, variant, number), same
// bytes.
struct FailedPayment {
  std::uint64_t number = 0;
  int day = 0;  // Of the world's calendar (2025); the first attempt failed.
  Traits traits;
  Interest interest;
  Intention intention = Intention::kContented;
  int tenure_days = 0;
  int card_age_days = 0;
  int days_to_expiry = 0;    // Negative: expired.
  int earlier_failures = 0;  // Of the last 12 months; all were recovered.
  int days_since_failure = -1;
  UnpaidTraits unpaid;
  Cure cure;  // What must happen before an attempt can collect.

  bool by_store() const {
    return traits.method_kind == v1::PAYMENT_METHOD_KIND_STORE;
  }
};

// Everything of days 1 to kUnpaidDays that no action of ours can change.
struct FailureLuck {
  std::array<float, kUnpaidDays + 1> felt;  // Interest if nothing is done.
  std::array<float, kUnpaidDays + 1> pays;  // Uniforms of the day's steps.
  std::array<float, kUnpaidDays + 1> cancels;
  std::uint64_t collects = 0;  // Bit d: an attempt of ours on day d would.
  std::uint64_t store_collects = 0;  // Bit d: the store's own attempt does.
};

// One failure under one policy.
struct UnpaidState {
  RecoveryEnd end = RecoveryEnd::kOpen;
  int day = 0;       // Newest day that is over.
  int attempts = 1;  // The first one included.
  int last_message = -100;
  float lost_interest = 0;  // By what we did.
  float annoyance = 0;

  bool is_open() const { return end == RecoveryEnd::kOpen; }
};

class FailureWorld {
 public:
  // kInvalidArgument for a bad variant.
  static absl::StatusOr<FailureWorld> Create(std::uint64_t seed,
                                             const WorldVariant& variant);

  FailedPayment Make(std::uint64_t number) const;
  SeenFailure See(const FailedPayment& failure) const;

  FailureLuck LuckOf(const FailedPayment& failure) const;
  UnpaidState Begin(const FailedPayment&) const { return {}; }
  // The day after state.day, in the order of unpaid_day.h. A store collects by
  // itself, before everything else and told as kByUser: attempts of ours do
  // nothing there.
  void Advance(const FailedPayment& failure, const FailureLuck& luck,
               const DayAction& action, UnpaidState& state) const;

  // What may be known without the draws to come. Interest goes on along its
  // mean path, as if the access asked for had been in force all the time.
  void TrueHazards(const FailedPayment& failure, HazardTable& hazards) const;
  // Expected paid months if it is recovered in this state, the recovered one
  // included: 1 to 12.
  double PaidMonths(const FailedPayment& failure,
                    const UnpaidState& state) const;

  const WorldVariant& variant() const { return variant_; }
  // Midnight UTC of the day of the first attempt, epoch seconds.
  std::int64_t FailedEpochOf(const FailedPayment& failure) const {
    return calendar_.StartOf(failure.day);
  }

 private:
  FailureWorld(std::uint64_t seed, WorldVariant variant, Calendar calendar);
  void DrawFailure(const FailureMix& mix, FailedPayment& failure) const;
  // Bit d: `issuer` answers nobody d days after `day`.
  std::uint64_t OutagesFrom(int issuer, int day) const {
    return outages_[static_cast<std::size_t>(kFailureDays * issuer + day)];
  }

  std::uint64_t seed_ = 0;
  WorldVariant variant_;
  Calendar calendar_;
  std::vector<std::uint64_t> outages_;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_FAILED_PAYMENT_H_
