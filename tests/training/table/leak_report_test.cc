#include "training/table/leak_report.h"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/training/table/table_maker.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr unsigned kSeed = 9;
constexpr std::size_t kRows = 2000;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class LeakReport : public ::testing::Test {
 protected:
  LeakReport() : groups_(EachRowItsOwn(kRows)) {
    for (std::size_t r = 0; r < kRows; ++r) {
      labels_.push_back(random_() % 6 == 0 ? 1.0F : 0.0F);
    }
    Add("tenure", [&](std::size_t) { return Draw(1000); });
    Add(
        "plan", [&](std::size_t) { return Draw(4); }, v1::COLUMN_TYPE_CATEGORY);
  }

  double Draw(unsigned bound) { return static_cast<double>(random_() % bound); }
  bool Left(std::size_t row) const { return labels_[row] > 0.5F; }

  template <typename Cell>
  void Add(const std::string& name, Cell cell,
           v1::ColumnType type = v1::COLUMN_TYPE_NUMBER) {
    std::vector<double> values;
    for (std::size_t r = 0; r < kRows; ++r) values.push_back(cell(r));
    columns_.push_back(MakeColumn(name, std::move(values), type));
  }

  std::vector<LeakFinding> Find() const {
    SCOPED_TRACE(absl::StrCat("seed ", kSeed));
    return FindLeaks(
        {columns_, labels_, groups_, "did_churn", "Yes", known_days_});
  }

  // The finding about a column; without a reason when there is none.
  LeakFinding About(const std::string& column) const {
    for (const LeakFinding& finding : Find()) {
      if (finding.column == column) return finding;
    }
    return {column, "", false};
  }

  std::mt19937 random_{kSeed};
  std::vector<float> labels_;
  std::vector<std::uint64_t> groups_;
  std::vector<double> known_days_;
  std::vector<TypedColumn> columns_;
};

