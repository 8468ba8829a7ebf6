#include "model/decision/guardrails.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "model/decision/policy.h"
#include "tests/support/naive_guardrails.h"

namespace tenuto {
namespace {

using testing::Case;
using testing::LibcZone;

constexpr std::uint64_t kSeed = 20250330;

v1::Guardrails Limits() {
  v1::Guardrails limits;
  limits.set_contacts_per_day_max(1);
  limits.set_contacts_per_week_max(3);
  limits.set_quiet_from_hour(21);
  limits.set_quiet_until_hour(9);
  limits.set_holdout_salt("salt");
  return limits;
}

v1::Treatment Tip() {
  v1::Treatment tip;
  tip.set_name("tip");
  tip.set_kind(v1::TREATMENT_KIND_EDUCATION);
  tip.set_cool_down_days(14);
  return tip;
}

absl::TimeZone Zone(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

Standing Contactable(const std::string& zone) {
  Standing standing;
  standing.known = true;
  standing.messages_granted = true;
  standing.behaviour_granted = true;
  standing.subscribed = true;
  if (!zone.empty()) standing.zone = Zone(zone);
  return standing;
}

std::string Blocker(const Standing& standing, absl::Time now,
                    v1::Surface surface = v1::SURFACE_IN_APP,
                    const v1::Guardrails& limits = Limits()) {
  const Guardrails guardrails(limits);
  const Situation situation = guardrails.Assess({}, standing, {}, now);
  return std::string(guardrails.FirstBinding(Tip(), surface, situation));
}

UserKey RandomUser(std::mt19937_64& random) {
  UserKey user;
  for (auto& byte : user.bytes) byte = static_cast<std::uint8_t>(random());
  return user;
}

TEST(Guardrails, AgreeWithTheNaiveOnesOn100000RandomCases) {
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  const v1::Treatments& treatments = Policy::Embedded().treatments();
  v1::Guardrails limits = treatments.guardrails();
  constexpr int kCases = 100'000;
  const int each = kCases / static_cast<int>(testing::Zones().size()) + 1;
  std::map<std::string, int> times_bound;
  for (const std::string& zone : testing::Zones()) {
    const LibcZone clock(zone);
    for (int i = 0; i < each; ++i) {
      limits.set_contacts_per_day_max(1 + i % 3);
      limits.set_contacts_per_week_max(3 + i % 4);
      limits.set_quiet_from_hour(static_cast<int>(random() % 24));
      limits.set_quiet_until_hour(static_cast<int>(random() % 24));
      const Guardrails guardrails(limits);
      const Case a_case = testing::RandomCase(zone, treatments, random);
      const auto& treatment =
          treatments.treatments(i % treatments.treatments_size());
      const v1::Surface surface =
          treatment.surfaces(i % treatment.surfaces_size());
      const Situation situation = guardrails.Assess(
          a_case.user, a_case.standing, a_case.surfaces, a_case.now);
      const std::string bound(
          guardrails.FirstBinding(treatment, surface, situation));
      ++times_bound[bound];
      ASSERT_EQ(bound,
                NaiveFirstBinding(limits, treatment, surface, a_case,
                                  guardrails.HoldsOut(a_case.user), clock))
          << "case " << i << " of zone \"" << zone << "\" at " << a_case.now;
    }
  }
  // A rule that never binds would make the agreement worth nothing.
  EXPECT_EQ(times_bound.size(), 15u);
  for (const auto& [rule, times] : times_bound) EXPECT_GT(times, 300) << rule;
}

TEST(Guardrails, ForbidEverythingToAUserNobodyHasSeen) {
  EXPECT_EQ(Blocker(Standing(), absl::FromUnixSeconds(1750000000)),
            "unknown_user");
}

struct ClockChange {
  const char* zone;
  absl::CivilDay day;  // Of the change.
  int hours;           // That this day has.
};

class OnClockChange : public ::testing::TestWithParam<ClockChange> {};

TEST_P(OnClockChange, TheDailyCapFollowsTheLocalDayAndNot24Hours) {
  const absl::TimeZone zone = Zone(GetParam().zone);
  const absl::Time midnight = absl::FromCivil(GetParam().day, zone);
  const absl::Time next_midnight = absl::FromCivil(GetParam().day + 1, zone);
  ASSERT_EQ(next_midnight - midnight, absl::Hours(GetParam().hours));

  Standing standing = Contactable(GetParam().zone);
  standing.contacts = {{midnight, TreatmentHash("other")}};
  const absl::Duration tick = absl::Microseconds(1);
  EXPECT_EQ(Blocker(standing, next_midnight - tick), "daily_cap");
  EXPECT_EQ(Blocker(standing, next_midnight), "");

  standing.contacts = {{midnight - tick, TreatmentHash("other")}};
  EXPECT_EQ(Blocker(standing, midnight - tick), "daily_cap");
  EXPECT_EQ(Blocker(standing, midnight), "");
}

TEST_P(OnClockChange, QuietHoursEndWhenTheLocalClockSaysSo) {
  const absl::TimeZone zone = Zone(GetParam().zone);
  const Standing standing = Contactable(GetParam().zone);
  const absl::Duration tick = absl::Microseconds(1);
  const absl::Time nine =
      absl::FromCivil(absl::CivilHour(GetParam().day) + 9, zone);
  const absl::Time twenty_one =
      absl::FromCivil(absl::CivilHour(GetParam().day) + 21, zone);
  for (const v1::Surface surface : {v1::SURFACE_PUSH, v1::SURFACE_EMAIL}) {
    EXPECT_EQ(Blocker(standing, nine - tick, surface), "quiet_hours");
    EXPECT_EQ(Blocker(standing, nine, surface), "");
    EXPECT_EQ(Blocker(standing, twenty_one - tick, surface), "");
    EXPECT_EQ(Blocker(standing, twenty_one, surface), "quiet_hours");
  }
  EXPECT_EQ(Blocker(standing, twenty_one, v1::SURFACE_IN_APP), "");
}

TEST_P(OnClockChange, QuietHoursHoldThroughTheHourThatIsSkippedOrRepeated) {
  v1::Guardrails limits = Limits();
  limits.set_quiet_from_hour(1);
  limits.set_quiet_until_hour(3);
  const Standing standing = Contactable(GetParam().zone);
  const absl::Time midnight = absl::FromCivil(GetParam().day, *standing.zone);
  int quiet_half_hours = 0;
  for (int half = 0; half < 12; ++half) {
    const absl::Time now = midnight + half * absl::Minutes(30);
    if (!Blocker(standing, now, v1::SURFACE_PUSH, limits).empty()) {
      ++quiet_half_hours;
    }
  }
  EXPECT_EQ(quiet_half_hours, 4 + 2 * (GetParam().hours - 24));
}

INSTANTIATE_TEST_SUITE_P(
    Of2025, OnClockChange,
    ::testing::Values(
        ClockChange{"Europe/Stockholm", absl::CivilDay(2025, 3, 30), 23},
        ClockChange{"Europe/Stockholm", absl::CivilDay(2025, 10, 26), 25},
        ClockChange{"America/New_York", absl::CivilDay(2025, 3, 9), 23},
        ClockChange{"America/New_York", absl::CivilDay(2025, 11, 2), 25}));

TEST(Guardrails, TheWeeklyCapRollsOver168Hours) {
  const absl::Time now = absl::FromUnixSeconds(1750000000);
  const absl::Duration week = absl::Hours(168);
  Standing standing = Contactable("UTC");
  standing.contacts = {{now - absl::Hours(50), 1},
                       {now - absl::Hours(100), 2},
                       {now - week + absl::Microseconds(1), 3}};
  EXPECT_EQ(Blocker(standing, now), "weekly_cap");
  standing.contacts.back().time = now - week;
  EXPECT_EQ(Blocker(standing, now), "");
}

TEST(Guardrails, ATreatmentCoolsDownAloneAndForItsDays) {
  const absl::Time now = absl::FromUnixSeconds(1750000000);
  Standing standing = Contactable("UTC");
  const absl::Duration cool_down = absl::Hours(14 * 24);
  standing.contacts = {
      {now - cool_down + absl::Microseconds(1), TreatmentHash("tip")}};
  EXPECT_EQ(Blocker(standing, now), "cool_down");
  standing.contacts[0].time = now - cool_down;
  EXPECT_EQ(Blocker(standing, now), "");
  standing.contacts = {{now - absl::Hours(48), TreatmentHash("other")}};
  EXPECT_EQ(Blocker(standing, now), "");
}

TEST(Guardrails, AFullListThatMayHaveDroppedTheTreatmentBlocksIt) {
  const absl::Time now = absl::FromUnixSeconds(1750000000);
  v1::Guardrails limits = Limits();
  limits.set_contacts_per_week_max(kRecentMax);
  Standing standing = Contactable("UTC");
  for (int i = 0; i < kRecentMax; ++i) {
    standing.contacts.push_back({now - absl::Hours(48 + i), 7});
  }
  limits.set_contacts_per_week_max(kRecentMax + 1);
  EXPECT_EQ(Blocker(standing, now, v1::SURFACE_IN_APP, limits), "cool_down");
  standing.contacts.pop_back();
  EXPECT_EQ(Blocker(standing, now, v1::SURFACE_IN_APP, limits), "");
}

TEST(Guardrails, AClockThatWasSetBackFreesNoCap) {
  const absl::Time now = absl::FromUnixSeconds(1750000000);
  for (const char* zone : {"UTC", ""}) {
    Standing standing = Contactable(zone);
    standing.contacts = {{now + absl::Hours(60), 1}};
    EXPECT_EQ(Blocker(standing, now), "daily_cap") << zone;
  }
}

TEST(Guardrails, WithoutAZoneNothingRingsAndADayLastsAsLongAsAnyDayCan) {
  const absl::Time now = absl::FromUnixSeconds(1750000000);
  Standing standing = Contactable("");
  EXPECT_EQ(Blocker(standing, now, v1::SURFACE_PUSH), "time_zone_unknown");
  EXPECT_EQ(Blocker(standing, now, v1::SURFACE_EMAIL), "time_zone_unknown");
  EXPECT_EQ(Blocker(standing, now, v1::SURFACE_IN_APP), "");
  standing.contacts = {{now - absl::Hours(25) + absl::Microseconds(1), 1}};
  EXPECT_EQ(Blocker(standing, now, v1::SURFACE_IN_APP), "daily_cap");
  standing.contacts[0].time = now - absl::Hours(25);
  EXPECT_EQ(Blocker(standing, now, v1::SURFACE_IN_APP), "");
}

TEST(Guardrails, HoldOutTheDeclaredShareForAsLongAsTheSaltStands) {
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 random(kSeed);
  v1::Guardrails limits = Limits();
  limits.set_holdout_share(0.05);
  const Guardrails first(limits);
  const Guardrails again(limits);
  limits.set_holdout_salt("another");
  const Guardrails salted(limits);
  int held = 0;
  int held_by_both = 0;
  constexpr int kUsers = 100'000;
  for (int i = 0; i < kUsers; ++i) {
    const UserKey user = RandomUser(random);
    ASSERT_EQ(first.HoldsOut(user), again.HoldsOut(user));
    held += first.HoldsOut(user);
    held_by_both += first.HoldsOut(user) && salted.HoldsOut(user);
  }
  // Five standard deviations of a binomial around each.
  EXPECT_NEAR(held, 5000, 345);
  EXPECT_NEAR(held_by_both, 250, 79);
}

TEST(Guardrails, KeepTheHoldoutOfAKnownKey) {
  v1::Guardrails limits = Limits();
  limits.set_holdout_share(0.5);
  std::string held;
  for (int i = 0; i < 16; ++i) {
    UserKey user;
    user.bytes[15] = static_cast<std::uint8_t>(i);
    held += Guardrails(limits).HoldsOut(user) ? 'h' : '.';
  }
  EXPECT_EQ(held, "h..hh..hh..h...h") << "users would change sides";
}

}  // namespace
}  // namespace tenuto
