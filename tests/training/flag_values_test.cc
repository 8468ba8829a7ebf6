#include "training/flag_values.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ParseDays, ReadsWholeWeeksDaysAndHours) {
  EXPECT_EQ(*ParseDays("--horizon", "14d"), absl::Hours(24 * 14));
  EXPECT_EQ(*ParseDays("--horizon", "2w"), absl::Hours(24 * 14));
  EXPECT_EQ(*ParseDays("--horizon", "336h"), absl::Hours(24 * 14));
  EXPECT_EQ(*ParseDays("--horizon", "1h"), absl::Hours(1));
}

TEST(ParseDays, RefusesEverythingElseNamingFlagAndValue) {
  for (const std::string text :
       {"", "d", "14", "0d", "-3d", "1.5d", "14 days", "14m", "14D", "dd",
        "100001d", "99999999999999999999d"}) {
    const auto parsed = ParseDays("--horizon", text);
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    const std::string message(parsed.status().message());
    EXPECT_THAT(message, StartsWith("--horizon: \"" + text + "\""));
    EXPECT_THAT(message, HasSubstr("write for example 14d"));
  }
}

TEST(ParseMoment, ReadsEveryFormOfOneMoment) {
  const absl::Time moment = absl::FromUnixSeconds(1'545'328'800);
  for (const char* text :
       {"2018-12-20T18:00:00", "2018-12-20 18:00:00", "2018-12-20T18:00:00Z",
        "2018-12-20T19:00:00+01:00", "1545328800"}) {
    const auto parsed = ParseMoment("--test-from", text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ(*parsed, moment) << text;
  }
}

TEST(ParseMoment, TakesADayAsItsMidnightInUtc) {
  EXPECT_EQ(*ParseMoment("--test-from", "2018-12-20"),
            absl::FromUnixSeconds(1'545'264'000));
}

// A snapshot is kept as epoch seconds; a part of one would match no row.
TEST(ParseMoment, GivesWholeSeconds) {
  EXPECT_EQ(*ParseMoment("--test-from", "2018-12-20T18:00:00.75Z"),
            absl::FromUnixSeconds(1'545'328'800));
}

TEST(ParseMoment, RefusesWhatIsNoMomentNamingFlagAndValue) {
  for (const std::string text :
       {"", "yesterday", "2018-13-01", "2018-02-30", "20.12.2018", "12",
        "2018-12-20T25:00:00Z", "99999999999", "infinite-past",
        "infinite-future"}) {
    const auto parsed = ParseMoment("--first-snapshot", text);
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    const std::string message(parsed.status().message());
    EXPECT_THAT(message, StartsWith("--first-snapshot: \"" + text + "\""));
    EXPECT_THAT(message, HasSubstr("write for example 2018-12-20"));
  }
}

TEST(CheckModelName, SaysWhatANameLooksLike) {
  EXPECT_TRUE(CheckModelName("churn_14d").ok());
  for (const std::string name : {"", "Churn", "churn 1", "../churn"}) {
    EXPECT_EQ(CheckModelName(name).message(),
              "--model \"" + name +
                  "\" is no name of a model; write [a-z][a-z0-9_]{0,63}");
  }
}

TEST(CheckSummary, WantsAFileInADirectoryThatIsThere) {
  const TempFolder folder;
  EXPECT_TRUE(CheckSummary("").ok());
  EXPECT_TRUE(CheckSummary("here.json").ok());
  EXPECT_TRUE(CheckSummary(folder.path() / "new.json").ok());
  EXPECT_TRUE(CheckSummary(folder.Write("old.json", "{}")).ok());
  const auto nowhere = folder.path() / "nowhere";
  EXPECT_EQ(CheckSummary(nowhere / "s.json").message(),
            "--summary " + (nowhere / "s.json").string() +
                ": there is no directory " + nowhere.string());
  EXPECT_EQ(CheckSummary(folder.path()).message(),
            "--summary " + folder.path().string() + " is a directory");
}

TEST(CheckOutput, WantsAFileThatTheCommandHasNoOtherUseFor) {
  const TempFolder folder;
  const std::string file = folder.Write("p.textproto", "");
  const auto other = folder.path() / "." / "p.textproto";
  EXPECT_EQ(CheckOutput("--report", other, {file}).message(),
            "--report " + other.string() +
                " is also a file of this command; name another");
  EXPECT_FALSE(CheckOutput("--report", "new.html", {"./new.html"}).ok());
  EXPECT_TRUE(CheckOutput("--report", "new.html", {file, ""}).ok());
  EXPECT_TRUE(CheckOutput("--report", "", {file, ""}).ok());
}

}  // namespace
}  // namespace tenuto
