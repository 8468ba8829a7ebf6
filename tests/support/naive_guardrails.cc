#include "tests/support/naive_guardrails.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "features/base/log.h"

namespace tenuto::testing {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;

// Clock changes of 2025 in New York, Stockholm and Lord Howe, and a plain day.
constexpr std::int64_t kMoments[] = {
    1741503600, 1743296400, 1761440400, 1762063200,
    1743865200, 1759588200, 1750000000,
};

bool Chance(double probability, std::mt19937_64& random) {
  return std::bernoulli_distribution(probability)(random);
}

std::int64_t Pick(std::int64_t from, std::int64_t to, std::mt19937_64& random) {
  return std::uniform_int_distribution<std::int64_t>(from, to)(random);
}

absl::Time RandomNow(std::mt19937_64& random) {
  const std::int64_t around =
      kMoments[Pick(0, std::ssize(kMoments) - 1, random)];
  std::int64_t seconds = around + Pick(-3 * kDay, 3 * kDay, random);
  if (Chance(0.3, random)) seconds -= seconds % (kHour / 2);
  return absl::FromUnixSeconds(seconds) -
         absl::Microseconds(Pick(0, 1, random));
}

absl::Duration RandomAge(std::mt19937_64& random) {
  switch (Pick(0, 3, random)) {
    case 0:
      return absl::Seconds(Pick(-kHour, 2 * kDay, random));
    case 1:
      return absl::Seconds(Pick(0, 8 * kDay, random));
    case 2:
      return absl::Hours(24) * Pick(1, 61, random) -
             absl::Microseconds(Pick(-1, 1, random));
    default:
      return absl::Seconds(Pick(7 * kDay, 400 * kDay, random));
  }
}

void AddContacts(const v1::Treatments& treatments, absl::Time now,
                 std::mt19937_64& random, Standing& standing) {
  const std::int64_t count =
      Chance(0.05, random) ? kRecentMax : Pick(0, 4, random);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& treatment = treatments.treatments(
        static_cast<int>(Pick(0, treatments.treatments_size() - 1, random)));
    standing.contacts.push_back(
        {now - RandomAge(random), TreatmentHash(treatment.name())});
  }
  std::sort(standing.contacts.begin(), standing.contacts.end(),
            [](const Contact& a, const Contact& b) { return a.time > b.time; });
}

bool CoolsDown(const v1::Treatment& treatment, const Case& a_case) {
  int recent = 0;
  for (const Contact& contact : a_case.standing.contacts) {
    const std::int64_t age_us =
        absl::ToUnixMicros(a_case.now) - absl::ToUnixMicros(contact.time);
    if (age_us >= treatment.cool_down_days() * kDay * 1'000'000) continue;
    ++recent;
    if (contact.treatment_hash == TreatmentHash(treatment.name())) return true;
  }
  return recent == kRecentMax;
}

std::int64_t CountToday(const Case& a_case, const LibcZone& clock) {
  std::int64_t count = 0;
  for (const Contact& contact : a_case.standing.contacts) {
    const std::int64_t age_us =
        absl::ToUnixMicros(a_case.now) - absl::ToUnixMicros(contact.time);
    const bool today = a_case.zone.empty()
                           ? age_us < 25 * kHour * 1'000'000
                           : clock.Day(contact.time) >= clock.Day(a_case.now);
    if (today) ++count;
  }
  return count;
}

std::int64_t CountWeek(const Case& a_case) {
  std::int64_t count = 0;
  for (const Contact& contact : a_case.standing.contacts) {
    if (absl::ToUnixMicros(contact.time) >
        absl::ToUnixMicros(a_case.now) - 7 * kDay * 1'000'000) {
      ++count;
    }
  }
  return count;
}

bool Contains(const std::vector<v1::Surface>& surfaces, v1::Surface surface) {
  for (const v1::Surface s : surfaces) {
    if (s == surface) return true;
  }
  return false;
}

