#include "model/grace/plan_reasons.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "model/grace/money.h"

namespace tenuto {
namespace {

// An attempt so many days after a payday is "soon after" it.
constexpr int kPaydayNear = 2;

std::string Percent(double share) {
  return absl::StrFormat("%.1f %%", 100 * share);
}

std::string Days(int count) {
  return absl::StrCat(count, count == 1 ? " day" : " days");
}

// "3", "3 and 9", "3, 9 and 24".
std::string And(const std::vector<std::string>& parts) {
  if (parts.size() < 2) return parts.empty() ? "" : parts.front();
  return absl::StrCat(absl::StrJoin(parts.begin(), parts.end() - 1, ", "),
                      " and ", parts.back());
}

std::string And(const DaySet& days) {
  std::vector<std::string> parts;
  for (std::size_t day = 0; day < days.size(); ++day) {
    if (days[day]) parts.push_back(absl::StrCat(day));
  }
  return And(parts);
}

class Reasons {
 public:
  Reasons(const GracePlan& plan, const ReasonFacts& facts)
      : plan_(plan), facts_(facts), limits_(facts.question.limits) {}

  std::string Outlook() const {
    const auto end = static_cast<std::size_t>(plan_.last_day);
    const auto recovered = RecoveredBy(plan_.curve);
    double by_retry = 0;
    for (const RecoveryDay& day : plan_.curve) by_retry += day.by_retry;
    std::string text =
        absl::StrCat("Expected to be paid by day ", plan_.last_day, ": ",
                     Percent(recovered[end]));
    if (facts_.band != nullptr) {
      absl::StrAppend(&text, " (", Percent(facts_.band->low[end]), " to ",
                      Percent(facts_.band->high[end]), ")");
    }
    absl::StrAppend(&text, ", of which ", Percent(by_retry),
                    " by our attempts; worth ",
                    Money(plan_.worth.recovery_minor), ", net of all costs ",
                    Money(plan_.worth.net_minor()), ".");
    return text;
  }

  std::string Length() const {
    if (facts_.question.past.access != Access::kFull) {
      return absl::StrCat("Full access ended after day ", plan_.full_days,
                          " and does not come back before a payment.");
    }
    std::string text =
        plan_.full_days == 0
            ? std::string("No full access after the failure")
            : absl::StrCat("Full access through day ", plan_.full_days);
    if (facts_.randomised) {
      return absl::StrCat(text,
                          ": drawn by chance, to learn what other "
                          "lengths are worth.");
    }
    const LengthValue* shorter = nullptr;
    const LengthValue* longer = nullptr;
    for (const LengthValue& other : plan_.lengths()) {
      if (other.full_days < plan_.full_days) shorter = &other;
      if (other.full_days > plan_.full_days && longer == nullptr) {
        longer = &other;
      }
    }
    if (shorter == nullptr && longer == nullptr) {
      return absl::StrCat(text, ": the only length that is allowed.");
    }
    absl::StrAppend(&text, ": one more day would cost more than it brings");
    if (shorter != nullptr) absl::StrAppend(&text, "; ", Against(*shorter));
    if (longer != nullptr) absl::StrAppend(&text, "; ", Against(*longer));
    return absl::StrCat(text, ".");
  }

  std::string Reduced() const {
    const int left = static_cast<int>(facts_.question.past.access);
    if (left == 0) return "";
    if (plan_.reduced_days == 0) return "";
    return absl::StrCat(
        "Then reduced access for ", Days(plan_.reduced_days), ", which costs ",
        Money(facts_.question.stakes.access_day(Access::kReduced)),
        " a day instead of ",
        Money(facts_.question.stakes.access_day(Access::kFull)),
        ", and none after it.");
  }

  std::string Attempts() const {
    if (plan_.attempt_days.none()) return NoAttempt();
    int best = 0;
    double most = -1;
    std::vector<std::string> after_payday;
    for (int day = facts_.question.past.day + 1; day <= kUnpaidDays; ++day) {
      const auto at = static_cast<std::size_t>(day);
      if (!plan_.attempt_days[at]) continue;
      if (plan_.curve[at].by_retry > most) {
        most = plan_.curve[at].by_retry;
        best = day;
      }
      // False where no payday is known.
      if (DaysSincePayday(facts_.payment, day) <= kPaydayNear) {
        after_payday.push_back(absl::StrCat(day));
      }
    }
    std::string text = absl::StrCat(
        plan_.attempt_days.count() == 1 ? "Tries again on day "
                                        : "Tries again on days ",
        And(plan_.attempt_days), "; the one of day ", best,
        " is expected to collect most, ", Percent(most), " of such payments");
    if (!after_payday.empty()) {
      absl::StrAppend(&text,
                      "; on or soon after a usual payday: ", And(after_payday));
    }
    return absl::StrCat(text, ".");
  }

