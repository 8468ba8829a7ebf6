#include "training/world/truth.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "training/world/leaving.h"

namespace tenuto::world {
namespace {

constexpr absl::string_view kHeader =
    "# True probabilities and effects of users on the paid plan, by day. Kept "
    "beside the ledger, never in it. Given the hidden state at snapshot_time "
    "(midnight UTC): chance to leave by choice within 14 and 30 days, to be "
    "lost to a failed payment within 30; change of the 30-day chance if the "
    "message is sent that day; then the state and the response themselves.\n"
    "user_id,snapshot_time,churn_14d,churn_30d,involuntary_30d,"
    "education_effect_30d,retention_effect_30d,interest,annoyance,considering,"
    "payment_failing,education_lift,retention_lift,irritation\n";

struct Chances {
  double left_short = 0;
  double left = 0;
  double lost = 0;
};

// One imagined future.
Chances LiveOn(const Traits& traits, Hidden hidden, int day, const Luck& luck,
               const Calendar& calendar, const House& house,
               const TruthOptions& options, std::optional<MessageKind> first) {
  IntentionShares shares;
  (hidden.intention == Intention::kConsidering ? shares.considering
                                               : shares.contented) = 1;
  Chances chances;
  bool lost = false;
  for (int k = 0; k < options.horizon_days && !lost; ++k) {
    const PayingDay paying =
        AdvancePaying(traits, day + k, luck, calendar, house,
                      k == 0 ? first : std::nullopt, hidden);
    lost = paying.charge.gave_up;
    if (!lost) AdvanceShares(ChancesOn(traits, day + k, hidden), shares);
    if (k < options.short_horizon_days) chances.left_short = shares.left;
  }
  chances.left = shares.left;
  chances.lost = lost ? 1 - shares.left : 0;
  return chances;
}

}  // namespace

Truth ComputeTruth(const Person& person, int day, std::uint64_t seed,
                   const Calendar& calendar, const House& house,
                   const TruthOptions& options) {
  Truth truth;
  const auto live = [&](int future, std::optional<MessageKind> first) {
    // Each day imagines its own futures, apart from the one that will be.
    const std::uint64_t imagined =
        SplitSeed(seed, static_cast<std::uint64_t>(day) * 1'000'003 +
                            static_cast<std::uint64_t>(future) + 1);
    return LiveOn(person.traits, person.hidden, day,
                  {imagined, person.traits.user}, calendar, house, options,
                  first);
  };
  for (int future = 0; future < options.futures; ++future) {
    const Chances chances = live(future, std::nullopt);
    truth.churn_14d += chances.left_short / options.futures;
    truth.churn_30d += chances.left / options.futures;
    truth.involuntary_30d += chances.lost / options.futures;
  }
  for (int future = 0; future < options.effect_futures; ++future) {
    const double none = live(future, MessageKind::kNone).left;
    truth.education_effect_30d +=
        (live(future, MessageKind::kEducation).left - none) /
        options.effect_futures;
    truth.retention_effect_30d +=
        (live(future, MessageKind::kRetention).left - none) /
        options.effect_futures;
  }
  return truth;
}

std::string TruthHeader() { return std::string(kHeader); }

std::string TruthLine(const Person& person, int day, const Calendar& calendar,
                      const Truth& truth) {
  const Traits& traits = person.traits;
  const Hidden& hidden = person.hidden;
  return absl::StrFormat(
      "%s,%d,%.6f,%.6f,%.6f,%.6f,%.6f,%.4f,%.4f,%d,%d,%.4f,%.4f,%.4f\n",
      UserId(traits.user), calendar.StartOf(day), truth.churn_14d,
      truth.churn_30d, truth.involuntary_30d, truth.education_effect_30d,
      truth.retention_effect_30d, hidden.interest.level,
      hidden.interest.annoyance, hidden.intention == Intention::kConsidering,
      hidden.payments.is_failing, traits.education_lift, traits.retention_lift,
      traits.irritation);
}

}  // namespace tenuto::world