// Walks through the hours of a night, one by one.
bool IsQuiet(const v1::Guardrails& limits, int hour_now) {
  for (std::int64_t hour = limits.quiet_from_hour();
       hour != limits.quiet_until_hour(); hour = (hour + 1) % 24) {
    if (hour == hour_now) return true;
  }
  return false;
}

}  // namespace

const std::vector<std::string>& Zones() {
  static const std::vector<std::string> zones = {
      "Europe/Stockholm",    "America/New_York",   "Asia/Kolkata",
      "Australia/Lord_Howe", "Pacific/Kiritimati", ""};
  return zones;
}

LibcZone::LibcZone(const std::string& zone) {
  ::setenv("TZ", zone.empty() ? "UTC" : zone.c_str(), 1);
  ::tzset();
}

std::string LibcZone::Day(absl::Time time) const {
  const std::time_t seconds = absl::ToTimeT(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &local);
  return text;
}

int LibcZone::Hour(absl::Time time) const {
  const std::time_t seconds = absl::ToTimeT(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return local.tm_hour;
}

Case RandomCase(const std::string& zone, const v1::Treatments& treatments,
                std::mt19937_64& random) {
  Case a_case;
  a_case.zone = zone;
  for (auto& byte : a_case.user.bytes) {
    byte = static_cast<std::uint8_t>(Pick(0, 255, random));
  }
  a_case.now = RandomNow(random);
  a_case.churn_probability = std::uniform_real_distribution<>(0, 1)(random);
  Standing& standing = a_case.standing;
  standing.known = Chance(0.97, random);
  standing.messages_granted = Chance(0.95, random);
  standing.behaviour_granted = Chance(0.9, random);
  standing.subscribed = Chance(0.95, random);
  standing.payment_failing = Chance(0.3, random);
  for (bool& out : standing.opted_out) out = Chance(0.1, random);
  absl::TimeZone loaded;
  if (!zone.empty()) {
    TENUTO_CHECK(absl::LoadTimeZone(zone, &loaded), "tzdata lacks a zone");
    standing.zone = loaded;
  }
  AddContacts(treatments, a_case.now, random, standing);
  for (const v1::Surface surface :
       {v1::SURFACE_IN_APP, v1::SURFACE_PUSH, v1::SURFACE_EMAIL}) {
    if (Chance(0.3, random)) a_case.surfaces.push_back(surface);
  }
  return a_case;
}

std::string NaiveFirstBinding(const v1::Guardrails& limits,
                              const v1::Treatment& treatment,
                              v1::Surface surface, const Case& a_case,
                              bool held_out, const LibcZone& clock) {
  const Standing& user = a_case.standing;
  const bool payment = treatment.kind() == v1::TREATMENT_KIND_PAYMENT;
  const bool education = treatment.kind() == v1::TREATMENT_KIND_EDUCATION;
  const bool rings =
      surface == v1::SURFACE_PUSH || surface == v1::SURFACE_EMAIL;
  if (!user.known) return "unknown_user";
  if (!user.messages_granted) return "consent_messages";
  if (!payment && !user.behaviour_granted) return "consent_behaviour";
  if (user.opted_out[static_cast<std::size_t>(surface)]) return "opted_out";
  if (held_out) return "holdout";
  if (education && user.payment_failing) return "education_while_payment_fails";
  if (payment && !user.payment_failing) return "payment_not_failing";
  if (!user.subscribed) return "not_subscribed";
  if (!a_case.surfaces.empty() && !Contains(a_case.surfaces, surface)) {
    return "surface_unavailable";
  }
  if (CountToday(a_case, clock) >= limits.contacts_per_day_max()) {
    return "daily_cap";
  }
  if (CountWeek(a_case) >= limits.contacts_per_week_max()) return "weekly_cap";
  if (CoolsDown(treatment, a_case)) return "cool_down";
  if (rings && a_case.zone.empty()) return "time_zone_unknown";
  if (rings && IsQuiet(limits, clock.Hour(a_case.now))) return "quiet_hours";
  return "";
}

}  // namespace tenuto::testing
