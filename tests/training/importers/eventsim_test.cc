#include "training/importers/eventsim.h"

#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "training/line_source.h"

namespace tenuto {
namespace {

constexpr char kSong[] =
    R"({"ts":1538352002123,"userId":"17","sessionId":134,"page":"NextSong",)"
    R"("auth":"Logged In","status":200,"level":"paid","itemInSession":80,)"
    R"("location":"Houston, TX","userAgent":"\"Mozilla/5.0 (iPad; CPU)\"",)"
    R"("lastName":"Doe","registration":1380564000000,"gender":"M",)"
    R"("artist":"The Mains","song":"Caf\u00e9 \"B\"","length":219.7906})";

class EventsimTest : public testing::Test {
 protected:
  // Null where the line is refused, with `reason`.
  v1::Event* Read(const std::string& line) {
    rejection_ = {nullptr, {}};
    padded_ = line + std::string(kLinePadding, '\0');
    return format_->Read(absl::string_view(padded_.data(), line.size()),
                         rejection_);
  }
  std::string ReasonOf(const std::string& line) {
    return Read(line) == nullptr ? rejection_.reason : "";
  }

  const std::unique_ptr<Format> format_ = MakeEventsimFormat();
  std::string padded_;
  Rejection rejection_;
};

TEST_F(EventsimTest, TurnsASongIntoAPlayback) {
  const v1::Event* event = Read(kSong);
  ASSERT_NE(event, nullptr) << rejection_.message;
  EXPECT_EQ(event->user_id(), "17");
  EXPECT_EQ(event->session_id(), "134");
  EXPECT_EQ(event->event_time().seconds(), 1538352002);
  EXPECT_EQ(event->event_time().nanos(), 123'000'000);
  EXPECT_EQ(event->registered_time().seconds(), 1380564000);
  EXPECT_EQ(event->sequence(), 81u);
  EXPECT_EQ(event->plan(), v1::PLAN_PREMIUM);
  EXPECT_EQ(event->playback().track_id(), "Caf\u00e9 \"B\"");
  EXPECT_EQ(event->playback().artist_id(), "The Mains");
  EXPECT_EQ(event->playback().ms_played(), 219'791);
  EXPECT_EQ(event->playback().content_type(), v1::CONTENT_TYPE_MUSIC);
  EXPECT_EQ(event->playback().device(), v1::DEVICE_TABLET);
  std::string id;
  HashedEventId("eventsim", kSong, id);
  EXPECT_EQ(event->event_id(), id);
}

TEST_F(EventsimTest, TakesNoNameGenderOrPlace) {
  const v1::Event* event = Read(kSong);
  ASSERT_NE(event, nullptr);
  const std::string text = event->ShortDebugString();
  EXPECT_FALSE(absl::StrContains(text, "Doe"));
  EXPECT_FALSE(absl::StrContains(text, "Houston"));
}

TEST_F(EventsimTest, ReadsTheSameLineInOtherSpellings) {
  const std::string plain = Read(kSong)->playback().SerializeAsString();
  const std::string spelled =
      absl::StrReplaceAll(kSong, {{"1538352002123", "\"1538352002123\""},
                                  {"1380564000000", "1380564000000.0"},
                                  {"\"17\"", "17"},
                                  {"134", " \"134\" "},
                                  {"219.7906", "\"219.7906\""},
                                  {"/", "\\/"}});
  const v1::Event* event = Read(spelled);
  ASSERT_NE(event, nullptr) << rejection_.message;
  EXPECT_EQ(event->playback().SerializeAsString(), plain);
  EXPECT_EQ(event->user_id(), "17");
  EXPECT_EQ(event->session_id(), "134");
  EXPECT_EQ(event->event_time().nanos(), 123'000'000);
  EXPECT_EQ(event->registered_time().seconds(), 1380564000);
}

TEST_F(EventsimTest, ForgetsTheLineBefore) {
  ASSERT_NE(Read(kSong), nullptr);
  const v1::Event* event = Read(
      R"({"ts":1000,"page":"NextSong","userId":null,"song":null,)"
      R"("artist":null,"length":null,"registration":null,"sessionId":null})");
  ASSERT_NE(event, nullptr) << rejection_.message;
  EXPECT_EQ(event->user_id(), "");
  EXPECT_EQ(event->session_id(), "");
  EXPECT_FALSE(event->has_registered_time());
  EXPECT_EQ(event->sequence(), 1u);
  EXPECT_EQ(event->plan(), v1::PLAN_UNSPECIFIED);
  EXPECT_EQ(event->playback().track_id(), "");
  EXPECT_EQ(event->playback().artist_id(), "");
  EXPECT_EQ(event->playback().ms_played(), 0);
  EXPECT_EQ(event->playback().device(), v1::DEVICE_UNSPECIFIED);
}

TEST_F(EventsimTest, SaysThePlanAfterTheEvent) {
  const auto plan = [this](absl::string_view page, absl::string_view level) {
    return Read(absl::StrCat("{\"ts\":1,\"page\":\"", page, "\",\"level\":\"",
                             level, "\"}"))
        ->plan();
  };
  EXPECT_EQ(plan("Home", "free"), v1::PLAN_FREE);
  EXPECT_EQ(plan("Home", "paid"), v1::PLAN_PREMIUM);
  EXPECT_EQ(plan("Submit Upgrade", "free"), v1::PLAN_PREMIUM);
  EXPECT_EQ(plan("Submit Downgrade", "paid"), v1::PLAN_FREE);
  EXPECT_EQ(plan("Cancellation Confirmation", "paid"), v1::PLAN_NONE);
  EXPECT_EQ(plan("Cancel", "paid"), v1::PLAN_PREMIUM);
}

TEST_F(EventsimTest, KeepsTheStatusOfAnErrorPage) {
  const v1::Event* event = Read(R"({"ts":1,"page":"Error","status":404})");
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->quality_problem().status(), 404);
  EXPECT_EQ(event->quality_problem().kind(),
            v1::QUALITY_PROBLEM_KIND_ERROR_PAGE);
  EXPECT_EQ(Read(R"({"ts":1,"page":"Error"})")->quality_problem().status(), 0);
}

