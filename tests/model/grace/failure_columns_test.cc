#include "model/grace/failure_columns.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/toy_forest.h"

namespace tenuto {
namespace {

std::map<std::string, float> Read(const FailedPayment& payment, int day,
                                  const DayChoice& choice) {
  std::vector<float> columns(kFailureColumns);
  WriteFailureColumns(payment, day, choice, absl::MakeSpan(columns));
  std::map<std::string, float> named;
  for (std::size_t k = 0; k < columns.size(); ++k) {
    named[std::string(FailureColumns()[k].name)] = columns[k];
  }
  return named;
}

TEST(FailureColumns, SayWhatIsKnownOfPaymentAndDay) {
  FailedPayment payment;
  payment.failed = absl::FromUnixSeconds(1'709'164'800);  // Thu 2024-02-29.
  payment.decline_class = v1::DECLINE_CLASS_FIX_NEEDED;
  payment.decline_code = ReadCode("R1");
  payment.store = v1::STORE_GOOGLE_PLAY;
  payment.amount_minor = 1099;
  payment.card_expiry_s = 1'709'164'800 - 2 * 86'400;
  payment.subscribed_s = 1'709'164'800 - 100 * 86'400;
  payment.payments_made = 3;
  payment.payday = UsualPayday::Monthly(2);
  payment.decided_day = 2;
  const auto columns =
      Read(payment, 5, DayChoice::OfAccess(Access::kReduced, true));
  ASSERT_EQ(columns.size(), static_cast<std::size_t>(kFailureColumns));
  EXPECT_EQ(columns.at("failure_decline_class"), 3);
  EXPECT_EQ(columns.at("failure_decline_code"), 27 * 37 + 1);
  EXPECT_TRUE(std::isnan(columns.at("failure_advice_code")));
  EXPECT_TRUE(std::isnan(columns.at("failure_network")));
  EXPECT_EQ(columns.at("failure_store"), 2);
  EXPECT_EQ(columns.at("failure_amount_minor"), 1099);
  EXPECT_EQ(columns.at("failure_days_to_card_expiry"), -2);
  EXPECT_TRUE(std::isnan(columns.at("failure_days_since_method_update")));
  EXPECT_EQ(columns.at("failure_tenure_days"), 100);
  EXPECT_EQ(columns.at("failure_payments_made"), 3);
  EXPECT_EQ(columns.at("failure_weekday"), 3);
  EXPECT_EQ(columns.at("failure_day_of_month"), 29);
  EXPECT_EQ(columns.at("failure_decided_day"), 2);
  EXPECT_EQ(columns.at("day_elapsed"), 5);
  EXPECT_EQ(columns.at("failure_days_since_payday"), 27);
  EXPECT_EQ(columns.at("day_after_payday"), 3);
  EXPECT_EQ(columns.at("day_since_payday"), 3);
  EXPECT_EQ(columns.at("day_weekday"), 1);
  EXPECT_EQ(columns.at("day_of_month"), 5);
  EXPECT_TRUE(std::isnan(columns.at("day_payday_since_attempt")));
  EXPECT_TRUE(std::isnan(columns.at("day_attempts_before")));
  EXPECT_EQ(columns.at("day_access"), 1);
  EXPECT_EQ(columns.at("day_messaged"), 1);
}

TEST(FailureColumns, ReadCodesOfAnyKindWhole) {
  EXPECT_TRUE(std::isnan(ReadCode("")));
  std::set<float> places;
  const std::vector<std::string> codes = {"0",
                                          "05",
                                          "51",
                                          "5",
                                          "R1",
                                          "N7",
                                          "1A",
                                          "zzzz",
                                          "do_not_honor",
                                          "61",
                                          "15",
                                          "54",
                                          "41",
                                          "43",
                                          "04",
                                          "001",
                                          "generic_decline"};
  for (const std::string& code : codes) {
    const double place = ReadCode(code);
    EXPECT_EQ(static_cast<double>(static_cast<float>(place)), place) << code;
    places.insert(static_cast<float>(place));
  }
  // Leading zeros say nothing, and neither does case.
  EXPECT_EQ(ReadCode("r1"), ReadCode("R1"));
  EXPECT_EQ(places.size(), codes.size() - 1) << "05 and 5";
}

TEST(FailureColumns, TellAttemptsApartAsATableDoes) {
  FailedPayment payment{.failed = absl::FromUnixSeconds(1'700'000'000)};
  for (const UsualPayday payday : {UsualPayday(), UsualPayday::Monthly(5)}) {
    payment.payday = payday;
    for (int attempts = 1; attempts < 6; ++attempts) {
      for (int since = 1; since <= kUnpaidDays; ++since) {
        const auto asked = Read(
            payment, 60, DayChoice::OfAttempt(payment, 60, attempts, since));
        const int gap = HazardTable::GapIndex(since);
        const float paid =
            DayChoice::PaydaySince(asked.at("day_since_payday"), gap);
        const auto cell = Read(
            payment, 60,
            DayChoice::OfCell(HazardTable::CountIndex(attempts), gap, paid));
        for (const char* name :
             {"day_attempts_before", "day_days_since_attempt"}) {
          EXPECT_EQ(asked.at(name), cell.at(name));
        }
        EXPECT_EQ(std::isnan(asked.at("day_payday_since_attempt")),
                  !payday.is_known());
        EXPECT_TRUE(std::isnan(asked.at("day_access")));
      }
    }
  }
}

TEST(FailureColumns, SayWhetherAPaydayCameSinceTheAttempt) {
  FailedPayment payment;
  payment.failed = absl::FromUnixSeconds(1'709'164'800);  // 2024-02-29.
  payment.payday = UsualPayday::Monthly(5);  // Day 5 of the payment.
  const auto paid = [&payment](int day, int since) {
    const DayChoice choice = DayChoice::OfAttempt(payment, day, 2, since);
    return Read(payment, day, choice).at("day_payday_since_attempt");
  };
  EXPECT_EQ(paid(4, 3), 0) << "not paid yet; the one before was 24 days ago";
  EXPECT_EQ(paid(5, 1), 1) << "paid today";
  EXPECT_EQ(paid(8, 4), 1) << "tried the day before payday";
  EXPECT_EQ(paid(8, 3), 0) << "tried on payday";
  EXPECT_EQ(paid(8, 2), 0);
}

TEST(FailureColumns, ChangeOnlyInTheChoiceWhereOnlyThatIsWritten) {
  const FailedPayment payment{.failed = absl::FromUnixSeconds(1'700'000'000)};
  std::vector<float> whole(kFailureColumns), changed(kFailureColumns);
  const DayChoice choice = DayChoice::OfAttempt(payment, 9, 2, 3);
  WriteFailureColumns(payment, 9, choice, absl::MakeSpan(whole));
  WriteFailureColumns(payment, 9, DayChoice::OfAccess(Access::kNone, true),
                      absl::MakeSpan(changed));
  WriteChoice(choice, absl::MakeSpan(changed));
  for (std::size_t k = 0; k < whole.size(); ++k) {
    EXPECT_TRUE(whole[k] == changed[k] ||
                (std::isnan(whole[k]) && std::isnan(changed[k])))
        << FailureColumns()[k].name;
  }
}

TEST(FailureColumns, HaveNamesAndFingerprintsOfTheirOwn) {
  std::set<std::string> names, fingerprints;
  for (const FailureColumn& column : FailureColumns()) {
    names.insert(std::string(column.name));
    fingerprints.insert(column.Fingerprint());
    EXPECT_EQ(Catalogue::Embedded().FindFeature(column.name), nullptr);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kFailureColumns));
  EXPECT_EQ(fingerprints.size(), static_cast<std::size_t>(kFailureColumns));
}

TEST(FailureColumns, AreRefusedInAManifestUnlessTheyStandAsDeclared) {
  v1::Manifest manifest = ToyManifest("grace", 3);
  EXPECT_FALSE(CheckFailureColumns(manifest).ok());
  AddFailureColumns(manifest);
  EXPECT_TRUE(CheckFailureColumns(manifest).ok());
  v1::Manifest changed = manifest;
  changed.mutable_columns(4)->set_fingerprint("1");
  EXPECT_NE(CheckFailureColumns(changed).message().find("failure_decline_code"),
            absl::string_view::npos);
  changed = manifest;
  changed.mutable_columns()->SwapElements(5, 6);
  EXPECT_FALSE(CheckFailureColumns(changed).ok());
  changed = manifest;
  *changed.add_columns() = manifest.columns(3);
  EXPECT_FALSE(CheckFailureColumns(changed).ok());
}

TEST(FailureColumns, ReadAUsersStandingFromItsState) {
  const auto state = StateReader::Open(Catalogue::Embedded(), "");
  ASSERT_TRUE(state.ok());
  FailedPayment payment;
  ReadStanding(*state, payment);
  EXPECT_TRUE(std::isnan(payment.method_updated_s));
  EXPECT_TRUE(std::isnan(payment.subscribed_s));
  EXPECT_EQ(payment.failed_attempts, 0);
  EXPECT_EQ(payment.payments_made, 0);
}

}  // namespace
}  // namespace tenuto
