#include "training/importers/line_gate.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "training/importers/eventsim.h"

namespace tenuto {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kStartMs = 1'538'352'000'000;
constexpr std::int64_t kDayMs = 86'400'000;

class LineGateTest : public testing::Test {
 protected:
  void Read(std::int64_t day, const std::string& more = "",
            const std::string& level = "paid") {
    ReadText(absl::StrCat("{\"ts\":", kStartMs + day * kDayMs,
                          ",\"userId\":\"u\",\"sessionId\":7,\"page\":\"Home\","
                          "\"level\":\"",
                          level, "\"}", more));
  }
  void ReadText(std::string text) {
    const std::size_t size = text.size();
    text.append(kLinePadding, '\0');
    ++number_;
    gate_.Read(
        {absl::string_view(text.data(), size), number_, number_ * 100, false},
        now_);
  }
  void SettleAll() {
    while (!gate_.empty()) gate_.Settle(now_, batch_, report_, mark_);
  }

  const absl::Time now_ = absl::FromUnixMillis(kStartMs + 4000 * kDayMs);
  const UserKeys keys_ = UserKeys::FromSecret("secret");
  LineGate gate_{{.lines_around = 4}, MakeEventsimFormat(), keys_, {}};
  std::int64_t number_ = 0;
  ImportBatch batch_;
  ImportReport report_;
  ImportMark mark_;
};

TEST_F(LineGateTest, WaitsForTheNeighboursOfALine) {
  for (int k = 0; k < 4; ++k) Read(k);
  EXPECT_FALSE(gate_.ready());
  Read(4);
  ASSERT_TRUE(gate_.ready());
  EXPECT_TRUE(gate_.Settle(now_, batch_, report_, mark_));
  EXPECT_FALSE(gate_.ready());
  EXPECT_EQ(mark_.line, 1);
  EXPECT_EQ(mark_.end_bytes, 100);
  EXPECT_EQ(mark_.known_time_us, kStartMs * 1000);
  EXPECT_EQ(mark_.earliest_time_us, kStartMs * 1000);
  // The line, two assumed consents, the session it opens.
  EXPECT_EQ(batch_.size, 4u);
}

TEST_F(LineGateTest, MarksALineOnlyWhenAllItsRecordsAreSettled) {
  Read(0, R"({"ts":1538352000000,"userId":"v","page":"Help"})");
  EXPECT_FALSE(gate_.Settle(now_, batch_, report_, mark_));
  EXPECT_EQ(mark_.line, 0);
  EXPECT_TRUE(gate_.Settle(now_, batch_, report_, mark_));
  EXPECT_EQ(mark_.line, 1);
  EXPECT_EQ(report_.lines, 2);
}

TEST_F(LineGateTest, KnowsNothingOfATimeThatItRefused) {
  Read(-3000);
  Read(0);
  Read(1);
  Read(2000);
  Read(2);
  SettleAll();
  const TroubledLines& far = report_.rejected.at("TIME_FAR_FROM_NEIGHBOURS");
  ASSERT_EQ(far.count, 2);
  EXPECT_EQ(far.first[0].line, 1);
  EXPECT_EQ(far.first[1].line, 4);
  EXPECT_THAT(far.first[0].message, HasSubstr("2010-07-15"));
  EXPECT_EQ(far.first[1].message,
            "event_time is 2024-03-23; the lines before it lie in 2018-10-01 "
            "to 2018-10-02");
  EXPECT_EQ(mark_.known_time_us, (kStartMs + 2 * kDayMs) * 1000);
  EXPECT_EQ(mark_.earliest_time_us, kStartMs * 1000);
  for (std::size_t k = 0; k < batch_.size; ++k) {
    EXPECT_GE(batch_.events[k].known_time_us, kStartMs * 1000);
    EXPECT_LE(batch_.events[k].known_time_us, mark_.known_time_us);
  }
}

TEST_F(LineGateTest, TakesALineWithAnUnknownLevelAndCountsIt) {
  Read(0, "", "gold");
  Read(1);
  SettleAll();
  EXPECT_EQ(report_.rejected_count(), 0);
  const TroubledLines& level = report_.incomplete.at("UNKNOWN_LEVEL");
  EXPECT_EQ(level.count, 1);
  EXPECT_EQ(level.first[0].line, 1);
  EXPECT_EQ(level.first[0].message, "level is \"gold\"");
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(batch_.events[0].event));
  EXPECT_EQ(event.page_view().page(), v1::PAGE_HOME);
  EXPECT_EQ(event.plan(), v1::PLAN_UNSPECIFIED);
}

}  // namespace
}  // namespace tenuto
