// What a company would measure of a world's payments, from its events alone,
// for setting beside what others have published.
// Not thread-safe, but for Take(), which several shards may call at once.
#ifndef TENUTO_TRAINING_WORLD_CALIBRATION_H_
#define TENUTO_TRAINING_WORLD_CALIBRATION_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "training/world/world.h"

namespace tenuto::world {

// How many ended, and how many of these well or ill.
struct Share {
  std::int64_t all = 0;
  std::int64_t of = 0;

  void Count(bool yes) {
    ++all;
    of += yes;
  }
  double rate() const {
    return all == 0 ? 0 : static_cast<double>(of) / static_cast<double>(all);
  }
  void Add(const Share& other) {
    all += other.all;
    of += other.of;
  }
};

// Renewals of auto-renewing subscriptions by how many came before (1st,
// 2nd-3rd, 4th-12th, 13th+), and by listening days of the last four weeks
// (0, 1-7, 8-14, 15-21, 22-28); `of` counts those that did not come.
inline constexpr std::size_t kTenureBands = 4;
inline constexpr std::size_t kActiveBands = 5;

struct PaymentFigures {
  Share failed;     // Of renewals, at their first attempt.
  Share soft;       // Of failures: funds, holds and no reason,
  Share no_honour;  // insufficient funds or "do not honour".
  Share recovered;  // Of failures that came to an end.
  Share recovered_funds;
  Share recovered_hold;
  Share recovered_expired;
  Share within_10_days;  // Of recoveries.
  Share after_14_days;
  std::int64_t paid_days = 0;
  std::int64_t left_by_choice = 0;
  std::int64_t lost = 0;
  std::array<Share, kTenureBands> churn_by_tenure;
  std::array<Share, kActiveBands> churn_by_activity;

  void Add(const PaymentFigures& other);
};

class PaymentWatch final : public Receiver {
 public:
  PaymentWatch(std::int64_t users, int shards)
      : people_(static_cast<std::size_t>(users) + 1),
        figures_(static_cast<std::size_t>(shards)) {}

  // The world whose events come; its people tell since when they pay. Must
  // outlive the calls of Take().
  void Watch(const World& world) { world_ = &world; }
  void Take(int shard, std::uint64_t user,
            absl::Span<v1::Event* const> events) override;
  PaymentFigures figures() const;

 private:
  enum class Reason : std::uint8_t { kOther, kFunds, kHold, kExpired };
  struct Subscriber {
    std::uint32_t active_days = 0;  // Bit n: listened n days before as_of.
    int as_of = 0;
    int failed_day = -1;  // Of what is open.
    Reason reason = Reason::kOther;
    bool is_soft = false;
  };
  void End(std::uint64_t user, bool paid, int day, PaymentFigures& figures);
  void Attempt(const v1::PaymentAttempted& attempt, int day, Subscriber& who,
               PaymentFigures& figures);

  const World* world_ = nullptr;
  std::vector<Subscriber> people_;
  std::vector<PaymentFigures> figures_;
};

}  // namespace tenuto::world

#endif  // TENUTO_TRAINING_WORLD_CALIBRATION_H_
