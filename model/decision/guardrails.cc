#include "model/decision/guardrails.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace tenuto {
namespace {

constexpr absl::Duration kWeek = absl::Hours(7 * 24);
// The longest calendar day that daylight saving makes.
constexpr absl::Duration kLongestDay = absl::Hours(25);

// A candidate before the rules.
struct Question {
  const v1::Guardrails& limits;
  const v1::Treatment& treatment;
  v1::Surface surface;
  const Situation& situation;
  const Standing& standing;
};

// Contacts of the future count: a clock that was set back must not free a cap.
std::int64_t ContactsToday(const Standing& standing, absl::Time now) {
  const auto is_today = [&](const Contact& contact) {
    // Without a zone any day that could hold both moments is "today".
    if (!standing.zone) return now - contact.time < kLongestDay;
    return absl::ToCivilDay(contact.time, *standing.zone) >=
           absl::ToCivilDay(now, *standing.zone);
  };
  return std::count_if(standing.contacts.begin(), standing.contacts.end(),
                       is_today);
}

std::int64_t ContactsThisWeek(const Standing& standing, absl::Time now) {
  return std::count_if(
      standing.contacts.begin(), standing.contacts.end(),
      [&](const Contact& contact) { return now - contact.time < kWeek; });
}

bool IsQuiet(const v1::Guardrails& limits, const absl::TimeZone& zone,
             absl::Time now) {
  const std::int64_t from = limits.quiet_from_hour();
  const std::int64_t until = limits.quiet_until_hour();
  const std::int64_t hour = absl::ToCivilHour(now, zone).hour();
  if (from <= until) return from <= hour && hour < until;
  return from <= hour || hour < until;
}

bool CoolsDown(const Question& question) {
  const absl::Duration cool_down =
      absl::Hours(24) * question.treatment.cool_down_days();
  const std::uint64_t hash = TreatmentHash(question.treatment.name());
  const std::vector<Contact>& contacts = question.standing.contacts;
  const auto is_recent = [&](const Contact& contact) {
    return question.situation.now - contact.time < cool_down;
  };
  if (std::any_of(contacts.begin(), contacts.end(), [&](const Contact& c) {
        return c.treatment_hash == hash && is_recent(c);
      })) {
    return true;
  }
  // A full list that does not reach back far enough may have dropped it.
  return contacts.size() >= kRecentMax && is_recent(contacts.back());
}

// In-app messages wait until the user opens the app; these two ring.
bool Rings(const Question& question) {
  return question.surface != v1::SURFACE_IN_APP;
}

bool IsKind(const Question& question, v1::TreatmentKind kind) {
  return question.treatment.kind() == kind;
}

bool IsUnavailable(const Question& question) {
  const absl::Span<const v1::Surface> usable = question.situation.surfaces;
  return !usable.empty() && std::find(usable.begin(), usable.end(),
                                      question.surface) == usable.end();
}

struct Rule {
  absl::string_view name;
  bool (*forbids)(const Question&);
};

constexpr Rule kRules[] = {
    {"unknown_user", [](const Question& q) { return !q.standing.known; }},
    {"consent_messages",
     [](const Question& q) { return !q.standing.messages_granted; }},
    // Payment treatments follow from the contract, not from behaviour.
    {"consent_behaviour",
     [](const Question& q) {
       return !q.standing.behaviour_granted &&
              !IsKind(q, v1::TREATMENT_KIND_PAYMENT);
     }},
    {"opted_out",
     [](const Question& q) {
       return q.standing.opted_out[static_cast<std::size_t>(q.surface)];
     }},
    {"holdout", [](const Question& q) { return q.situation.held_out; }},
    {"education_while_payment_fails",
     [](const Question& q) {
       return q.standing.payment_failing &&
              IsKind(q, v1::TREATMENT_KIND_EDUCATION);
     }},
    {"payment_not_failing",
     [](const Question& q) {
       return !q.standing.payment_failing &&
              IsKind(q, v1::TREATMENT_KIND_PAYMENT);
     }},
    {"not_subscribed",
     [](const Question& q) { return !q.standing.subscribed; }},
    {"surface_unavailable", IsUnavailable},
    {"daily_cap",
     [](const Question& q) {
       return q.situation.contacts_today >= q.limits.contacts_per_day_max();
     }},
    {"weekly_cap",
     [](const Question& q) {
       return q.situation.contacts_this_week >=
              q.limits.contacts_per_week_max();
     }},
    {"cool_down", CoolsDown},
    {"time_zone_unknown",
     [](const Question& q) { return Rings(q) && !q.standing.zone; }},
    {"quiet_hours",
     [](const Question& q) { return Rings(q) && q.situation.quiet; }},
};

}  // namespace

Guardrails::Guardrails(v1::Guardrails limits) : limits_(std::move(limits)) {}

Situation Guardrails::Assess(const UserKey& user, const Standing& standing,
                             absl::Span<const v1::Surface> surfaces,
                             absl::Time now) const {
  Situation situation;
  situation.standing = &standing;
  situation.surfaces = surfaces;
  situation.now = now;
  situation.held_out = HoldsOut(user);
  situation.quiet = standing.zone && IsQuiet(limits_, *standing.zone, now);
  situation.contacts_today = ContactsToday(standing, now);
  situation.contacts_this_week = ContactsThisWeek(standing, now);
  return situation;
}

absl::string_view Guardrails::FirstBinding(const v1::Treatment& treatment,
                                           v1::Surface surface,
                                           const Situation& situation) const {
  const Question question{limits_, treatment, surface, situation,
                          *situation.standing};
  for (const Rule& rule : kRules) {
    if (rule.forbids(question)) return rule.name;
  }
  return "";
}

bool Guardrails::HoldsOut(const UserKey& user) const {
  const std::string text = absl::StrCat(limits_.holdout_salt(), user.view());
  const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
  // 53 bits fill a double exactly.
  return static_cast<double>(hash >> 11) * 0x1p-53 < limits_.holdout_share();
}

}  // namespace tenuto