  std::string Messages() const {
    if (plan_.message_days.any()) {
      return absl::StrCat(plan_.message_days.count() == 1 ? "A message on day "
                                                          : "Messages on days ",
                          And(plan_.message_days), ": ", Nudge(), ".");
    }
    if (!limits_.messages_permitted) {
      return "No message: the subscriber has not permitted any.";
    }
    if (limits_.messages_max == 0) {
      return "No message: as many as we allow ourselves were sent.";
    }
    return absl::StrCat(
        "No message: none would change as much as it costs and annoys, ",
        Money(facts_.question.stakes.message_minor +
              facts_.question.stakes.message_goodwill_minor),
        ".");
  }

  std::vector<std::string> Limits() const {
    std::vector<std::string> texts;
    const LimitGains& gains = plan_.gains;
    if (gains.attempt_days > 0) {
      texts.push_back(absl::StrCat("Rule ", limits_.attempt_rule,
                                   " forbids attempts that would be worth ",
                                   Money(gains.attempt_days), "."));
    }
    if (gains.attempts_max > 0) {
      texts.push_back(absl::StrCat("No more than ", limits_.attempts_max,
                                   " attempts; more would be worth ",
                                   Money(gains.attempts_max), "."));
    }
    if (gains.full_lengths > 0) {
      texts.push_back(absl::StrCat(
          "Another length of full access than those allowed would be worth ",
          Money(gains.full_lengths), " more."));
    }
    if (gains.messages > 0) {
      texts.push_back(
          absl::StrCat("Messages that are not allowed would be "
                       "worth ",
                       Money(gains.messages), "."));
    }
    return texts;
  }

 private:
  std::string Money(double minor) const {
    return MoneyText(minor, facts_.currency);
  }
  std::string Against(const LengthValue& other) const {
    const double less = plan_.worth.net_minor() - other.net_value_minor;
    return absl::StrCat(Days(other.full_days), " would bring ",
                        Money(std::max(0.0, less)), " less");
  }
  std::string NoAttempt() const {
    const absl::string_view rule = limits_.attempt_rule;
    if (rule == kStoreCollects) {
      return "No attempt of ours: the store collects.";
    }
    if (rule == kSubscriberMustAct) {
      return "No attempt: this card cannot pay before the subscriber mends "
             "or replaces it.";
    }
    if (limits_.attempts_max == 0) {
      return "No attempt: as many as we allow ourselves were made.";
    }
    if (!rule.empty() && limits_.attempt_days.none()) {
      return absl::StrCat("No attempt: rule ", rule, " forbids it.");
    }
    return absl::StrCat("No attempt: none would bring as much as it costs, ",
                        Money(facts_.question.stakes.attempt_minor), ".");
  }
  // What the first message does to the chances of its own day.
  std::string Nudge() const {
    int day = 1;
    while (!plan_.message_days[static_cast<std::size_t>(day)]) ++day;
    const Access access = plan_.actions[static_cast<std::size_t>(day)].access;
    const HazardTable& hazards = facts_.question.hazards;
    return absl::StrCat("the subscriber's chance to pay on day ", day,
                        " rises from ",
                        Percent(hazards.by_user(day, access, false)), " to ",
                        Percent(hazards.by_user(day, access, true)),
                        ", that to cancel goes "
                        "from ",
                        Percent(hazards.cancels(day, access, false)), " to ",
                        Percent(hazards.cancels(day, access, true)));
  }

  const GracePlan& plan_;
  const ReasonFacts& facts_;
  const PlanLimits& limits_;
};

}  // namespace

std::vector<std::string> ReasonsOf(const GracePlan& plan,
                                   const ReasonFacts& facts) {
  const Reasons reasons(plan, facts);
  std::vector<std::string> texts = {reasons.Outlook(), reasons.Length()};
  const std::string reduced = reasons.Reduced();
  if (!reduced.empty()) texts.push_back(reduced);
  texts.push_back(reasons.Attempts());
  texts.push_back(reasons.Messages());
  for (std::string& text : reasons.Limits()) texts.push_back(std::move(text));
  return texts;
}

}  // namespace tenuto
