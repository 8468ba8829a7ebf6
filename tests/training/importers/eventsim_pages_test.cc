#include "training/importers/eventsim_pages.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace tenuto {
namespace {

TEST(EventsimPages, KnowEveryPageOfThePublicLogsOnce) {
  const std::set<std::string> expected = {"NextSong",
                                          "Home",
                                          "Thumbs Up",
                                          "Roll Advert",
                                          "Add to Playlist",
                                          "Logout",
                                          "Login",
                                          "Add Friend",
                                          "Help",
                                          "Thumbs Down",
                                          "About",
                                          "Register",
                                          "Settings",
                                          "Downgrade",
                                          "Upgrade",
                                          "Error",
                                          "Submit Registration",
                                          "Save Settings",
                                          "Submit Upgrade",
                                          "Cancel",
                                          "Cancellation Confirmation",
                                          "Submit Downgrade"};
  std::set<std::string> found;
  for (const EventsimPage& page : EventsimPages()) {
    EXPECT_TRUE(found.insert(page.name).second) << page.name;
    v1::Event event;
    page.set_payload(event);
    EXPECT_NE(event.payload_case(), v1::Event::PAYLOAD_NOT_SET) << page.name;
  }
  EXPECT_EQ(found, expected);
}

TEST(EventsimPages, ChangeThePlanOnThreePagesOnly) {
  for (const EventsimPage& page : EventsimPages()) {
    const std::string name = page.name;
    v1::Plan plan = v1::PLAN_UNSPECIFIED;
    if (name == "Submit Upgrade") plan = v1::PLAN_PREMIUM;
    if (name == "Submit Downgrade") plan = v1::PLAN_FREE;
    if (name == "Cancellation Confirmation") plan = v1::PLAN_NONE;
    EXPECT_EQ(page.plan_after, plan) << name;
  }
}

TEST(DeviceOf, ReadsThePlatformOfTheAgent) {
  EXPECT_EQ(DeviceOf("\"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) "
                     "AppleWebKit/537.77.4 Safari/537.77.4\""),
            v1::DEVICE_WEB);
  EXPECT_EQ(DeviceOf("Mozilla/5.0 (X11; Linux x86_64; rv:31.0) Gecko/20100101"),
            v1::DEVICE_WEB);
  EXPECT_EQ(DeviceOf("Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)"),
            v1::DEVICE_WEB);
  EXPECT_EQ(DeviceOf("\"Mozilla/5.0 (iPhone; CPU iPhone OS 7_1_2 like Mac OS "
                     "X) Mobile/11D257\""),
            v1::DEVICE_PHONE);
  EXPECT_EQ(DeviceOf("\"Mozilla/5.0 (iPad; CPU OS 7_1_2 like Mac OS X)\""),
            v1::DEVICE_TABLET);
  EXPECT_EQ(DeviceOf("Mozilla/5.0 (Linux; Android 4.4; Nexus 5) Mobile Safari"),
            v1::DEVICE_PHONE);
  EXPECT_EQ(DeviceOf("Mozilla/5.0 (Linux; Android 4.4; Nexus 7) Safari"),
            v1::DEVICE_TABLET);
  EXPECT_EQ(DeviceOf(""), v1::DEVICE_UNSPECIFIED);
  EXPECT_EQ(DeviceOf("curl/7.0"), v1::DEVICE_UNSPECIFIED);
  EXPECT_EQ(DeviceOf("("), v1::DEVICE_UNSPECIFIED);
}

}  // namespace
}  // namespace tenuto