TEST_F(LeakReport, SaysNothingOfHonestColumns) {
  Add("signal", [&](auto r) { return Draw(10) + (Left(r) ? 4 : 0); });
  Add("sparse", [&](auto) { return random_() % 3 == 0 ? kNan : Draw(50); });
  Add("unique", [&](auto r) { return static_cast<double>(r) * 1.5; });
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(LeakReport, RefusesACopyOfTheTargetHoweverItIsCoded) {
  Add("copy", [&](auto r) { return Left(r) ? 1 : 0; });
  Add("inverse", [&](auto r) { return Left(r) ? 0 : 1; });
  Add(
      "words", [&](auto r) { return Left(r) ? 1 : 0; },
      v1::COLUMN_TYPE_CATEGORY);
  Add(
      "reason", [&](auto r) { return Left(r) ? 5 + Draw(3) : Draw(4); },
      v1::COLUMN_TYPE_CATEGORY);
  for (const char* name : {"copy", "inverse", "words"}) {
    EXPECT_TRUE(About(name).refused) << name;
    EXPECT_EQ(About(name).reason, "equals the target") << name;
  }
  EXPECT_THAT(About("reason").reason, HasSubstr("each of its values"));
}

TEST_F(LeakReport, RefusesADateThatIsTheOutcome) {
  Add(
      "canceled_at",
      [&](auto r) {
        return Left(r) ? 17500 + Draw(60) : random_() % 4 == 0 ? 17560 : kNan;
      },
      v1::COLUMN_TYPE_DATE);
  const LeakFinding finding = About("canceled_at");
  EXPECT_TRUE(finding.refused);
  EXPECT_THAT(finding.reason, HasSubstr("did_churn = Yes exactly where it is "
                                        "below 2018-01-28 12:00"));
}

TEST_F(LeakReport, RefusesAColumnThatIsFilledOnlyForLeavers) {
  Add("survey", [&](auto r) { return Left(r) ? Draw(1000) : kNan; });
  EXPECT_TRUE(About("survey").refused);
  EXPECT_THAT(About("survey").reason, HasSubstr("it is filled exactly where"));
}

TEST_F(LeakReport, RefusesBothColumnsOfAPair) {
  Add("seats_then", [&](auto) { return Draw(40); });
  Add("seats_now", [&](auto r) {
    return columns_.back().values[r] + (Left(r) ? 1 + Draw(5) : 0);
  });
  for (const char* name : {"seats_then", "seats_now"}) {
    EXPECT_TRUE(About(name).refused) << name;
    EXPECT_THAT(About(name).reason,
                HasSubstr("exactly where seats_then differs from seats_now"));
  }
}

TEST_F(LeakReport, RefusesEveryColumnOfAShortSum) {
  Add("songs", [&](auto) { return Draw(900); });
  Add("pages", [&](auto) { return Draw(300); });
  Add("events", [&](auto r) {
    return columns_[2].values[r] + columns_[3].values[r] + (Left(r) ? 1 : 0);
  });
  for (const char* name : {"songs", "pages", "events"}) {
    EXPECT_TRUE(About(name).refused) << name;
    EXPECT_THAT(About(name).reason,
                HasSubstr("events - songs - pages = did_churn"));
  }
}

TEST_F(LeakReport, RefusesOnlyTheTotalOfALongSum) {
  for (const char* page : {"a", "b", "c", "d", "e"}) {
    Add(page, [&](auto) { return Draw(300); });
  }
  Add("total", [&](auto r) {
    double sum = Left(r) ? 1 : 0;
    for (std::size_t c = 2; c < 7; ++c) sum += columns_[c].values[r];
    return sum;
  });
  EXPECT_TRUE(About("total").refused);
  EXPECT_FALSE(About("a").refused);
}

TEST_F(LeakReport, DoesNotTakeASignupDateOfUsersForALeak) {
  // Twelve rows a user, whose outcome and signup day never change.
  for (std::size_t r = 0; r < kRows; ++r) {
    groups_[r] = r / 12;
    labels_[r] = (r / 12) % 5 == 0 ? 1 : 0;
  }
  Add(
      "signup",
      [&](auto r) { return static_cast<double>((r / 12) * 7919 % 4001); },
      v1::COLUMN_TYPE_DATE);
  EXPECT_FALSE(About("signup").refused);
}

TEST_F(LeakReport, RefusesDatesLaterThanTheRowAndWhatCountsFromThem) {
  known_days_.assign(kRows, 17500);
  Add(
      "updated_at", [&](auto) { return 17400 + Draw(150); },
      v1::COLUMN_TYPE_DATE);
  Add("age_days", [&](auto r) { return 17500 - columns_[2].values[r]; });
  Add(
      "contract_end", [&](auto) { return 17500 + Draw(300); },
      v1::COLUMN_TYPE_DATE);
  Add(
      "signup", [&](auto) { return 17500.9 - Draw(300); },
      v1::COLUMN_TYPE_DATE);
  EXPECT_TRUE(About("updated_at").refused);
  EXPECT_THAT(About("updated_at").reason, HasSubstr("not known"));
  EXPECT_TRUE(About("age_days").refused);
  EXPECT_THAT(About("age_days").reason,
              HasSubstr("counts from \"updated_at\""));
  EXPECT_FALSE(About("contract_end").refused) << "lies ahead by nature";
  EXPECT_THAT(About("contract_end").reason, HasSubstr("later than"));
  EXPECT_EQ(About("signup").reason, "") << "the same day is not later";
}

TEST_F(LeakReport, ReportsButKeepsWhatOnlyLooksLikeALeak) {
  Add("score", [&](auto r) { return Left(r) ? 50 + Draw(60) : Draw(60); });
  Add("churn_segment", [&](auto) { return Draw(5); });
  Add("exit_day",
      [&](auto r) { return Left(r) || random_() % 2 == 0 ? Draw(90) : kNan; });
  for (const char* name : {"score", "churn_segment", "exit_day"}) {
    EXPECT_FALSE(About(name).refused) << name;
  }
  EXPECT_THAT(About("score").reason, HasSubstr("with an AUC of 0.98"));
  EXPECT_THAT(About("churn_segment").reason, HasSubstr("mentions the target"));
  EXPECT_THAT(About("exit_day").reason,
              HasSubstr("filled in every row with did_churn = Yes"));
}

TEST_F(LeakReport, RefusesTheCostMatrix) {
  for (const char* name : {"C_FP", "C_FN", "C_TP", "C_TN"}) {
    Add(name, [&](auto) { return Draw(90); });
  }
  EXPECT_TRUE(About("C_FN").refused);
}

}  // namespace
}  // namespace tenuto