TEST_F(EventsimTest, HashesTitlesThatAreTooLongForTheGate) {
  const auto track = [this](std::size_t size) {
    return Read(absl::StrCat(R"({"ts":1,"page":"NextSong","song":")",
                             std::string(size, 'x'), "\"}"))
        ->playback()
        .track_id();
  };
  EXPECT_EQ(track(256), std::string(256, 'x'));
  EXPECT_LE(track(257).size(), 256u);
  EXPECT_NE(track(257), track(258));
}

TEST_F(EventsimTest, SaysWhyALineIsRefused) {
  EXPECT_EQ(ReasonOf(R"({"ts":1,"page":"Karaoke"})"), "UNKNOWN_PAGE");
  EXPECT_EQ(ReasonOf(R"({"ts":1})"), "UNKNOWN_PAGE");
  EXPECT_EQ(ReasonOf(R"({"page":"Home"})"), "BAD_TIME");
  EXPECT_EQ(ReasonOf(R"({"ts":null,"page":"Home"})"), "BAD_TIME");
  EXPECT_EQ(ReasonOf(R"({"ts":"soon","page":"Home"})"), "MALFORMED_FIELD");
  EXPECT_EQ(ReasonOf(R"({"ts":1e300,"page":"Home"})"), "MALFORMED_FIELD");
  EXPECT_EQ(ReasonOf(R"({"ts":true,"page":"Home"})"), "MALFORMED_FIELD");
  EXPECT_EQ(ReasonOf(R"({"ts":1,"page":["Home"]})"), "MALFORMED_FIELD");
  EXPECT_EQ(rejection_.message, "field \"page\" is a list or an object");
}

TEST_F(EventsimTest, ShowsTheWrongValueUnlessItMayTellOfAPerson) {
  const auto message = [this](const std::string& line) {
    EXPECT_EQ(Read(line), nullptr);
    return rejection_.message;
  };
  EXPECT_EQ(message(R"({"ts":1,"page":"Karaoke"})"), "page is \"Karaoke\"");
  EXPECT_EQ(message(R"({"ts":1})"), "field \"page\" is missing");
  EXPECT_EQ(
      message(absl::StrCat(R"({"ts":1,"page":")", std::string(99, 'x'), "\"}")),
      "page is something else, of 99 bytes");
  EXPECT_EQ(message(R"({"ts":1,"page":"doe@example.org"})"),
            "page is something else, of 15 bytes");
  EXPECT_EQ(message(R"({"ts":1e300,"page":"Home"})"),
            "field \"ts\" is \"1e300\"");
  EXPECT_EQ(message(R"({"ts":1,"userId":["Doe"],"page":"Home"})"),
            "field \"userId\" is a list or an object");
  EXPECT_EQ(message(R"({"ts":1,"userId":true,"page":"Home"})"),
            "field \"userId\" is no text");
  EXPECT_EQ(message(R"({"ts":"soon","page":"Home"})"),
            "field \"ts\" is \"soon\"");
  EXPECT_FALSE(absl::StrContains(message("Doe,1"), "Doe"));
}

TEST_F(EventsimTest, TakesALineWhoseLevelItDoesNotKnowAndSaysSo) {
  const v1::Event* event = Read(R"({"ts":1,"page":"Home","level":"gold"})");
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->plan(), v1::PLAN_UNSPECIFIED);
  EXPECT_STREQ(rejection_.reason, "UNKNOWN_LEVEL");
  EXPECT_EQ(rejection_.message, "level is \"gold\"");
  for (const char* line :
       {R"({"ts":1,"page":"Home"})", R"({"ts":1,"page":"Home","level":null})",
        R"({"ts":1,"page":"Home","level":"free"})"}) {
    ASSERT_NE(Read(line), nullptr);
    EXPECT_EQ(rejection_.reason, nullptr);
  }
}

TEST_F(EventsimTest, RefusesWhatIsNoJsonObject) {
  for (const std::string line :
       {"garbage", "ts,userId,page", "[]", "17", "\"Home\"", "null", "{",
        R"({"ts":1,"page":"Home")", R"({"ts":1,"page":"Home"}})",
        R"({"ts":1,"page":"Home"},{"ts":1})", R"({"ts":1 "page":"Home"})",
        R"({"ts":1,"page":"Ho)", R"({"ts":1,"city":Houston,"page":"Home"})",
        "{\"ts\":1,\"page\":\"Home\",\"x\":\"\xff\xfe\"}",
        R"({"ts":1,"page":"NextSong","song":"\ud800"})"}) {
    const std::string reason = ReasonOf(line);
    EXPECT_TRUE(reason == "MALFORMED_JSON" || reason == "MALFORMED_FIELD")
        << line << " gave \"" << reason << "\"";
  }
}

TEST_F(EventsimTest, SurvivesEveryCutAndEveryChangedByte) {
  const std::string line = kSong;
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_NE(ReasonOf(line.substr(0, size)), "") << size;
  }
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = line;
    for (int i = 0; i < 3; ++i) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    // Whatever it reads, it ends and the good line reads as before.
    ReasonOf(changed);
  }
  ASSERT_NE(Read(line), nullptr);
  EXPECT_EQ(Read(line)->playback().ms_played(), 219'791);
}

}  // namespace
}  // namespace tenuto
