#include "training/importers/format.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Records(absl::string_view line) {
  std::vector<std::string> records;
  while (!line.empty()) records.emplace_back(TakeJsonRecord(line));
  return records;
}

TEST(Format, IsFoundByNameAndAnUnknownNameListsTheKnown) {
  for (const FormatEntry& format : Formats()) {
    EXPECT_TRUE(MakeFormat(format.name).ok()) << format.name;
  }
  const absl::Status error = MakeFormat("csv").status();
  EXPECT_TRUE(absl::IsInvalidArgument(error));
  EXPECT_THAT(std::string(error.message()),
              HasSubstr("\"csv\" is unknown; known are eventsim, jsonl"));
}

TEST(TakeJsonRecord, SplitsObjectsThatLostTheirLineEnd) {
  EXPECT_THAT(Records(R"({"a":1}{"b":{"c":2}} {"d":3})"),
              ElementsAre(R"({"a":1})", R"({"b":{"c":2}})", R"({"d":3})"));
}

TEST(TakeJsonRecord, LeavesBracesInsideOfStringsAlone) {
  for (const std::string line :
       {R"({"a":"}{"})", R"({"a":"\"}{"})", R"({"a":"\\","b":"} {"})",
        R"({"a":[{"b":1},{"b":2}]})", R"({"a":{"b":{}}})"}) {
    EXPECT_THAT(Records(line), ElementsAre(line));
  }
}

TEST(TakeJsonRecord, GivesWhatIsNoObjectWhole) {
  for (const std::string line :
       {"x}{y", "[{},{}]", R"({"a":1}})", R"({"a":"}{)", "{", "   "}) {
    EXPECT_THAT(Records(line), ElementsAre(line));
  }
  EXPECT_THAT(Records(R"({"a":1}{"b":)"),
              ElementsAre(R"({"a":1})", R"({"b":)"));
}

TEST(HashedEventId, IsTheSameForTheSameLineAndFormatOnly) {
  std::string a, b, c, d;
  HashedEventId("eventsim", "line", a);
  HashedEventId("eventsim", "line", b);
  HashedEventId("eventsim", "Line", c);
  HashedEventId("jsonl", "line", d);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_EQ(a.size(), std::string("eventsim:").size() + 32);
  EXPECT_NE(a.substr(a.size() - 32), c.substr(c.size() - 32));
  EXPECT_EQ(d, "jsonl:" + a.substr(a.size() - 32));
}

TEST(Format, QuotesAValueShortAndPrintable) {
  EXPECT_EQ(Quoted("Home"), "\"Home\"");
  EXPECT_EQ(Quoted("a\n\"b\x1b"), "\"a\\n\\\"b\\x1b\"");
  EXPECT_EQ(Quoted(std::string(40, 'x')), "\"" + std::string(40, 'x') + "\"");
  // The 40th byte would be half of the letter.
  EXPECT_EQ(Quoted(std::string(39, 'x') + "\u00e9"),
            "\"" + std::string(39, 'x') + "\"...");
}

}  // namespace
}  // namespace tenuto
